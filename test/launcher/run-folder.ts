import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isRunning } from './is-running.ts'

/** The repository. */
export const REPOSITORY = resolve(import.meta.dirname, '../..')

/** Git-ignored: the broker's files and the output of the processes, in a folder per run. */
const DATA = join(REPOSITORY, '.rescind')

/**
 * Makes a folder for this run alone, so that every run is a fresh deployment and two may run at once. Removes those of
 * runs whose process is gone: what ends by SIGKILL cannot tidy up.
 */
export async function makeRunFolder(): Promise<string> {
  await mkdir(DATA, { recursive: true })
  for (const name of await readdir(DATA)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(DATA, name), { recursive: true, force: true })
  }
  const folder = join(DATA, `run-${process.pid}-${Math.random().toString(36).slice(2, 8)}`)
  await mkdir(folder)
  return folder
}

/** True if a process has written something there that may tell why a run failed. */
export async function holdsOutput(folder: string): Promise<boolean> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.some((size) => size > 0)
}
