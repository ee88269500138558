import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { type Failure, usageFailure } from './failure.ts'
import { nearest } from './nearest.ts'
import { COMMON, type Given, OPTIONS, type Option } from './options.ts'
import { refuseSecrets } from './secrets.ts'

/** What the command line asks for. */
export type Asked =
  | { readonly kind: 'help'; readonly command?: Command }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly command: Command; readonly words: readonly string[]; readonly given: Given }

/** Reads what stands after the program's name; a mistake is a {@link Failure} with the exit code 2. */
export function readArguments(args: readonly string[]): Asked {
  refuseSecrets(args)
  // `pnpm rescind -- revoke …` hands its own `--` on.
  const [name, ...rest] = args[0] === '--' ? args.slice(1) : args
  if (name === undefined || name === '--help' || name === '-h') return { kind: 'help' }
  if (name === '--version' || name === 'version') return { kind: 'version' }
  if (name === 'help') return rest[0] === undefined ? { kind: 'help' } : { kind: 'help', command: commandOf(rest[0]) }
  const command = commandOf(name)
  const { values, positionals: words } = parse(command, rest)
  if (values.help) return { kind: 'help', command }
  const [least, most] = command.takes
  if (words.length < least) throw usageFailure(`${name}: something is missing: rescind ${name} ${command.synopsis}`)
  if (words.length > most)
    throw usageFailure(`${name}: takes no ${JSON.stringify(words[most])}; rescind ${name} --help`)
  return { kind: 'run', command, words, given: values }
}

function commandOf(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name)
  if (found) return found
  const names = COMMANDS.map((command) => command.name)
  const meant = nearest(name, names)
  const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`
  throw usageFailure(
    name.startsWith('-') ? 'the command comes first: rescind --help' : `no command ${JSON.stringify(name)}: ${hint}`,
  )
}

function parse(command: Command, args: readonly string[]): { values: Given; positionals: string[] } {
  const names = [...command.options, ...COMMON]
  const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
    names.map((name) => {
      const { type, multiple, short }: Option = OPTIONS[name]
      return [name, { type, ...(multiple && { multiple }), ...(short !== undefined && { short }) }]
    }),
  )
  try {
    // Its value may be left out, which parseArgs does not know.
    const whole = args.map((argument) => (argument === '--wait' ? '--wait=all' : argument))
    const parsed = parseArgs({ args: whole, options, allowPositionals: true, strict: true })
    return { values: parsed.values as Given, positionals: parsed.positionals }
  } catch (error) {
    throw mistaken(command, names, error as Error)
  }
}

function mistaken(command: Command, names: readonly string[], error: Error): Failure {
  const [, option] = /^Unknown option '--?([^'=]+)/.exec(error.message) ?? []
  if (option === undefined) return usageFailure(error.message.split('\n')[0] ?? 'the command line cannot be read')
  if (option === 'key' || option === 'token') {
    return usageFailure(
      `there is no --${option}: others can read the command line; set RESCIND_KEY or RESCIND_KEY_FILE`,
    )
  }
  const isElsewhere = Object.hasOwn(OPTIONS, option)
  const meant = isElsewhere ? undefined : nearest(option, names)
  const hint = meant === undefined ? `rescind ${command.name} --help lists them` : `did you mean --${meant}?`
  return usageFailure(`${command.name} has no option --${option}: ${hint}`)
}
