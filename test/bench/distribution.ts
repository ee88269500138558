import type { Series } from './question.ts'

/** A share of sorted numbers, such as 0.99; NaN of none. */
export function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Smallest first, as {@link quantileOf} wants them. */
export function sorted(values: Iterable<number>): readonly number[] {
  return [...values].sort((a, b) => a - b)
}

/** What share of the values is at most so large, in percent: at most 200 points. */
export function cumulative(name: string, values: readonly number[]): Series {
  const points = Math.min(values.length, 200)
  const at = (index: number) => values[Math.floor(((values.length - 1) * index) / Math.max(1, points - 1))] ?? 0
  const share = (index: number) => (100 * index) / Math.max(1, points - 1)
  return { name, points: Array.from({ length: points }, (_, index) => [at(index), share(index)] as const) }
}
