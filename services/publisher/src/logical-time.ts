import type { Clock } from '@rescind/protocol'

/** The `at` of frames (R10): never before anything stored or applied, never behind the wall clock. */
export class LogicalTime {
  readonly #clock: Clock
  readonly #appliedAtMs: () => number
  #storedAtMs: number

  /**
   * @param appliedAtMs the largest `atMs` that the publisher's own replica has applied.
   * @param storedAtMs the largest that the Store held at the start.
   */
  constructor(clock: Clock, appliedAtMs: () => number, storedAtMs = 0) {
    this.#clock = clock
    this.#appliedAtMs = appliedAtMs
    this.#storedAtMs = storedAtMs
  }

  /** True if a frame with a later or equal time was applied since this one was given: it needs another. */
  isOutrun(atMs: number): boolean {
    return atMs <= this.#appliedAtMs()
  }

  /** What a frame appended now would get; says nothing about the next one. */
  peek(): number {
    return Math.max(this.#clock.now(), 1 + Math.max(this.#storedAtMs, this.#appliedAtMs()))
  }

  /**
   * The time of the next frame, given once. A frame with a lift takes 1 ms after the whole second at or above it, so
   * that a revocation's `at`, rounded up to seconds, still tells on which side of the lift it lies.
   */
  next(kind: 'revocation' | 'lift' | 'issuer'): number {
    const atMs = this.peek()
    this.#storedAtMs = kind === 'lift' ? Math.ceil(atMs / 1000) * 1000 + 1 : atMs
    return this.#storedAtMs
  }
}
