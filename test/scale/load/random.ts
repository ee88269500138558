/**
 * A seeded source of numbers (mulberry32, public domain). What a run revokes, in which order, follows from the seed; when
 * processes answer does not.
 */
export class Random {
  #state: number

  /** @param seed an integer from 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 (included) to 1 (excluded). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** True so often. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of them; undefined of none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.next() * items.length)]
  }

  /** Another source, which does not depend on how much this one is used from here on. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32))
  }
}
