import { type Exceptions, limits, type Reason } from '@rescind/protocol'
import { statedExceptions } from './exceptions.ts'
import type { Kept } from './kept-facts.ts'
import type { Slot } from './slot.ts'
import type { Place, SlotTable } from './slot-table.ts'
import { decodeValues } from './value-codec.ts'

/**
 * An image is the state as lines of JSON in UTF-8, each ended by a line feed:
 *
 *   {"image":1}                                       first: the format version
 *   {"kind":"issuer","iss":"https://id.example",…}    an Issuer fact
 *   {"iss":"https://id.example","shape":["sub"]}      issuer and shape of the slots that follow
 *   ["cutoff",["ann"],[fact,…],lift,folded]           one slot: mode, values in the order of the shape,
 *                                                       fact: [atMs, expiresAtMs, issuedBeforeMs or null, reason, except or null]
 *                                                       lift: [atMs, expiresAtMs] or null; folded: 0 or 1
 *   {"end":1234}                                      last: the number of slots, so that a cut image is none
 */
export type SlotRow = readonly [
  mode: string,
  values: readonly unknown[],
  facts: readonly FactRow[],
  lift: LiftRow | null,
  folded: 0 | 1,
]

/** One kept revocation in an image. */
export type FactRow = readonly [
  atMs: number,
  expiresAtMs: number,
  cutMs: number | null,
  reason: Reason,
  except: Exceptions | null,
]

/** One kept lift in an image. */
export type LiftRow = readonly [atMs: number, expiresAtMs: number]

/** Version of the format, in the first line. */
export const IMAGE_VERSION = 1

/** Writes the state, a chunk of at most `SLICE_ENTRIES` slots at a time. The table may change in between. */
export function* writeImage(table: SlotTable): Generator<Uint8Array, void> {
  let lines = [line({ image: IMAGE_VERSION })]
  for (const issuer of table.issuers()) lines.push(line(issuer))
  let slots = 0
  let section: Place['address'] | undefined
  for (const { address, slot } of table.walk()) {
    if (section?.iss !== address.iss || section.shapeKey !== address.shapeKey) {
      lines.push(line({ iss: address.iss, shape: address.names }))
      section = address
    }
    lines.push(line(rowOf(address, slot)))
    if (++slots % limits.SLICE_ENTRIES === 0) {
      yield bytesOf(lines)
      lines = []
    }
  }
  lines.push(line({ end: slots }))
  yield bytesOf(lines)
}

function rowOf({ mode, key }: Place['address'], { facts, lift, folded }: Slot): SlotRow {
  const liftRow: LiftRow | null = lift ? [lift.atMs, lift.expiresAtMs] : null
  return [mode, decodeValues(key), facts.map(factRowOf), liftRow, folded ? 1 : 0]
}

function factRowOf({ atMs, expiresAtMs, cutMs, reason, except }: Kept): FactRow {
  return [atMs, expiresAtMs, Number.isFinite(cutMs) ? cutMs : null, reason, statedExceptions(except) ?? null]
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join(''), 'utf8')
}
