import type { Cursor, Fact, FrameRequest, Match, Mode, Reason, Revocation, VerifiedToken } from '@rescind/protocol'

/**
 * The publisher's durable set of facts, on disk (R12): every fact that the log carries, and every fact that was recorded
 * and is not in the log yet. A fact leaves only by expiry (R15), and not before it was kept for the configured time
 * after it.
 *
 * One writer: the process that has it open. `write` is atomic and in order; with `sync` it resolves after the fsync.
 */
export interface Store extends AsyncDisposable {
  /** Random id of this Store, 16 hexadecimal digits, made with it: the `publisher` of the frames that are written from it. */
  readonly id: string
  /** Where the folder that was found torn or corrupt lies now, if that happened at opening. Nothing in it was deleted. */
  readonly setAside: string | undefined
  /** What was under way when the Store was closed, or its process died. */
  readonly found: Found
  /** Groups that wait, in order, after the one given: at most `limit`, and at least one if there is any. */
  waiting(after: number, limit: number): Promise<readonly Waiting[]>
  /**
   * Writes a change, whole or not at all, after all changes before it. With `sync` it resolves once it is on disk.
   * `ERR_STORE_FULL` if the disk has no room, `ERR_STORE_FAILED` for anything else: then nothing of it is there, also not
   * after a restart.
   */
  write(change: Change, options: { readonly sync: boolean }): Promise<void>

  /** The frame known at `seq` of `epoch`; undefined if none is. Synchronous: asked for every frame that is read again. */
  frameIdAt(epoch: string, seq: number): string | undefined
  /** Every fact that is kept and not expired at `nowMs`, in slices. */
  live(nowMs: number): AsyncIterable<readonly StoredFact[]>
  /**
   * Unexpired facts that are in no frame of `epoch` at or above `firstSeq`, by their `at` and then their id, in slices.
   * Facts that wait are not among them.
   */
  missing(where: {
    readonly epoch: string
    readonly firstSeq: number
    readonly nowMs: number
  }): AsyncIterable<readonly StoredFact[]>
  /** Unexpired facts of `epoch` whose frame was stored before `storedBeforeMs`, by their `at` and then their id, in slices. */
  aging(where: {
    readonly epoch: string
    readonly storedBeforeMs: number
    readonly nowMs: number
  }): AsyncIterable<readonly StoredFact[]>

  /** The facts under one id, the newest first: two contents under one id are two facts (R9). */
  byId(id: string): Promise<readonly StoredFact[]>
  /** The facts on one key, expired ones too, the newest first. */
  onKey(iss: string, match: Match, mode: Mode): Promise<readonly StoredFact[]>
  /** Revocations, the newest first, a page at a time; looks at a bounded number of facts for each page. */
  list(query: ListQuery): Promise<Page>
  /** Every live, unlifted revocation that revokes a verified token (R6), the newest first, at most `MAX_CAUSES`. */
  causes(token: VerifiedToken, nowMs: number, options?: { readonly issuer?: string }): Promise<readonly StoredFact[]>

  /** What is known under an idempotency key's hash, unless it was kept long enough. */
  request(key: string): Promise<KnownRequest | undefined>
  /** The audit record from `fromMs` (included) to `toMs` (excluded), the oldest first. */
  audit(range: { readonly fromMs?: number; readonly toMs?: number }): AsyncIterable<AuditEntry>

  /** Forgets what was kept long enough: looks at `budget` records, and goes on there the next time. */
  sweep(options: { readonly deleteUpToMs: number; readonly budget: number }): Promise<{ readonly done: boolean }>
  /** Plain numbers, for metrics. */
  stats(): StoreStats
  /** Waits for what is being written; idempotent. */
  close(): Promise<void>
}

/** What was under way when the Store was closed. */
export interface Found {
  /** Facts that are not known to be in the log, and the time when the oldest of them was recorded. */
  readonly waitingFacts: number
  readonly oldestRecordedAtMs: number | undefined
  /** The largest order of a group so far; 0 if there never was one that still waits. */
  readonly lastOrder: number
  /** The newest frame known, in the epoch that was written last. */
  readonly cursor: Cursor | undefined
  /** The largest logical time of any fact that was in the log; 0 if there is none (R10). What waits gets another one. */
  readonly largestAtMs: number
}

