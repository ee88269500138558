import { formatRfc3339, numericDateToMs } from '@rescind/protocol'
import type { Receipt } from '../answers.ts'
import { plain } from './plain-text.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** How results are written. */
export type Format = 'table' | 'json' | 'ndjson'

/** The colours of states. */
const COLORS: Readonly<Record<string, number>> = {
  enforced: 32,
  broadcast: 32,
  live: 32,
  ready: 32,
  active: 32,
  ok: 32,
  recorded: 33,
  stale: 33,
  unknown: 33,
  pending: 33,
  silent: 33,
  revoked: 31,
  not_ready: 31,
  failed: 31,
}

/** Results to stdout in the format that was asked for, everything else to stderr. */
export class Print {
  readonly #terminal: Terminal
  readonly format: Format
  readonly isQuiet: boolean
  readonly #hasColor: boolean

  constructor(terminal: Terminal, format: Format, isQuiet: boolean, noColor: boolean) {
    this.#terminal = terminal
    this.format = format
    this.isQuiet = isQuiet
    const asked = (terminal.env.NO_COLOR ?? '') === '' && terminal.env.TERM !== 'dumb'
    this.#hasColor = !noColor && asked && terminal.out.isTerminal
  }

  /** True if the reader of stdout went away. */
  get isClosed(): boolean {
    return this.#terminal.out.isClosed
  }

  /** A state in its colour, if there are colours. */
  colored(state: string): string {
    const color = COLORS[state]
    return this.#hasColor && color !== undefined ? `\u001b[${color}m${state}\u001b[0m` : state
  }

  /** One line of a result. */
  line(text: string): Promise<void> {
    return this.#terminal.out.line(text)
  }

  /** Lines of a result. */
  async lines(texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.line(text)
  }

  /** A value as JSON: over several lines as `json`, on one as `ndjson`. */
  json(value: unknown): Promise<void> {
    return this.line(this.format === 'json' ? JSON.stringify(value, undefined, 2) : JSON.stringify(value))
  }

  /** A table, of which a column may be states. */
  async table(head: readonly string[], rows: readonly (readonly string[])[], stateColumn = -1): Promise<void> {
    const [first = '', ...lines] = table(head, rows)
    await this.line(first)
    for (const [index, line] of lines.entries()) {
      const state = rows[index]?.[stateColumn] ?? ''
      await this.line(state === '' ? line : line.replace(state, this.colored(state)))
    }
  }

  /** What happens meanwhile, on stderr; not if it is to be quiet. */
  note(text: string): Promise<void> {
    return this.isQuiet ? Promise.resolve() : this.#terminal.err.line(plain(text))
  }

  /** What is wrong, on stderr. */
  async error(text: string): Promise<void> {
    for (const line of text.split('\n')) await this.#terminal.err.line(`rescind: ${plain(line)}`)
  }
}

/** `12 of 12 replicas confirmed, the slowest after 9 ms`, and the names of those that did not. */
export function receiptLines({ confirmed, pending, fenced, unproved }: Receipt): string[] {
  const counted = confirmed.length + pending.length + unproved.length + fenced.length
  const slowest = Math.max(0, ...confirmed.map(({ ms }) => ms))
  const after = confirmed.length > 0 ? `, the slowest after ${Math.round(slowest * 10) / 10} ms` : ''
  const named = (what: string, names: readonly string[]) =>
    names.length > 0 ? [`  ${what}: ${plain(names.join(', '))}`] : []
  return [
    `${confirmed.length} of ${counted} replicas confirmed${after}`,
    ...named('pending', pending),
    ...named('unproved (silent, dismiss those that are gone for good)', unproved),
    ...named('fenced (cut off, they refuse by themselves)', fenced),
  ]
}

/** NumericDate as a time to read. */
export function secondText(numericDate: number): string {
  return formatRfc3339(numericDateToMs(numericDate)).replace('.000Z', 'Z')
}
