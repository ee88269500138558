import type { Operation } from './database.ts'
import { weightOf } from './sealed.ts'

/**
 * How many records there are, and the sum of their checksums: written with every change, and compared at opening with
 * what is there. A record that vanished, came back or changed shows, whatever file it was in.
 */
export interface Totals {
  /** Number of the change that wrote them. */
  readonly change: number
  readonly count: number
  readonly sum: number
}

/** Of a Store with nothing in it. */
export const NO_TOTALS: Totals = { change: 0, count: 0, sum: 0 }

/** The sum stays a safe integer, and a record adds at most 2^32. */
const MODULUS = 2 ** 48

/** Totals with one more record. */
export function plus({ change, count, sum }: Totals, key: Buffer, value: Buffer): Totals {
  return { change, count: count + 1, sum: (sum + weightOf(key, value)) % MODULUS }
}

/** Totals after records were replaced: `before` and `after` are what stood and stands under each key. */
export function replaced(totals: Totals, before: readonly Operation[], after: readonly Operation[]): Totals {
  let { count, sum } = totals
  for (const { key, value } of before) {
    if (value === undefined) continue
    count -= 1
    sum = (sum - weightOf(key, value) + MODULUS) % MODULUS
  }
  for (const { key, value } of after) {
    if (value === undefined) continue
    count += 1
    sum = (sum + weightOf(key, value)) % MODULUS
  }
  return { change: totals.change + 1, count, sum }
}
