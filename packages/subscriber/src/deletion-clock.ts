import type { Clock } from '@rescind/protocol'

/**
 * R15: the time by which facts may be deleted: the lowest of the wall clock and of the times that came from outside,
 * each carried forward on the monotonic clock. A wall clock that jumps ahead and back therefore deletes nothing that a
 * check would still need; and without any time from outside nothing is deleted at all.
 */
export class DeletionClock {
  readonly #clock: Clock
  #snapshot: Mark | undefined
  #newestFrame: Mark | undefined
  #newestAtMs = Number.NEGATIVE_INFINITY
  #furthestMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The furthest time given so far, here or where a snapshot was taken: what expired by then may be gone. */
  get furthestMs(): number {
    return this.#furthestMs
  }

  /** A snapshot says when it was taken. */
  sawSnapshot(takenAtMs: number): void {
    this.#furthestMs = Math.max(this.#furthestMs, takenAtMs)
    this.#snapshot = { atMs: takenAtMs, seenMs: this.#clock.monotonic() }
  }

  /**
   * A frame says when it was appended: its facts' logical time. That grows (R10): a smaller one was read again. It counts as
   * no later than our own clock says now: of a live frame nobody knows yet who stamped it.
   */
  sawFrame(atMs: number): void {
    if (atMs <= this.#newestAtMs) return
    this.#newestAtMs = atMs
    this.#newestFrame = { atMs: Math.min(atMs, this.#clock.now()), seenMs: this.#clock.monotonic() }
  }

  /** Facts that expire at or before this may be deleted. */
  now(): number {
    const outside = [this.#snapshot, this.#newestFrame].filter((mark) => mark !== undefined)
    if (outside.length === 0) return Number.NEGATIVE_INFINITY
    const monotonic = this.#clock.monotonic()
    const nowMs = Math.min(this.#clock.now(), ...outside.map(({ atMs, seenMs }) => atMs + (monotonic - seenMs)))
    this.#furthestMs = Math.max(this.#furthestMs, nowMs)
    return nowMs
  }
}

interface Mark {
  readonly atMs: number
  readonly seenMs: number
}
