import type { Clock } from '@rescind/protocol'

/**
 * Notices that the whole machine slept: the monotonic clock stands still meanwhile, and every elapsed time with it, but the
 * wall clock goes on. By what this has gained on that since a question was asked, its proof may be older than it seems
 * (R19). A wall clock that was only set looks the same, until two more questions have been asked.
 */
export class SleepWatch {
  readonly #clock: Clock
  /** Wall clock minus monotonic clock at the last two questions: an answer proves from one of them. */
  #asked: readonly [before: number, last: number]
  #proved: number

  constructor(clock: Clock) {
    this.#clock = clock
    const now = this.#aheadMs()
    this.#asked = [now, now]
    this.#proved = now
  }

  /** A question is being asked. */
  asked(): void {
    this.#asked = [this.#asked[1], this.#aheadMs()]
  }

  /** A question has been answered, the last or the one before it, and that is a proof. */
  proved(): void {
    this.#proved = Math.min(...this.#asked)
  }

  /** What may have passed, in milliseconds, since the question that the last proof counts from, beside what the monotonic clock tells. */
  get sleptMs(): number {
    return Math.max(0, this.#aheadMs() - this.#proved)
  }

  #aheadMs(): number {
    return this.#clock.now() - this.#clock.monotonic()
  }
}
