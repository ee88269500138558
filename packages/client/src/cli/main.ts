#!/usr/bin/env node
import { systemClock } from '@rescind/protocol'
import { EXIT } from './exit-codes.ts'
import { Output } from './output.ts'
import { run } from './run.ts'

/** The only file of this package that touches the process: it is a program. */
const interrupt = new AbortController()
const stop = (): void => {
  // A second signal ends it at once.
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  interrupt.abort(new Error('interrupted'))
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const terminal = {
  env: process.env,
  stdin: process.stdin,
  out: new Output(process.stdout),
  err: new Output(process.stderr),
  signal: interrupt.signal,
  clock: systemClock,
}
run(process.argv.slice(2), terminal).then(end, () => end(EXIT.failed))

function end(exitCode: number): void {
  process.exitCode = exitCode
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  // A stdin that nobody ends must not keep the process alive.
  process.stdin.unref?.()
}
