import { Cleanup } from './cleanup.ts'
import { launch } from './launch.ts'
import { HELP, readOptions } from './options.ts'
import { stopOnSignals } from './stop-on-signals.ts'
import { terminalOn } from './terminal.ts'

/**
 * `pnpm start`. Exit codes: 0 every check held, or somebody stopped it before one failed; 1 one failed, or something could
 * not start or be undone; 2 a mistake on the command line; 3 no broker, or nothing to run containers with; 130 stopped before
 * the end of `--once`, or by force.
 */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if ('mistake' in options) {
    process.stderr.write(`${options.mistake}\n\n${HELP}`)
    return 2
  }
  const endAtOnce = () => process.exit(130)
  const stop = stopOnSignals({ source: process, nowMs: () => performance.now(), endAtOnce })
  // What we started has to be stopped also when nobody reads any more: a terminal that is closed, a pipe that ended.
  for (const output of [process.stdout, process.stderr])
    output.on('error', () => stop.aborted || process.emit('SIGHUP'))
  const cleanup = new Cleanup()
  const terminal = terminalOn(process.stdout, process.env)
  const code = await launch(options, { env: process.env, terminal, cleanup, stop })
  return (await isUndone(cleanup)) ? code : code || 1
}

/** Undoes everything, and says what could not be. */
async function isUndone(cleanup: Cleanup): Promise<boolean> {
  return cleanup.run().then(
    () => true,
    (error: Error) => {
      process.stderr.write(`Not everything could be undone: ${error.message}\n`)
      return false
    },
  )
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
