import type { Clock } from '@rescind/protocol'
import { LRUCache } from 'lru-cache'

/** What a {@link RateLimit} is made from. */
export interface RateLimitOptions {
  /** What a name may take in a second, and at once; 1 or more. */
  readonly perSec: number
  /** Names remembered; the least recently used is forgotten first, which gives it all it may have. */
  readonly maxNames: number
  /** Its monotonic face alone is asked: a wall clock that is set back must not lock anyone out. */
  readonly clock: Clock
}

/**
 * A bucket of tokens for each name, kept as one number (the "theoretical arrival time" of the generic cell rate
 * algorithm, ITU-T I.371): when the bucket will be full again.
 */
export class RateLimit {
  readonly #fullAtMs: LRUCache<string, number>
  readonly #pauseMs: number
  readonly #clock: Clock

  constructor({ perSec, maxNames, clock }: RateLimitOptions) {
    this.#fullAtMs = new LRUCache({ max: maxNames })
    this.#pauseMs = 1_000 / perSec
    this.#clock = clock
  }

  /** Takes one. Returns undefined, or, if none was left, after how many seconds to ask again: 1 or more, whole. */
  take(name: string): number | undefined {
    const nowMs = this.#clock.monotonic()
    const fullAtMs = Math.max(this.#fullAtMs.get(name) ?? 0, nowMs) + this.#pauseMs
    const overMs = fullAtMs - nowMs - 1_000
    // A thousandth to spare for the sums of fractions.
    if (overMs > 0.001) return Math.max(1, Math.ceil(overMs / 1_000))
    this.#fullAtMs.set(name, fullAtMs)
    return undefined
  }

  /** Gives back one that was taken. */
  giveBack(name: string): void {
    const fullAtMs = this.#fullAtMs.get(name)
    if (fullAtMs !== undefined) this.#fullAtMs.set(name, fullAtMs - this.#pauseMs)
  }
}
