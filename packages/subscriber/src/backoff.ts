/**
 * Pauses between failed attempts, with full jitter: the n-th is uniform between 0 and min(CAP, BASE x 2^n), so fifty
 * replicas that lost one broker at one moment come back spread over the whole pause. The cap keeps an idle retry at
 * about one question per second, far inside the default bound of 15 s that a replica has to prove itself again.
 */
const BASE_MS = 50
const CAP_MS = 2_000

/** Counts failures and says how long to wait. `random` gives numbers from 0 (included) to 1 (excluded). */
export class Backoff {
  #failures = 0
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** The pause before the next attempt, in milliseconds. */
  next(): number {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 16)
    return ceiling * this.#random()
  }

  /** An attempt got somewhere: start small again. */
  reset(): void {
    this.#failures = 0
  }
}
