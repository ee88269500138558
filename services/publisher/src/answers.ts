import {
  type Cursor,
  formatRfc3339,
  type Lift,
  type Match,
  type Mode,
  msToNumericDate,
  type Reason,
  type Revocation,
} from '@rescind/protocol'
import { MAX_LIFTED_TOLD } from './limits.ts'
import type { Receipt } from './receipt.ts'

/** One revocation as the API answers it: what was decided, and until when it holds. Times are RFC 3339 in UTC. */
export interface RevocationAnswer {
  readonly id: string
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  readonly issuedBefore?: string
  /** NumericDate of the first second whose tokens pass again (R4). */
  readonly reissueNotBefore?: number
  readonly expiresAt: string
  readonly reason: Reason
  /** Its logical time; absent while it waits for the log, and if it was not recorded because `expiresAt` has passed (R14). */
  readonly at?: string
}

/** What `POST /v1/revocations` answers. */
export interface RevocationsAnswer {
  /**
   * `recorded`: on the publisher's disk; it goes out by itself when the log is back. `broadcast`: in the log and in force
   * in the publisher's own replica. `enforced`: and at every replica that counts. `nothing_to_do`: all expired already
   * (R14).
   */
  readonly state: 'recorded' | 'broadcast' | 'enforced' | 'nothing_to_do'
  readonly cursor?: Cursor
  /** In the order of the request. */
  readonly revocations: readonly RevocationAnswer[]
  /** There if the request waited. */
  readonly receipt?: Receipt
}

/** What `POST /v1/lifts` answers. */
export interface LiftAnswer {
  /** As of a revocation. */
  readonly state: 'recorded' | 'broadcast' | 'enforced'
  readonly cursor?: Cursor
  readonly lift: {
    readonly id: string
    readonly iss: string
    readonly match: Match
    readonly mode: Mode
    /** Absent while it waits for the log. */
    readonly at?: string
    readonly expiresAt: string
  }
  /** What it took back, the newest first, at most `MAX_LIFTED_TOLD`; while it waits, what stands there now. */
  readonly lifted: readonly LiftedAnswer[]
  /** How many in all. */
  readonly liftedCount: number
  /** There if the request waited. */
  readonly receipt?: Receipt
}

/** One revocation that a lift took back. */
export interface LiftedAnswer {
  readonly id: string
  readonly reason: Reason
  readonly at: string
}

/** What a lift would do. */
export interface DryLiftAnswer {
  readonly dryRun: true
  readonly lift: Omit<LiftAnswer['lift'], 'id' | 'at'>
  readonly lifted: readonly LiftedAnswer[]
  readonly liftedCount: number
  /** Replicas that a receipt would count. */
  readonly replicas: number
}

/** One revocation as it would be recorded now. */
export interface PlannedAnswer extends Omit<RevocationAnswer, 'id' | 'at'> {
  /** Revocations that count already on the same issuer, match and mode. */
  readonly liveFacts: number
  /** It has expired already: nothing would be recorded (R14). */
  readonly nothingToDo?: true
}

/** What revoking would do. */
export interface DryRunAnswer {
  readonly dryRun: true
  /** In the order of the request. */
  readonly revocations: readonly PlannedAnswer[]
  /** Replicas that a receipt would count. */
  readonly replicas: number
}

/** @param located whether the revocation is on the log, so that its `atMs` means something. */
export function revocationAnswer(revocation: Revocation, located: boolean): RevocationAnswer {
  const { id, iss, match, mode, issuedBeforeMs, expiresAtMs, reason, atMs } = revocation
  return {
    id,
    iss,
    match,
    mode,
    ...(issuedBeforeMs !== undefined && {
      issuedBefore: formatRfc3339(issuedBeforeMs),
      reissueNotBefore: msToNumericDate(issuedBeforeMs) + 1,
    }),
    expiresAt: formatRfc3339(expiresAtMs),
    reason,
    ...(located && { at: formatRfc3339(atMs) }),
  }
}

/** The answer for a lift: on the log at `cursor`, or waiting for it. */
export function liftAnswer(lift: Lift, cursor: Cursor | undefined, lifted: readonly Revocation[]): LiftAnswer {
  const { id, iss, match, mode, atMs, expiresAtMs } = lift
  const at = cursor && { at: formatRfc3339(atMs) }
  return {
    state: cursor ? 'broadcast' : 'recorded',
    ...(cursor && { cursor }),
    lift: { id, iss, match, mode, ...at, expiresAt: formatRfc3339(expiresAtMs) },
    ...liftedAnswer(lifted),
  }
}

/** What a lift takes back: the first of them, and their count. */
export function liftedAnswer(lifted: readonly Revocation[]): Pick<LiftAnswer, 'lifted' | 'liftedCount'> {
  const told = lifted.slice(0, MAX_LIFTED_TOLD).map(({ id, reason, atMs }) => ({ id, reason, at: formatRfc3339(atMs) }))
  return { lifted: told, liftedCount: lifted.length }
}
