import { crc32 } from 'node:zlib'
import { RescindError } from '@rescind/protocol'

/** Value of an index entry, which is all key. */
export const NOTHING = Buffer.alloc(0)

/** A value as it is stored: the CRC-32 of its key and its JSON, then the JSON. */
export function seal(key: Buffer, json: unknown): Buffer {
  return sealText(key, JSON.stringify(json))
}

/** The same of JSON that is text already. */
export function sealText(key: Buffer, text: string): Buffer {
  const value = Buffer.allocUnsafe(4 + Buffer.byteLength(text))
  value.write(text, 4)
  value.writeUInt32BE(crc32(value.subarray(4), crc32(key)), 0)
  return value
}

/** The JSON of a value. `ERR_STORE_FAILED` if the value is not the one that was written under this key. */
export function unseal(key: Buffer, value: Buffer): unknown {
  const json = unsealIfWhole(key, value)
  if (json !== undefined) return json
  const detail = `the record ${key.toString('hex')} is corrupt: start again, and the Store is set aside and built anew`
  throw new RescindError('ERR_STORE_FAILED', detail)
}

/** The JSON of a value, or undefined if it is not the one that was written under this key. */
export function unsealIfWhole(key: Buffer, value: Buffer): unknown {
  if (value.length < 5 || value.readUInt32BE(0) !== crc32(value.subarray(4), crc32(key))) return undefined
  return JSON.parse(value.toString('utf8', 4))
}

/** What a record adds to the sum over all (`Totals`): its checksum. Index entries add nothing. */
export function weightOf(value: Buffer): number {
  return value.length < 4 ? 0 : value.readUInt32BE(0)
}
