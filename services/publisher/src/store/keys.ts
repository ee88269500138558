import { hash } from 'node:crypto'
import { type ClaimValue, encodeMatch, encodeValue, type Match, type Mode } from '@rescind/protocol'

/**
 * The keys of the database: one letter for the kind of record, then fixed widths. What comes from outside (ids, claims,
 * issuers) enters as the start of a SHA-256, so that no text of whatever length or characters can run into what follows;
 * whoever reads by such a key compares what it finds with what it looks for.
 */
const LETTERS = {
  fact: 'F',
  id: 'I',
  key: 'K',
  claim: 'C',
  frame: 'L',
  request: 'Q',
  audit: 'A',
  waiting: 'W',
} as const

/** Kinds of records of which there are many. */
export type RecordKind = keyof typeof LETTERS

/** Format and id of the Store. */
export const META = Buffer.from('M')
/** The newest frame known. */
export const NEWEST = Buffer.from('N')
/** {@link Totals} of everything else. */
export const TOTALS = Buffer.from('Z')

/** Ranges of all keys but those of index entries, which are all key: what they say stands in the facts too. */
export const RECORDS: readonly { readonly gte: Buffer; readonly lt: Buffer }[] = [
  { gte: Buffer.from('A'), lt: Buffer.from('B') },
  { gte: Buffer.from('F'), lt: Buffer.from('G') },
  { gte: Buffer.from('L'), lt: Buffer.from('[') },
]

/** Bytes of a fact's address: its time, so that facts lie in the order of time, then what tells it from any other. */
export const ADDRESS_BYTES = 6 + 12
const HASH_BYTES = 8
/** Widths of numbers: milliseconds up to the year 9999 and beyond, and safe integers. */
const TIME_BYTES = 6
const NUMBER_BYTES = 7

/** The start of a SHA-256 over the UTF-16 code units of `text`, so that ill-formed text has a hash of its own. */
export function hashOf(text: string, bytes: number = HASH_BYTES): Buffer {
  return hash('sha256', Buffer.from(text, 'utf16le'), 'buffer').subarray(0, bytes)
}

/** Big-endian, so that bytes sort as numbers do. Two times 32 bits: `writeUIntBE` takes 48. */
export function numberBytes(value: number, width: number = NUMBER_BYTES): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), 0)
  bytes.writeUInt32BE(value % 2 ** 32, 4)
  return bytes.subarray(8 - width)
}

/** The number in {@link numberBytes}. */
export function numberIn(bytes: Buffer, from: number, width: number = NUMBER_BYTES): number {
  let value = 0
  for (let at = from; at < from + width; at += 1) value = value * 256 + (bytes[at] as number)
  return value
}

/** A time in milliseconds, 6 bytes; one before 1970 or after all times is the first or the last there is. */
export function timeBytes(timeMs: number): Buffer {
  return numberBytes(Math.min(Math.max(0, Math.floor(timeMs)), 2 ** 48 - 1), TIME_BYTES)
}

/** The time in an address, or in the key of an audit entry behind its letter. */
export function timeIn(bytes: Buffer, from = 0): number {
  return numberIn(bytes, from, TIME_BYTES)
}

/** A key of `kind` from its parts; also the beginning of all that share these parts. */
export function keyOf(kind: RecordKind, ...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(LETTERS[kind]), ...parts])
}

/** The facts of one issuer, match and mode; lifts stand apart from revocations. */
export function factKeyPrefix(iss: string, match: Match, mode: Mode, kind: 'revocation' | 'lift'): Buffer {
  return keyOf('key', hashOf(encodeMatch(iss, match)), Buffer.from([mode === 'block' ? 1 : 0, kind === 'lift' ? 1 : 0]))
}

/** The Issuer facts of one issuer. */
export function issuerPrefix(iss: string): Buffer {
  return keyOf('key', hashOf(encodeMatch(iss, {})), Buffer.from([2, 0]))
}

/** Facts whose match carries a claim, of whatever issuer. */
export function claimPrefix(name: string, value: ClaimValue): Buffer {
  return keyOf('claim', hashOf(encodeValue(name) + encodeValue(value)))
}

/** Revocations of keys, of whatever issuer: a token whose header names no key matches them all (R5). */
export function keyRevocationsPrefix(): Buffer {
  return keyOf('claim', hashOf('kid'))
}

/** The facts under one id. */
export function idPrefix(id: string): Buffer {
  return keyOf('id', hashOf(id))
}

/** The frame at a sequence of an epoch. */
export function frameKey(epoch: string, seq: number): Buffer {
  return keyOf('frame', hashOf(epoch), numberBytes(seq))
}

/** A group that waits. */
export function waitingKey(order: number): Buffer {
  return keyOf('waiting', numberBytes(order))
}

/** Groups that wait behind an order. */
export function waitingAfter(order: number): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: waitingKey(order + 1), lt: endOf(keyOf('waiting')) }
}

/** What is known under an idempotency key's hash. */
export function requestPrefix(key: string): Buffer {
  return keyOf('request', hashOf(key, 16))
}

/** The first key after all that begin with `prefix`. No prefix of ours is all 0xff. */
export function endOf(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix)
  let last = end.length - 1
  while (end[last] === 0xff) last -= 1
  end[last] = (end[last] as number) + 1
  return end.subarray(0, last + 1)
}

/** An audit entry: by time, then by the change that brought it, and its place in it. */
export function auditKey(timeMs: number, change: number, index: number): Buffer {
  return keyOf('audit', timeBytes(timeMs), numberBytes(change), numberBytes(index, 3))
}

/** Audit entries from a time (included) to another (excluded). */
export function auditRange(fromMs = 0, toMs?: number): { readonly gte: Buffer; readonly lt: Buffer } {
  const from = (timeMs: number) => keyOf('audit', timeBytes(timeMs))
  return { gte: from(fromMs), lt: toMs === undefined ? endOf(keyOf('audit')) : from(toMs) }
}
