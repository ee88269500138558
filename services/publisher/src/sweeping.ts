import { type Clock, toRescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { BrokerClock } from './broker-clock.ts'
import { SWEEP_BUDGETS, SWEEP_EVERY_MS, SWEEP_LAP_MS } from './limits.ts'
import type { Store } from './store/store.ts'

/** What sweeping needs. */
export interface SweepingParts {
  readonly store: Pick<Store, 'sweep'>
  readonly clock: Clock
  readonly brokerClock: Pick<BrokerClock, 'distanceMs' | 'earliestNowMs'>
  readonly logger: Logger
}

/**
 * Lets the Store forget what was kept long enough, a slice at a time and never two at once, so that a round over all of it
 * takes about an hour. By the earlier of the wall clock and the broker's, which was compared with ours within two minutes and is
 * carried forward on the monotonic clock; without such a comparison nothing is forgotten (R15).
 */
export class Sweeping {
  readonly #parts: SweepingParts
  #nextAtMs: number
  #lapBeganAtMs: number
  #slices = 0
  #budget: number = SWEEP_BUDGETS[0]
  #working: Promise<void> | undefined
  #isClosed = false

  constructor(parts: SweepingParts) {
    this.#parts = parts
    this.#lapBeganAtMs = parts.clock.monotonic()
    this.#nextAtMs = this.#lapBeganAtMs + SWEEP_EVERY_MS
  }

  /** Sweeps a slice if one is due; called often. */
  tick(): void {
    const { clock, brokerClock } = this.#parts
    const nowMs = clock.monotonic()
    if (this.#isClosed || this.#working || nowMs < this.#nextAtMs || brokerClock.distanceMs() === undefined) return
    this.#nextAtMs = nowMs + SWEEP_EVERY_MS
    this.#working = this.#slice(brokerClock.earliestNowMs())
      .catch((error: unknown) => {
        const { code, detail } = toRescindError(error, 'ERR_STORE_FAILED')
        if (!this.#isClosed) this.#parts.logger.warn({ code, detail }, 'the Store could not be swept; it goes on')
      })
      .finally(() => {
        this.#working = undefined
      })
  }

  /** Ends what is under way; idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#working
  }

  async #slice(deleteUpToMs: number): Promise<void> {
    const { done } = await this.#parts.store.sweep({ deleteUpToMs, budget: this.#budget })
    this.#slices += 1
    if (done) this.#nextLap()
  }

  /** The next round begins an hour after this one did, in slices that would fill it if the Store is as large as it was. */
  #nextLap(): void {
    const [least, most] = SWEEP_BUDGETS
    const records = this.#slices * this.#budget
    this.#budget = Math.min(most, Math.max(least, Math.ceil((records * SWEEP_EVERY_MS) / SWEEP_LAP_MS)))
    this.#slices = 0
    this.#nextAtMs = Math.max(this.#nextAtMs, this.#lapBeganAtMs + SWEEP_LAP_MS)
    this.#lapBeganAtMs = this.#nextAtMs
  }
}
