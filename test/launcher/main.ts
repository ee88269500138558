import type { Cleanup } from './cleanup.ts'
import { launch } from './launch.ts'
import { HELP, type LauncherOptions, readOptions } from './options.ts'
import { runMain } from './run-main.ts'
import { terminalOn } from './terminal.ts'

async function run(options: LauncherOptions, cleanup: Cleanup, stop: AbortSignal): Promise<number> {
  // What we started has to be stopped also when nobody reads any more: a terminal that is closed, a pipe that ended.
  for (const output of [process.stdout, process.stderr])
    output.on('error', () => stop.aborted || process.emit('SIGHUP'))
  return launch(options, { env: process.env, terminal: terminalOn(process.stdout, process.env), cleanup, stop })
}

/**
 * `pnpm start`. Exit codes: 0 every check held, or somebody stopped it before one failed; 1 one failed, or something could
 * not start or be undone; 2 a mistake on the command line; 3 no broker, or nothing to run containers with; 130 stopped before
 * the end of `--once`, or by force.
 */
runMain({ help: HELP, readOptions, run })
