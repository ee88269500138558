import { rm } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Cleanup } from '../launcher/cleanup.ts'
import { findCompose } from '../launcher/compose-program.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { makeRunFolder } from '../launcher/run-folder.ts'
import { runMain } from '../launcher/run-main.ts'
import { ComposeDriver } from './drivers/compose-driver.ts'
import { ProcessDriver } from './drivers/process-driver.ts'
import { HELP, readOptions, type ScaleOptions } from './options.ts'
import { report } from './report/report.ts'
import { type PerformOptions, perform } from './run/perform.ts'
import { FULL, lasting, SHORT } from './run/profile.ts'

async function run(options: ScaleOptions, cleanup: Cleanup, stop: AbortSignal): Promise<number> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const startedMs = performance.now()
  const tell = (what: string) => {
    process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${what}\n`)
  }
  const folder = await makeRunFolder()
  let isWrong = true
  cleanup.add('folder', async () => {
    if (!isWrong || stop.aborted) await rm(folder, { recursive: true, force: true })
    else process.stderr.write(`What the processes wrote is in ${relative(process.cwd(), folder)}/\n`)
  })
  try {
    const startDriver = await driverOf(options, { folder, cleanup, stop })
    tell(`seed ${seed}`)
    const profile = options.size === 'short' ? SHORT : options.minutes ? lasting(options.minutes) : FULL
    const performed = await perform({ profile, seed, startDriver, cleanup, stop, tell })
    isWrong = performed.violations.length > 0
    await report(performed, { keep: options.size === 'full' })
    return isWrong ? 1 : 0
  } catch (error) {
    if (stop.aborted) {
      process.stdout.write('Stopping …\n')
      return 130
    }
    isWrong = !(error instanceof Missing)
    process.stderr.write(`✖ ${error instanceof Error ? error.message : error}\n`)
    return isWrong ? 1 : 3
  }
}

/** What starts the driver that was asked for. Rejects with {@link Missing} if this machine has not what it needs. */
async function driverOf({ compose }: ScaleOptions, parts: DriverParts): Promise<PerformOptions['startDriver']> {
  if (compose) {
    const program = await findCompose(process.env).catch(missing)
    process.stdout.write('Building images and starting containers; the first time takes minutes …\n')
    return (options) => ComposeDriver.start({ ...options, ...parts, program })
  }
  const log = (line: string) => void process.stdout.write(`${line}\n`)
  process.env.NATS_SERVER_BIN = await findNatsServer({ env: process.env, log }).catch(missing)
  return (options) => ProcessDriver.start({ ...options, ...parts })
}

interface DriverParts {
  readonly folder: string
  readonly cleanup: Cleanup
  readonly stop: AbortSignal
}

/** This machine has not what a driver needs; the message says how to get it. */
class Missing extends Error {}

function missing(error: Error): never {
  throw new Missing(error.message, { cause: error })
}

/** `pnpm test:scale`. For its exit codes see `options.ts`. */
runMain({ help: HELP, readOptions, run })
