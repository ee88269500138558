import type { Print } from './print.ts'

/** Values one after the other: as a JSON array, or a line each. None of them is held back. */
export class JsonArray {
  readonly #print: Print
  #count = 0

  constructor(print: Print) {
    this.#print = print
  }

  /** Writes one. */
  async add(value: unknown): Promise<void> {
    const isArray = this.#print.format === 'json'
    const text = JSON.stringify(value)
    await this.#print.line(isArray ? `${this.#count === 0 ? '[' : ','}${text}` : text)
    this.#count += 1
  }

  /** Closes the array. */
  async end(): Promise<void> {
    if (this.#print.format === 'json') await this.#print.line(this.#count === 0 ? '[]' : ']')
  }
}
