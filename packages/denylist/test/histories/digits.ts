/** Reads choices out of one number, the first from its lowest digits: so that few numbers draw a whole history. */
export class Digits {
  #rest: number

  /** @param drawn a safe integer, not negative; it is used up as it is read, and then every choice is the first */
  constructor(drawn: number) {
    this.#rest = drawn
  }

  /** The next digit, below `base`. */
  below(base: number): number {
    const digit = this.#rest % base
    this.#rest = Math.floor(this.#rest / base)
    return digit
  }

  /** One of some choices. */
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}
