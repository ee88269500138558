import { Cleanup } from './cleanup.ts'
import { stopOnSignals } from './stop-on-signals.ts'

/** A program of this folder or a suite beside it: what it understands on its command line, and its work. */
export interface Main<Options> {
  readonly help: string
  readonly readOptions: (args: readonly string[]) => Options | 'help' | { readonly mistake: string }
  /** Resolves with the exit code. What it starts, it adds to `cleanup`; `stop` is aborted at the first signal. */
  readonly run: (options: Options, cleanup: Cleanup, stop: AbortSignal) => Promise<number>
}

/**
 * Runs it and ends this process with its exit code: 0 for help, 2 for a mistake on the command line, 130 at the second
 * signal, and 1 instead of 0 if not everything could be undone.
 */
export function runMain<Options extends object>(main: Main<Options>): void {
  codeOf(main).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      process.exit(1)
    },
  )
}

async function codeOf<Options extends object>({ help, readOptions, run }: Main<Options>): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(help)
    return 0
  }
  if ('mistake' in options) {
    process.stderr.write(`${options.mistake}\n\n${help}`)
    return 2
  }
  const endAtOnce = () => process.exit(130)
  const stop = stopOnSignals({ source: process, nowMs: () => performance.now(), endAtOnce })
  const cleanup = new Cleanup()
  const code = await run(options as Options, cleanup, stop)
  return cleanup.run().then(
    () => code,
    (error: Error) => {
      process.stderr.write(`Not everything could be undone: ${error.message}\n`)
      return code || 1
    },
  )
}
