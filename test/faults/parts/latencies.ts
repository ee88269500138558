/** How long answers took. */
export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** By nearest rank, in milliseconds. Zeros of none. */
export function latenciesOf(tookMs: readonly number[]): Latencies {
  const sorted = [...tookMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Cells of a table: the count, and three in milliseconds. */
export function latencyCells({ count, p50, p99, max }: Latencies): string[] {
  return [String(count), ...[p50, p99, max].map((ms) => (count === 0 ? '–' : ms.toFixed(1)))]
}
