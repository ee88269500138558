import { type Clock, limits } from '@rescind/protocol'

/** One question, or several that need not be told apart any more. */
interface Question {
  /** When the last of them was asked, on the monotonic clock. */
  readonly askedAtMs: number
  /** Wall clock minus monotonic clock then: of several the least. */
  readonly aheadMs: number
}

/**
 * Notices that the whole machine slept: the monotonic clock stands still meanwhile, and every elapsed time with it, but the
 * wall clock goes on. By what this has gained on that since a question was asked, its proof may be older than it seems
 * (R19). A wall clock that was only set looks the same, until a proof counts from a question that was asked afterwards.
 */
export class SleepWatch {
  readonly #clock: Clock
  /** In the order in which they were asked: those that a proof may still count from. */
  #questions: Question[] = []
  #provedAheadMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#provedAheadMs = this.#aheadMs()
  }

  /** A question is being asked. */
  asked(): void {
    this.#questions.push({ askedAtMs: this.#clock.monotonic(), aheadMs: this.#aheadMs() })
    if (this.#questions.length <= limits.MAX_OPEN_QUESTIONS) return
    const [first, second] = this.#questions.splice(0, 2) as [Question, Question]
    this.#questions.unshift({ ...second, aheadMs: Math.min(first.aheadMs, second.aheadMs) })
  }

  /** Something is proved as of this time on the monotonic clock: by a question that was asked then or later. */
  proved(provedAtMs: number): void {
    this.#questions = this.#questions.filter(({ askedAtMs }) => askedAtMs >= provedAtMs)
    this.#provedAheadMs = Math.min(this.#aheadMs(), ...this.#questions.map(({ aheadMs }) => aheadMs))
  }

  /** What may have passed, in milliseconds, since the question that the last proof counts from, beside what the monotonic clock tells. */
  get sleptMs(): number {
    return Math.max(0, this.#aheadMs() - this.#provedAheadMs)
  }

  #aheadMs(): number {
    return this.#clock.now() - this.#clock.monotonic()
  }
}
