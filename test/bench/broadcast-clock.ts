/** Where the floor's bytes go. */
export const FLOOR_SUBJECT = 'bench.floor'

/** What one process noted: of each frame id, when it came to each of its listeners. */
export interface Arrivals {
  readonly enforced: readonly (readonly [frameId: string, atMs: readonly number[]])[]
  readonly arrived: readonly (readonly [frameId: string, atMs: readonly number[]])[]
}

/** Milliseconds by a clock that all processes of a machine share: `CLOCK_MONOTONIC` on Linux. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
