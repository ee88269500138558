/**
 * `pnpm test`: every suite, each file in a process of its own, with node's own runner. Its last line counts the tests.
 *
 * The children inherit this process's flags (`--conditions=@rescind/source --import tsx`).
 */
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { findNatsServer } from './launcher/find-nats-server.ts'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** Slowest first, so that nothing long is left alone at the end. */
const SUITES = [
  'test/scale',
  'test/faults',
  'test/end-to-end',
  'test/conformance',
  'test/authority',
  'test/launcher',
  'packages/*/test',
  'services/*/test',
  'test/upgrade',
  'test/architecture',
]

/** A file that has not ended by then hangs, or leaves something open; the slowest takes a fifth of it. */
const FILE_TIMEOUT_MS = 240_000

const HELP = `Usage: pnpm test [part of a path ...] [--name PATTERN]

  pnpm test                        every suite
  pnpm test publisher              files whose path holds "publisher"
  pnpm test denylist --name R4     tests whose name matches /R4/
`

/** What the events of node's runner add up to. Suites are not counted, what they hold is. */
class Tally {
  passed = 0
  failed = 0
  readonly skipped: string[] = []
  readonly #files: ReadonlySet<string>

  /** @param files what runs whole: a file of which tests are chosen by name may well hold none */
  constructor(files: readonly string[]) {
    this.#files = new Set(files)
  }

  pass(event: TestEvent): void {
    if (event.skip === 'test name does not match pattern') return
    if (event.skip !== undefined || event.todo !== undefined) {
      this.#skip(event)
    } else if (this.#isFile(event)) {
      // The runner reports a file itself only if nothing in it was reported.
      this.failed++
      process.stdout.write(`✖ ${path.relative(ROOT, path.resolve(ROOT, event.name))} holds no test\n`)
    } else if (event.details.type !== 'suite') {
      this.passed++
    }
  }

  fail(event: TestEvent): void {
    if (event.todo !== undefined) {
      this.#skip(event)
      return
    }
    const causedBelow = (event.details.error as { failureType?: string } | undefined)?.failureType === 'subtestsFailed'
    if (event.details.type !== 'suite' || !causedBelow) this.failed++
  }

  get line(): string {
    const counted = `${this.passed} passed, ${this.failed} failed`
    return this.skipped.length === 0 ? counted : `${counted}, ${this.skipped.length} skipped`
  }

  get ok(): boolean {
    return this.failed === 0 && this.passed > 0
  }

  #skip(event: TestEvent): void {
    this.skipped.push(`${path.relative(ROOT, event.file ?? '')}: ${event.name}`)
  }

  #isFile(event: TestEvent): boolean {
    return event.nesting === 0 && this.#files.has(path.resolve(ROOT, event.name))
  }
}

interface TestEvent {
  readonly name: string
  readonly nesting: number
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
  readonly todo?: string | boolean | undefined
  readonly details: { readonly type?: string | undefined; readonly error?: unknown }
}

function testFiles(filters: readonly string[]): string[] {
  const files = SUITES.flatMap(expand).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .map((name) => path.join(folder, name)),
  )
  return files.filter(
    (file) => filters.length === 0 || filters.some((filter) => path.relative(ROOT, file).includes(filter)),
  )
}

function expand(pattern: string): string[] {
  const [before = '', after = ''] = pattern.split('*/')
  const folders = pattern.includes('*')
    ? readdirSync(path.join(ROOT, before)).map((name) => path.join(ROOT, before, name, after))
    : [path.join(ROOT, pattern)]
  return folders.filter((folder) => existsSync(folder))
}

function readArguments(argv: readonly string[]): { filters: string[]; name?: string } {
  const filters: string[] = []
  let name: string | undefined
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    if (argument === '--help' || argument === '-h') {
      process.stdout.write(HELP)
      process.exit(0)
    }
    if (argument === '--name') name = argv[++i]
    else if (argument.startsWith('-') && argument !== '--') {
      process.stderr.write(`unknown option ${argument}\n${HELP}`)
      process.exit(2)
    } else if (argument !== '--') filters.push(argument)
  }
  return name === undefined ? { filters } : { filters, name }
}

/** Found once, for all files: they would seek it at the same time. Where there is none, the suites that need it fail. */
async function provideBroker(): Promise<void> {
  try {
    process.env.NATS_SERVER_BIN = await findNatsServer({ env: process.env, log: (line) => console.log(line) })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
  }
}

const startedMs = performance.now()
const { filters, name } = readArguments(process.argv.slice(2))
const files = testFiles(filters)
if (files.some((file) => /test\/(scale|faults|authority|conformance|end-to-end|launcher)\//.test(file)))
  await provideBroker()

const tally = new Tally(name === undefined ? files : [])
if (files.length > 0) {
  const events = run({
    files,
    // One more than there are cores: many files wait for a process to start, or for a bound to pass.
    concurrency: availableParallelism() + 1,
    timeout: FILE_TIMEOUT_MS,
    ...(name === undefined ? {} : { testNamePatterns: [name] }),
  })
  events.on('test:pass', (event: TestEvent) => tally.pass(event))
  events.on('test:fail', (event: TestEvent) => tally.fail(event))
  const report = events.compose(new spec())
  report.pipe(process.stdout, { end: false })
  await finished(report)
}

for (const skipped of tally.skipped) console.log(`skipped  ${skipped}`)
if (tally.passed + tally.failed === 0) console.log(`no test ran: nothing matches ${filters.join(' ') || 'the suites'}`)
console.log(`${files.length} files in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
console.log(tally.line)
process.exitCode = tally.ok ? 0 : 1
