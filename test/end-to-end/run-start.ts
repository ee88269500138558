import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRunning } from '../launcher/is-running.ts'
import { REPOSITORY } from '../launcher/run-folder.ts'
import { eventually } from './harness.ts'

/** A program under way, such as `pnpm start`. */
export interface Run {
  readonly pid: number
  output(): string
  /** Resolves once the output holds `text`; rejects if the process ends before. */
  says(text: string): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** What Ctrl-C in a terminal does: SIGINT to every process of the foreground group at once. Needs `inGroup`. */
  pressCtrlC(): void
  readonly ended: Promise<{ code: number | null; output: string }>
}

/** Starts the launcher itself, without NATS_URL unless `env` has one. */
export function start(args: readonly string[], env: Record<string, string> = {}): Run {
  const { NATS_URL: _, ...surroundings } = process.env
  const flags = ['--conditions=@rescind/source', '--import', 'tsx', 'test/launcher/main.ts']
  return runProgram(process.execPath, [...flags, ...args], { ...surroundings, ...env })
}

/** Runs a program in the repository; with `inGroup` it leads a process group, as in a terminal. */
export function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { inGroup = false }: { readonly inGroup?: boolean } = {},
): Run {
  const child = spawn(program, args, { cwd: REPOSITORY, env, stdio: ['ignore', 'pipe', 'pipe'], detached: inGroup })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    says: (text) =>
      eventually(
        () => `it says ${text}, but ${output}`,
        async () => {
          assert.equal(child.exitCode, null, output)
          return output.includes(text)
        },
      ),
    signal: (signal) => void child.kill(signal),
    pressCtrlC: () => void process.kill(-(child.pid ?? 0), 'SIGINT'),
    ended,
  }
}

/** The processes named in the output that still run. */
export function runningOf(output: string): number[] {
  const pids = [...output.matchAll(/\(pid (\d+)\)/g)].map(([, pid]) => Number(pid))
  return pids.filter(isRunning)
}

/** The folders that the launcher of this pid has left. */
export function foldersOf(pid: number): string[] {
  return readdirSync(join(REPOSITORY, '.rescind')).filter((name) => name.startsWith(`run-${pid}-`))
}

/** Removes them: what is left on purpose, for people to look at, is not for the next one who tests. */
export async function removeFoldersOf(pid: number): Promise<void> {
  for (const name of foldersOf(pid)) await rm(join(REPOSITORY, '.rescind', name), { recursive: true, force: true })
}
