import { type Clock, limits, RescindError } from '@rescind/protocol'
import { COMPARISON_LASTS_MS } from './limits.ts'

/** Whatever can tell the broker's time. */
export interface BrokerTime {
  /** The broker's wall clock in milliseconds. */
  brokerTime(): Promise<number>
}

interface Comparison {
  /** Broker's wall clock minus our monotonic clock lies between these two: the answer came between asking and hearing. */
  readonly lowMs: number
  readonly highMs: number
  readonly comparedAtMs: number
}

/**
 * How far our wall clock is from the broker's (R10). One comparison is carried forward on the monotonic clock, so that
 * a wall clock that jumps is noticed at the very next frame and not at the next comparison.
 */
export class BrokerClock {
  readonly #clock: Clock
  #last: Comparison | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Asks the broker for its time. Rejects as {@link BrokerTime.brokerTime} does; the last comparison then stands. */
  async compare(broker: BrokerTime): Promise<void> {
    const askedAtMs = this.#clock.monotonic()
    const brokerMs = await broker.brokerTime()
    const heardAtMs = this.#clock.monotonic()
    this.#last = { lowMs: brokerMs - heardAtMs, highMs: brokerMs - askedAtMs, comparedAtMs: heardAtMs }
  }

  /** The least distance that the last comparison allows, in milliseconds; undefined if none counts any more. */
  distanceMs(): number | undefined {
    const elapsedMs = this.#clock.monotonic()
    if (this.#last === undefined || elapsedMs - this.#last.comparedAtMs > COMPARISON_LASTS_MS) return undefined
    const wallMs = this.#clock.now()
    return Math.max(0, this.#last.lowMs + elapsedMs - wallMs, wallMs - (this.#last.highMs + elapsedMs))
  }

  /** The latest that it may be now, by our wall clock or the broker's as last heard, in milliseconds. */
  latestNowMs(): number {
    const wallMs = this.#clock.now()
    return this.#last === undefined ? wallMs : Math.max(wallMs, Math.ceil(this.#last.highMs + this.#clock.monotonic()))
  }

  /** The earliest that it may be now, in the same way. */
  earliestNowMs(): number {
    const wallMs = this.#clock.now()
    return this.#last === undefined ? wallMs : Math.min(wallMs, Math.floor(this.#last.lowMs + this.#clock.monotonic()))
  }

  /** Why no frame may get a time now, or undefined if one may. */
  refusal(): RescindError | undefined {
    const distanceMs = this.distanceMs()
    if (distanceMs === undefined) {
      return new RescindError('ERR_LOG_UNAVAILABLE', "the broker's clock has not been compared with ours yet")
    }
    if (distanceMs <= limits.MAX_BROKER_CLOCK_DISTANCE_MS) return undefined
    const most = limits.MAX_BROKER_CLOCK_DISTANCE_MS / 1000
    const detail = `the publisher's clock and the broker's are ${(distanceMs / 1000).toFixed(1)} s apart; the most is ${most} s: set them by NTP`
    return new RescindError('ERR_CLOCK_SKEW', detail)
  }
}
