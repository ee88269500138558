import { Cleanup } from './cleanup.ts'
import { launch } from './launch.ts'
import { HELP, readOptions } from './options.ts'
import { terminalOn } from './terminal.ts'

/**
 * `pnpm start`. Exit codes: 0 every check held, 1 one failed or something could not start, 2 a mistake on the command
 * line, 3 no broker, 130 stopped before the end.
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
  const cleanup = new Cleanup()
  try {
    const terminal = terminalOn(process.stdout, process.env)
    return await launch(options, { env: process.env, terminal, cleanup, stop: stopOnSignals() })
  } finally {
    await cleanup.run()
  }
}

/** Fires at the first signal. A second one ends us at once, and what we started goes with us. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Error(`stopped by ${signal}`))
    })
  }
  return controller.signal
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
