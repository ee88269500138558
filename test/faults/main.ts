import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Cleanup } from '../launcher/cleanup.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { makeRunFolder } from '../launcher/run-folder.ts'
import { runMain } from '../launcher/run-main.ts'
import { runProgram } from '../launcher/run-program.ts'
import { Random } from '../scale/load/random.ts'
import { type FaultsOptions, HELP, type PartName, readOptions } from './options.ts'
import { crash } from './parts/crash.ts'
import { disasters } from './parts/disasters.ts'
import { fsync } from './parts/fsync.ts'
import { outage } from './parts/outage.ts'
import type { Part, PartResult } from './parts/part.ts'
import { red } from './parts/red.ts'
import { findStrace } from './parts/strace.ts'
import { twoPublishers } from './parts/two-publishers.ts'
import { report } from './report/report.ts'
import { Programs } from './site/programs.ts'

const RUN: Readonly<Record<PartName, Part>> = { crash, red, fsync, outage, disasters, 'two-publishers': twoPublishers }

/** As many violations are told of at once; the report has them all. */
const TOLD = 5

async function run(options: FaultsOptions, cleanup: Cleanup, stop: AbortSignal): Promise<number> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const startedMs = performance.now()
  const tell = (what: string) => {
    process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(5)} s  ${what}\n`)
  }
  const missing = await whatIsMissing(options)
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`)
    return 3
  }
  const folder = await makeRunFolder()
  let isWrong = true
  cleanup.add('folder', async () => {
    if (!isWrong || stop.aborted) await rm(folder, { recursive: true, force: true })
    else process.stderr.write(`What the processes wrote is in ${relative(process.cwd(), folder)}/\n`)
  })
  try {
    const binary = await findNatsServer({ env: process.env })
    const programs = await Programs.in(join(folder, 'programs'))
    const random = new Random(seed)
    tell(`seed ${seed}`)
    const results: PartResult[] = []
    for (const name of options.parts) {
      tell(`${name} begins`)
      const own = {
        ...options,
        folder: join(folder, name),
        random: random.fork(),
        binary,
        programs,
        cleanup,
        stop,
        tell,
      }
      const result = await RUN[name](own).catch((error: Error) => endedBy(name, error, stop))
      results.push(result)
      tell(`${name} ends: ${result.violations.length} violations`)
      for (const { rule, detail } of result.violations.slice(0, TOLD)) tell(`${rule}: ${detail}`)
    }
    isWrong = results.some(({ violations }) => violations.length > 0)
    const head = {
      seed,
      hits: options.hits,
      tookMs: performance.now() - startedMs,
      brokerVersion: await versionOf(binary),
    }
    await report(head, results, { keep: !options.short && options.parts.length === Object.keys(RUN).length })
    return isWrong ? 1 : 0
  } catch (error) {
    if (stop.aborted) {
      process.stdout.write('Stopping …\n')
      return 130
    }
    process.stderr.write(`✖ ${error instanceof Error ? error.stack : error}\n`)
    return 1
  }
}

/** A part that could not be carried through: the others still tell something. */
function endedBy(name: PartName, error: Error, stop: AbortSignal): PartResult {
  if (stop.aborted) throw error
  const detail = error.stack ?? error.message
  return { title: name, text: [], tables: [], figures: {}, violations: [{ rule: 'not_healed', detail }] }
}

/** A program that the chosen parts need and that is not here, and how to get it. */
async function whatIsMissing({ parts }: FaultsOptions): Promise<string | undefined> {
  try {
    const log = (line: string) => void process.stdout.write(`${line}\n`)
    process.env.NATS_SERVER_BIN = await findNatsServer({ env: process.env, log })
    if (parts.includes('fsync')) await findStrace()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

async function versionOf(binary: string): Promise<string> {
  const given = { cwd: process.cwd(), env: process.env, timeoutMs: 10_000 }
  const { output } = await runProgram(binary, ['--version'], given)
  return /v?([\d.]+)/.exec(output)?.[1] ?? 'of unknown version'
}

/** `pnpm test:faults`. For its exit codes see `options.ts`. */
runMain({ help: HELP, readOptions, run })
