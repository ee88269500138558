import type { Output } from './output.ts'

/** Lines after which a run of unknown length says how far it is, where there is no bar. */
const TOLD_EVERY_LINES = 50_000

/** How far a run is: a bar on a terminal, else a line per 5 %. Everything goes to stderr. */
export class Progress {
  readonly #err: Output
  readonly #isQuiet: boolean
  #told = 0
  #hasBar = false

  constructor(err: Output, isQuiet: boolean) {
    this.#err = err
    this.#isQuiet = isQuiet
  }

  /** @param share 0 to 1, undefined if nobody knows; `lines` and `rejected` so far. */
  async show(share: number | undefined, lines: number, rejected: number): Promise<void> {
    if (this.#isQuiet) return
    const counts = `${grouped(lines)} lines${rejected > 0 ? `, ${grouped(rejected)} rejected` : ''}`
    if (this.#err.isTerminal) return this.#bar(share, counts)
    const step = share === undefined ? Math.floor(lines / TOLD_EVERY_LINES) : Math.floor(share * 20)
    if (step <= this.#told) return
    this.#told = step
    await this.#err.line(share === undefined ? counts : `${step * 5} %  ${counts}`)
  }

  async #bar(share: number | undefined, counts: string): Promise<void> {
    const width = Math.max(10, Math.min(40, this.#err.columns - counts.length - 12))
    const filled = Math.floor((share ?? 0) * width)
    const bar =
      share === undefined ? '' : `[${'='.repeat(filled)}${' '.repeat(width - filled)}] ${Math.floor(share * 100)} %  `
    this.#hasBar = true
    await this.#err.write(`\r\u001b[K${bar}${counts}`)
  }

  /** Takes the bar away, so that a line can be written. */
  async clear(): Promise<void> {
    if (this.#hasBar) await this.#err.write('\r\u001b[K')
    this.#hasBar = false
  }
}

/** `1,234,567`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
