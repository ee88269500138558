import { type Cursor, sameCursor } from '@rescind/protocol'
import { PRESENCE_GRACE_MS } from './limits.ts'
import type { KnownReplica } from './replicas.ts'

/** Who enforces a frame, by name: one entry for each replica that counts, so a name that many share comes as often. */
export interface Receipt {
  /** It has applied the frame; `ms` is the time from the frame's acknowledgement until that was heard. */
  readonly confirmed: readonly { readonly replica: string; readonly ms: number }[]
  /** It may still be live without the frame. */
  readonly pending: readonly string[]
  /** It cannot be live without the frame any more, so it refuses by itself what it does not know of. */
  readonly fenced: readonly string[]
  /** The same, but it accepts what it does not know of: until it confirms, says goodbye or is dismissed. */
  readonly unproved: readonly string[]
}

/** Where one replica stands to a frame that it has not confirmed. */
export type Unconfirmed = 'pending' | 'fenced' | 'unproved'

/** The frame that is asked about. */
export interface Asked {
  readonly cursor: Cursor
  /** When it was acknowledged, on the monotonic clock. */
  readonly appendedAtMs: number
}

/**
 * Where a replica stands that has not confirmed the frame. Its presence may be lost while it goes on proving itself, so
 * silence means nothing: what counts is its own bound on the age of a proof, and 2 s more, since the frame was appended
 * (R19). By then it has the frame, or it is stale. Not so one that has proved itself since, and live, at a place without the
 * frame: it follows another log, and will not turn stale.
 */
export function unconfirmed({ presence, seenAtMs }: KnownReplica, asked: Asked, nowMs: number): Unconfirmed {
  if (nowMs - asked.appendedAtMs < presence.staleAfterMs + PRESENCE_GRACE_MS) return 'pending'
  const provedAtMs = seenAtMs - (presence.lagMs ?? Number.POSITIVE_INFINITY)
  if (presence.state === 'live' && provedAtMs > asked.appendedAtMs && !isBeyond(presence.cursor, asked.cursor)) {
    return 'pending'
  }
  return presence.whenUnknown === 'reject' ? 'fenced' : 'unproved'
}

/** True if a replica's cursor is this one, or later in its epoch. */
export function isBeyond(own: Cursor | undefined, cursor: Cursor): boolean {
  return own?.epoch === cursor.epoch && (own.seq > cursor.seq || sameCursor(own, cursor))
}

/**
 * The receipt of a frame.
 *
 * @param heardAtMs when a replica was first heard to have applied it, on the monotonic clock
 */
export function receiptOf(
  replicas: Iterable<KnownReplica>,
  asked: Asked,
  nowMs: number,
  heardAtMs: (replica: KnownReplica) => number | undefined,
): Receipt {
  const confirmed: { replica: string; ms: number }[] = []
  const others: Record<Unconfirmed, string[]> = { pending: [], fenced: [], unproved: [] }
  for (const replica of replicas) {
    const { name } = replica.presence
    const atMs = heardAtMs(replica)
    if (atMs === undefined) others[unconfirmed(replica, asked, nowMs)].push(name)
    else confirmed.push({ replica: name, ms: Math.round(Math.max(0, atMs - asked.appendedAtMs) * 10) / 10 })
  }
  confirmed.sort((a, b) => (a.replica < b.replica ? -1 : a.replica > b.replica ? 1 : a.ms - b.ms))
  return { confirmed, pending: others.pending.sort(), fenced: others.fenced.sort(), unproved: others.unproved.sort() }
}
