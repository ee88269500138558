import { readFile } from 'node:fs/promises'
import { isRescindHttpError } from '../http-error.ts'
import { readArguments } from './arguments.ts'
import { COMMANDS } from './commands.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { Failure, usageFailure } from './failure.ts'
import { commandHelp, generalHelp } from './help.ts'
import type { Given } from './options.ts'
import { type Format, Print } from './print.ts'
import { signOn } from './sign-on.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command line, without the program's name. Never rejects: what goes wrong is on stderr, and in the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const errors = new Print(terminal, 'table', false, true)
  try {
    const asked = readArguments(args)
    if (asked.kind === 'version') {
      await terminal.out.line(await version())
      return EXIT.done
    }
    if (asked.kind === 'help') {
      await terminal.out.write(asked.command ? commandHelp(asked.command) : generalHelp())
      return EXIT.done
    }
    const { command, given, words } = asked
    const print = new Print(terminal, formatOf(given), given.quiet === true, given['no-color'] === true)
    const client = await signOn(terminal, given)
    return await command.run({ client, given, words, print, terminal })
  } catch (error) {
    if (terminal.signal.aborted) {
      await errors.error('ended before it was done')
      return EXIT.interrupted
    }
    await errors.error(messageOf(error, args))
    return exitCodeOf(error)
  }
}

function formatOf({ output = 'table' }: Given): Format {
  if (output === 'table' || output === 'json' || output === 'ndjson') return output
  throw usageFailure('--output: is table, json or ndjson')
}

function messageOf(error: unknown, args: readonly string[]): string {
  if (error instanceof Failure)
    return error.exitCode === EXIT.usage
      ? `${error.message}
${helpFor(args)}`
      : error.message
  if (!isRescindHttpError(error)) return error instanceof Error ? error.message : String(error)
  const advice = ADVICE[error.code] ?? ADVICE[error.status ?? 0]
  return advice === undefined ? error.message : `${error.message}\n${advice}`
}

function helpFor(args: readonly string[]): string {
  const name = COMMANDS.map((command) => command.name).find((each) => args.includes(each))
  return `rescind${name === undefined ? '' : ` ${name}`} --help shows how`
}

const ADVICE: Readonly<Record<string | number, string>> = {
  network_error: 'is RESCIND_URL right, and does the publisher run? rescind status asks nothing else',
  idempotency_key_reused:
    'times such as 7d or 15m count from now: to repeat a call, give the same exact time, such as 2026-01-31T12:00:00Z',
  lift_ambiguous: 'rescind list shows what else stands there; add --all to lift all of it',
  401: 'set RESCIND_KEY, or RESCIND_KEY_FILE, to a key that the publisher knows',
  403: 'the key lacks the scope that the message names',
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
