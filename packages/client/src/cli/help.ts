import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { COMMON, OPTIONS, type Option, type OptionName } from './options.ts'

const EXIT_CODES = `Exit codes:
  0 done (with --wait: and confirmed)    1 failed                5 refused: mend the request
  2 a mistake on the command line        3 not found             10 check: it is revoked
  4 the key may not do this              130 ended by Ctrl-C     124 published, not confirmed in time`

/** What `rescind --help` prints. */
export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  const commands = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `rescind: revoke tokens that are already issued, on every replica of every API.

  export RESCIND_URL=https://rescind.example RESCIND_KEY_FILE=~/.rescind.key
  rescind status                                     does the publisher take revocations?
  rescind revoke sub ann --reason password_changed   tokens issued so far die, the next login works
  rescind revoke sid s1 --wait                       one session, and wait for every replica
  rescind check - < token.txt                        is this token revoked, and by what?

Commands (rescind COMMAND --help has examples):
${commands.join('\n')}

Environment:
  RESCIND_URL         the publisher (http://127.0.0.1:8080)
  RESCIND_KEY         the key or token that signs on; or
  RESCIND_KEY_FILE    the path of a file that holds it. There is no option for it: a command line can be read by others
  NO_COLOR            no colours

Results are on stdout, everything else on stderr.
${EXIT_CODES}
`
}

/** What `rescind COMMAND --help` prints. */
export function commandHelp({ name, synopsis, summary, examples, options, notes = [] }: Command): string {
  const shown = examples.map(([line, what]) => `  ${line}\n      ${what}`)
  const told = notes.length > 0 ? `\n${notes.join('\n')}\n` : ''
  return `rescind ${name}: ${summary}

Examples:
${shown.join('\n')}

Usage: rescind ${name}${synopsis === '' ? '' : ` ${synopsis}`} [options]

Options:
${[...options, ...COMMON].map(optionHelp).join('\n')}
${told}
${EXIT_CODES}
`
}

function optionHelp(name: OptionName): string {
  const { short, value, help }: Option = OPTIONS[name]
  const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  return `  ${left.padEnd(28)} ${help}`
}
