import { createHmac } from 'node:crypto'
import { encodeShape, encodeValue, limits } from '@rescind/protocol'
import type { Address, SlotTable } from './slot-table.ts'

/**
 * A sum over all entries that expire after `asOfMs`, modulo 2^64. Each enters as the first eight bytes of the
 * HMAC-SHA-256 of its key (the canonical encoding of issuer and match, R1), its mode, and all that is kept of it. A sum
 * does not care for order, and what a sweep up to `asOfMs` removes was not in it: two indexes that took the same facts
 * agree. A lift enters like a fact while it is unexpired, whether or not it has facts left to lift.
 *
 * Keys that ever folded are left out (R9): what they hold depends on the order in which facts came.
 *
 * @returns 16 hexadecimal digits, after yielding at every slice.
 */
export function* digest(table: SlotTable, asOfMs: number, fingerprintKey: string): Generator<void, string> {
  let sum = 0n
  let hashed = 0
  const add = (address: Address, ...entry: readonly (string | number)[]): void => {
    const text = `${encodeMatchAt(address)}${address.mode};${JSON.stringify(entry)}`
    sum = BigInt.asUintN(64, sum + createHmac('sha256', fingerprintKey).update(text).digest().readBigUInt64BE(0))
    hashed++
  }
  for (const { address, slot } of table.walk()) {
    const { facts, lift, folded } = slot
    if (!folded) {
      for (const fact of facts) {
        const { atMs, cutMs, expiresAtMs, except, reason } = fact
        if (expiresAtMs > asOfMs) add(address, atMs, String(cutMs), expiresAtMs, reason, ...except)
      }
      if (lift && lift.expiresAtMs > asOfMs) add(address, lift.atMs)
    }
    if (hashed >= SLICE_HASHES) {
      hashed = 0
      yield
    }
  }
  return sum.toString(16).padStart(16, '0')
}

/** A hash costs about as much as looking at eight entries. */
const SLICE_HASHES = limits.SLICE_ENTRIES / 8

/** `encodeMatch` of the address, from the parts that it is held in. */
function encodeMatchAt({ iss, names, key }: Address): string {
  return encodeValue(iss) + encodeShape(names) + key
}
