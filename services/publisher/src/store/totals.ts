import type { Operation } from './database.ts'
import { weightOf } from './sealed.ts'

/**
 * How many records there are, and the sum of their checksums: written with every change, and compared at opening with
 * what is there. A record that vanished, came back or changed shows, whatever file it was in. Index entries do not count.
 */
export interface Totals {
  /** Number of the change that wrote them. */
  readonly change: number
  readonly count: number
  readonly sum: number
}

/** Of a Store with nothing in it. */
export const NO_TOTALS: Totals = { change: 0, count: 0, sum: 0 }

/** The sum with one more record. */
export function sumWith(sum: number, value: Buffer): number {
  return (sum + weightOf(value)) % MODULUS
}

/** The sum stays a safe integer, and a record adds at most 2^32. */
const MODULUS = 2 ** 48

/** Totals after records were replaced: `before` and `after` are what stood and stands under each key. */
export function replaced(totals: Totals, before: readonly Operation[], after: readonly Operation[]): Totals {
  let { count, sum } = totals
  for (const { value } of before) {
    if (!value?.length) continue
    count -= 1
    sum = (sum - weightOf(value) + MODULUS) % MODULUS
  }
  for (const { value } of after) {
    if (!value?.length) continue
    count += 1
    sum = sumWith(sum, value)
  }
  return { change: totals.change + 1, count, sum }
}
