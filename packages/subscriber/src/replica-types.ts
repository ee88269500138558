import type { RevocationLog } from '@rescind/log'
import type { Clock, Cursor, Lift, Revocation, UnknownCause, Verdict, VerifiedToken } from '@rescind/protocol'
import type { ReplicaStats } from './replica-stats.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** What an `unknown` means for a request (R18). There is no default: it is a security decision. */
export type WhenUnknown = 'reject' | 'accept'

/** The four methods of a logger that we call; a pino instance fits. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Options of `openReplica`. */
export interface ReplicaOptions {
  /** Where revocations come from: `natsLog({ servers })`, or `memoryLog()` in tests. Connected to and closed by the replica. */
  readonly log: RevocationLog
  /** Where a replica starts from: `httpSnapshot(url)`. Required unless `bootstrap` is `'log'`. */
  readonly snapshot?: SnapshotSource
  /**
   * What makes the replica live (R20). `'snapshot'`, the default: a snapshot of a publisher, then the log. `'log'`:
   * the log alone will do if there is no snapshot source, or if it gives none.
   */
  readonly bootstrap?: 'snapshot' | 'log'
  /** What an `unknown` means for a request. Required. */
  readonly whenUnknown: WhenUnknown
  /** Issuer of tokens that carry no string `iss`. Default: none, and such tokens are `unknown`, `no_issuer`. */
  readonly issuer?: string
  /** Issuers that no publisher manages and whose tokens pass all the same. Default: none. */
  readonly unmanagedIssuers?: readonly string[]
  /**
   * Default true: `openReplica` resolves once live. False: it resolves at once, `starting`, and goes on in the
   * background, so that pods do not crash-loop while the broker is away.
   */
  readonly waitUntilLive?: boolean
  /** Age of the last proof in milliseconds above which the replica is stale (R19); 1,000 to 600,000, default 15,000. */
  readonly staleAfterMs?: number
  /** Pause between two proofs in milliseconds, jittered by a tenth; 100 to `staleAfterMs / 2`, default 2,000. */
  readonly proveEveryMs?: number
  /** Name for presence and the broker's monitoring: 1 to 64 of `A-Z a-z 0-9 _ -`. Default: `replica-` and the start of a random id. */
  readonly name?: string
  /** Bounds opening only; afterwards call `close()`. */
  readonly signal?: AbortSignal
  /** Silent if absent. */
  readonly logger?: Logger
  /** Default: the machine's clocks. */
  readonly clock?: Clock
}

/** How a replica is. */
export interface ReplicaStatus {
  readonly state: 'starting' | 'live' | 'stale' | 'closed'
  /** The last frame applied; absent before the first bootstrap. */
  readonly cursor?: Cursor
  /** Milliseconds since the last proof (R19); Infinity before the first. */
  readonly lagMs: number
  /** Revocations and lifts held. */
  readonly entries: number
  /** Why it is not live, or why a live replica answers `unknown`: a code and a sentence for the operator. */
  readonly cause?: { readonly code: string; readonly detail: string }
}

/** A refusal of one request, ready for any HTTP framework (R18). */
export interface Refusal {
  /** 401 for a revoked token (RFC 6750 section 3.1); 503 if we do not know and the policy rejects. */
  readonly status: 401 | 503
  /** `token_revoked` or `revocation_state_unavailable`. */
  readonly code: 'token_revoked' | 'revocation_state_unavailable'
  /** Value of `WWW-Authenticate` without a realm; empty for a 503. */
  readonly challenge: string
  /** Value of `Retry-After` in seconds; only with 503. */
  readonly retryAfterSec?: number
  /** What the check said. Not for the client's eyes: a reason can leak an incident. */
  readonly verdict: Exclude<Verdict, { kind: 'active' }>
}

/** Denylist, cursor and the task that follows the log. */
export interface Replica extends AsyncDisposable {
  /** What to answer instead of serving the request, or undefined to serve it. Total (R21). The token must be verified (R8). */
  refusal(token: VerifiedToken, options?: { readonly whenUnknown?: WhenUnknown }): Refusal | undefined
  /** The three-valued answer (R18). Total (R21). The token must be verified (R8). */
  check(token: VerifiedToken): Verdict
  /** `refusal(token) !== undefined`, for hooks that take only a boolean. It turns an outage of ours into their 401. */
  isRevoked(token: VerifiedToken): boolean
  readonly status: ReplicaStatus
  /** Plain numbers as of now, to be measured with whatever you measure with. Cheap: some field reads. */
  stats(): ReplicaStats
  /**
   * Resolves once everything up to the cursor is applied. `ERR_CURSOR_FOREIGN` if the log has become another one,
   * `ERR_CLOSED` if the replica closes first, the signal's reason if it fires first.
   */
  reached(cursor: Cursor, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * The revocations and lifts applied from the call on, to cut open connections. Fails with `ERR_FACTS_MISSED` if the
   * reader falls 10,000 behind, or if the replica had to start from a snapshot: then re-check what is open.
   */
  facts(options?: { readonly signal?: AbortSignal }): AsyncIterable<Revocation | Lift>
  /** Stops following; idempotent. Checks then answer `unknown`, `closed`, and are always refused. */
  close(): Promise<void>
}

/** Causes that belong to the replica rather than to the facts. */
export type ReplicaCause = Extract<UnknownCause, 'starting' | 'stale' | 'closed' | 'poison_frame' | 'full'>