/** Facts that were recorded together, and are to be appended together. */
export interface Waiting {
  /** Grows from group to group. */
  readonly order: number
  /** Of the frame that they are to become; also the message id under which it is appended, however often. */
  readonly frameId: string
  /** All facts of a group are of one kind. */
  readonly facts: readonly Fact[]
  /** Indexes of the facts whose `expiresAtMs` does not depend on their `at` (R13); ascending. */
  readonly fixed: readonly number[]
  /** The requests that they came from, if those had idempotency keys. */
  readonly requests: readonly FrameRequest[]
  /** When it was recorded, by the publisher's wall clock. */
  readonly recordedAtMs: number
}

/** What one write does; absent parts do nothing. */
export interface Change {
  readonly keep?: readonly Waiting[]
  /** Orders of groups that wait no longer. */
  readonly done?: readonly number[]
  readonly frame?: LocatedFrame
  /** Answers for repeats of a request. */
  readonly answers?: readonly KeptAnswer[]
  readonly audit?: readonly AuditEntry[]
}

/** A frame that is in the log. */
export interface LocatedFrame {
  readonly cursor: Cursor
  /** Whether it was written from this Store. */
  readonly own: boolean
  /** When it was stored, at the earliest. */
  readonly storedAtMs: number
  readonly facts: readonly Fact[]
  readonly requests: readonly FrameRequest[]
}

/** A fact, and where it lies in the log if it does. */
export interface StoredFact {
  readonly fact: Fact
  readonly location: {
    readonly epoch: string
    readonly seq: number
    readonly storedAtMs: number
    readonly own: boolean
  }
}

/** The answer that a request got, byte for byte. */
export interface KeptAnswer {
  readonly key: string
  readonly body: string
  readonly status: number
  readonly payload: string
  readonly answeredAtMs: number
}

/** What is known of a request under its key: its answer, or only the facts of it that are in the log. */
export interface KnownRequest {
  readonly body: string
  readonly answer?: { readonly status: number; readonly payload: string }
  /** Ids of its facts, in order, as the frames that carry them say. */
  readonly ids: readonly string[]
  /** The newest frame that carries one of them. */
  readonly cursor?: Cursor
}

/** Who did what. */
export interface AuditEntry {
  readonly timeMs: number
  readonly principal: string
  readonly signOn: 'key' | 'token' | 'none'
  readonly action: 'revoke' | 'lift' | 'import' | 'dismiss'
  readonly onBehalfOf?: string
  /** `recorded`, `broadcast`, `enforced`, or what it came to. */
  readonly outcome: string
  /** Ids of the facts, at most `MAX_AUDIT_IDS`. */
  readonly ids: readonly string[]
  /** How many facts there were in all. */
  readonly count: number
  readonly detail?: string
}

/** What a list is restricted to. All that is given must hold. */
export interface ListQuery {
  readonly iss?: string
  /** Claims that must be in the match, with these very values; others may be in it. */
  readonly claims?: Match
  readonly mode?: Mode
  readonly reason?: Reason
  readonly actor?: string
  /** `at` from (included) and to (excluded). */
  readonly fromMs?: number
  readonly toMs?: number
  readonly state?: 'live' | 'lifted' | 'expired'
  readonly nowMs: number
  readonly limit: number
  /** As `Page.next` gave it. */
  readonly after?: string
}

/** One page. */
export interface Page {
  readonly revocations: readonly ListedRevocation[]
  /** Where the next page begins; absent at the end. A page may be short, or empty, and not the last. */
  readonly next?: string
}

/** A revocation and what became of it. */
export interface ListedRevocation extends StoredFact {
  readonly fact: Revocation
  readonly state: 'live' | 'lifted' | 'expired'
}

/** Plain numbers. */
export interface StoreStats {
  /** Writes that ended with an fsync so far. */
  readonly syncs: number
  /** Bytes of all writes so far, without what LevelDB makes of them. */
  readonly bytesWritten: number
}
