import type { Terminal } from './terminal.ts'

/** The walk-through as people see it: numbered steps, and under each the checks that held or failed. */
export class Checks {
  readonly #terminal: Terminal
  readonly #failed: string[] = []
  #steps = 0
  #count = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Begins a step; `call` is the request it makes, as one would write it. */
  step(title: string, call?: string): void {
    const { line, bold, dim } = this.#terminal
    line()
    line(`${bold(`${++this.#steps}  ${title}`)}${call === undefined ? '' : `  ${dim(call)}`}`)
  }

  /** Notes one check. */
  that(held: boolean, what: string): void {
    this.#count++
    if (!held) this.#failed.push(what)
    const { line, green, red } = this.#terminal
    line(`   ${held ? green('✔') : red('✖')} ${what}`)
  }

  /** True if one failed so far. */
  get failed(): boolean {
    return this.#failed.length > 0
  }

  /** Says what came of it all. True if every check held. */
  conclude(): boolean {
    const { line, green, red } = this.#terminal
    line()
    if (this.#failed.length === 0) line(green(`All ${this.#count} checks held.`))
    else line(red(`${this.#failed.length} of ${this.#count} checks failed:`))
    for (const what of this.#failed) line(red(`   ✖ ${what}`))
    return this.#failed.length === 0 && this.#count > 0
  }
}
