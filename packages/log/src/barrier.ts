import { type Cursor, isCursor, isPlainObject, limits } from '@rescind/protocol'

/** A publisher's question to all replicas: who has applied everything up to this cursor says so, and names the barrier. */
export interface Barrier {
  /** Random id: 32 hexadecimal digits. */
  readonly barrier: string
  /** The frame that must have been applied: this very one, by its id. */
  readonly cursor: Cursor
}

/** Encodes a barrier for the wire: JSON, at most `MAX_BARRIER_BYTES`. */
export function encodeBarrier({ barrier, cursor }: Barrier): Uint8Array {
  const { epoch, seq, frameId } = cursor
  return Buffer.from(JSON.stringify({ barrier, cursor: { epoch, seq, frameId } }), 'utf8')
}

/** Reads a barrier of which nothing is trusted; undefined for anything that is not one. */
export function decodeBarrier(bytes: Uint8Array): Barrier | undefined {
  if (bytes.byteLength > limits.MAX_BARRIER_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  if (!isPlainObject(value)) return undefined
  const { barrier, cursor } = value
  if (!isBarrierId(barrier) || !isCursor(cursor) || cursor.frameId === '') return undefined
  const { epoch, seq, frameId } = cursor
  return { barrier, cursor: { epoch, seq, frameId } }
}

/** True for the id of a barrier: 32 hexadecimal digits. */
export function isBarrierId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}
