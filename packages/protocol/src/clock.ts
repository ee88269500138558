/** Time with two faces. The only file of the packages that reads the machine's clocks. */
export interface Clock {
  /** Wall-clock time in integer milliseconds since the Unix epoch. Comparable across machines; may jump. */
  now(): number
  /** Milliseconds on a clock that never goes back and never jumps. For elapsed time only. */
  monotonic(): number
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** A clock that moves only when told to, for tests of services that embed a replica. */
export interface ManualClock extends Clock {
  /** Moves both faces ahead by `ms`: finite, not negative, else a `RangeError`. */
  advance(ms: number): void
  /** Sets the wall clock alone, ahead or back, as an operator or NTP would; finite, else a `RangeError`. */
  setWall(ms: number): void
}

/**
 * Makes a {@link ManualClock}.
 *
 * @param startMs where its wall clock starts; default 2026-01-01T00:00:00Z. Its monotonic face starts at 1,000.
 */
export function manualClock(startMs = 1_767_225_600_000): ManualClock {
  let wall = startMs
  let monotonic = 1_000
  return {
    now: () => Math.floor(wall),
    monotonic: () => monotonic,
    advance(ms) {
      if (!(ms >= 0 && ms < Infinity)) throw new RangeError('a clock advances by a finite, non-negative number')
      wall += ms
      monotonic += ms
    },
    setWall(ms) {
      if (!Number.isFinite(ms)) throw new RangeError('a wall clock is set to a finite number of milliseconds')
      wall = ms
    },
  }
}
