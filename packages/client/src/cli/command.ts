import type { Client } from '../client.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Given, OptionName } from './options.ts'
import type { Print } from './print.ts'
import type { Terminal } from './terminal.ts'

/** What a command gets to work with. */
export interface Context {
  readonly client: Client
  readonly given: Given
  /** What stands after the name of the command. */
  readonly words: readonly string[]
  readonly print: Print
  readonly terminal: Terminal
}

/** One command of `rescind`. */
export interface Command {
  readonly name: string
  /** What stands after the name, for `--help`. */
  readonly synopsis: string
  readonly summary: string
  /** Each a whole line to type, and what it does. */
  readonly examples: readonly (readonly [string, string])[]
  /** Beside those that all take. */
  readonly options: readonly OptionName[]
  /** What else `--help` says. */
  readonly notes?: readonly string[]
  /** How many words it takes, at least and at most. */
  readonly takes: readonly [number, number]
  run(context: Context): Promise<ExitCode>
}
