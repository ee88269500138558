import { type Cursor, isCursor, isPlainObject, isTimeMs, limits } from '@rescind/protocol'
import { isBarrierId } from './barrier.ts'

/** What a replica says of itself to publishers, every few seconds. A claim, not a proof. */
export interface Presence {
  /** Random id of this replica, new at every start. */
  readonly replica: string
  /** The name under which it connected. */
  readonly name: string
  /** Version of the subscriber package. */
  readonly version: string
  /** Frame versions it reads. */
  readonly frameVersions: readonly number[]
  readonly state: 'starting' | 'live' | 'stale' | 'closed'
  readonly cursor?: Cursor
  /** Milliseconds since the last proof (R19); absent before the first. */
  readonly lagMs?: number
  readonly entries: number
  /** Resident memory of its process. */
  readonly rssBytes: number
  readonly whenUnknown: 'reject' | 'accept'
  readonly staleAfterMs: number
  /**
   * The digest of its index at `cursor`, as of a time that follows from the cursor alone; absent while it has none. Two
   * replicas at one cursor with one `asOfMs` hold the same if their values are equal.
   */
  readonly digest?: { readonly asOfMs: number; readonly value: string }
  /** The barrier that this presence answers: everything up to the barrier's cursor is applied here. Absent in all others. */
  readonly barrier?: string
  /** There: facts could not be held (R16), so the cursor does not say that what lies before it is in force here. */
  readonly incomplete?: true
}

/** Encodes a presence for the wire: JSON, well below `MAX_PRESENCE_BYTES`. */
export function encodePresence(presence: Presence): Uint8Array {
  return Buffer.from(JSON.stringify(presence), 'utf8')
}

/** Reads a presence of which nothing is trusted; undefined for anything that is not one. */
export function decodePresence(bytes: Uint8Array): Presence | undefined {
  if (bytes.byteLength > limits.MAX_PRESENCE_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
  return isPresence(value) ? value : undefined
}

function isPresence(value: unknown): value is Presence {
  if (!isPlainObject(value)) return false
  const { replica, name, version, frameVersions, state, cursor, lagMs } = value
  const { entries, rssBytes, whenUnknown, staleAfterMs, digest, barrier, incomplete } = value
  const texts = [replica, name, version]
  const counts = [entries, rssBytes, staleAfterMs, ...(lagMs === undefined ? [] : [lagMs])]
  return (
    texts.every((text) => typeof text === 'string' && text.length > 0 && text.length <= 64) &&
    Array.isArray(frameVersions) &&
    frameVersions.every((version) => Number.isSafeInteger(version)) &&
    (state === 'starting' || state === 'live' || state === 'stale' || state === 'closed') &&
    Number(staleAfterMs) <= limits.MAX_STALE_AFTER_MS &&
    (cursor === undefined || isCursor(cursor)) &&
    counts.every((count) => typeof count === 'number' && Number.isFinite(count) && count >= 0) &&
    (whenUnknown === 'reject' || whenUnknown === 'accept') &&
    (digest === undefined || isDigest(digest)) &&
    (barrier === undefined || isBarrierId(barrier)) &&
    (incomplete === undefined || incomplete === true)
  )
}

function isDigest(value: unknown): boolean {
  if (!isPlainObject(value)) return false
  return isTimeMs(value.asOfMs) && typeof value.value === 'string' && /^[0-9a-f]{16}$/.test(value.value)
}
