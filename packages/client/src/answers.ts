import type { ClaimValue, Cursor, Match, Mode, Reason, Verdict } from '@rescind/protocol'

/**
 * What a publisher answers. Written by hand; each has its shape in answer-shapes.ts, which the compiler holds to it,
 * and which a test holds to the publisher's openapi.json.
 */

/**
 * How far a write came. `recorded`: on the publisher's disk, it goes out by itself. `broadcast`: in the log and in force
 * in the publisher's own replica. `enforced`: every replica that counts has confirmed. `nothing_to_do`: every token it
 * could match has expired.
 */
export type State = 'recorded' | 'broadcast' | 'enforced' | 'nothing_to_do'

/** Who enforces a write, by name. */
export interface Receipt {
  /** With the milliseconds from the log's acknowledgement until the confirmation was heard. */
  readonly confirmed: readonly { readonly replica: string; readonly ms: number }[]
  /** Not heard from yet. */
  readonly pending: readonly string[]
  /** Cut off for so long that they refuse by themselves. */
  readonly fenced: readonly string[]
  /** Silent, and not known to refuse: dismiss them if they are gone for good. */
  readonly unproved: readonly string[]
}

/** One revocation as it was decided. */
export interface RevocationAnswer {
  readonly id: string
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  /** Of a cutoff. */
  readonly issuedBefore?: string
  /** Of a cutoff: NumericDate of the first second whose tokens pass again (R4). */
  readonly reissueNotBefore?: number
  /** From then on no token that it matches can be unexpired. */
  readonly expiresAt: string
  readonly reason: Reason
  /** When it came into the log; absent if it is not there (yet). */
  readonly at?: string
}

/** The answer to {@link Client.revoke}, in the order of the request. */
export interface RevocationsAnswer {
  readonly state: State
  readonly cursor?: Cursor
  readonly revocations: readonly RevocationAnswer[]
  readonly receipt?: Receipt
}

/** A lift as it was recorded. */
export interface LiftFact {
  readonly id: string
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  readonly at?: string
  readonly expiresAt: string
}

/** One of the revocations that a lift took back. */
export interface LiftedRevocation {
  readonly id: string
  readonly reason: Reason
  readonly at: string
}

/** The answer to {@link Client.lift}. */
export interface LiftAnswer {
  readonly state: Exclude<State, 'nothing_to_do'>
  readonly cursor?: Cursor
  readonly lift: LiftFact
  /** What was live there and is lifted now, the newest first, at most 100; empty if nothing was. */
  readonly lifted: readonly LiftedRevocation[]
  /** How many in all. */
  readonly liftedCount: number
  readonly receipt?: Receipt
}

/** One revocation as it would be recorded. */
export interface PlannedRevocation {
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  readonly reason: Reason
  readonly issuedBefore?: string
  readonly reissueNotBefore?: number
  readonly expiresAt: string
  /** Live facts on the same match and mode. */
  readonly liveFacts: number
  /** It has expired already: nothing would be recorded. */
  readonly nothingToDo?: true
}

/** The answer to a dry run. */
export interface DryRunAnswer {
  readonly dryRun: true
  readonly revocations: readonly PlannedRevocation[]
  /** Replicas that would count. */
  readonly replicas: number
}

/** The answer to {@link Client.dryLift}. */
export interface DryLiftAnswer {
  readonly dryRun: true
  /** What would be lifted. */
  readonly lift: Omit<LiftFact, 'id' | 'at'>
  /** What counts there now, the newest first, at most 100: tokens that only these refuse would pass again. */
  readonly lifted: readonly LiftedRevocation[]
  /** How many in all. */
  readonly liftedCount: number
  /** Replicas that would count. */
  readonly replicas: number
}

/** A revocation with who made it. */
export interface CausingRevocation extends RevocationAnswer {
  readonly actor: string
  readonly onBehalfOf?: string
  readonly note?: string
  readonly except?: { readonly jti?: readonly ClaimValue[]; readonly sid?: readonly ClaimValue[] }
}

/** A revocation as it is kept, and what became of it. */
export interface ListedRevocation extends CausingRevocation {
  readonly state: 'live' | 'lifted' | 'expired'
}

/** One page of a list. */
export interface RevocationPage {
  readonly revocations: readonly ListedRevocation[]
  readonly next?: string
}

/** The answer to {@link Client.show}. */
export interface ShownRevocation extends CausingRevocation {
  /** `recorded`: on the publisher's disk and not in the log yet; it has no `at` then. */
  readonly state: ListedRevocation['state'] | 'recorded'
  /** Who has applied it by now. */
  readonly receipt?: Receipt
}

/** The answer to {@link Client.check}. */
export interface CheckAnswer {
  readonly verdict: Verdict
  /** Every revocation that causes it: "why was this user logged out?" */
  readonly causes: readonly CausingRevocation[]
}

/** One replica in its own words, and when it last said them. */
export interface ReplicaAnswer {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly frameVersions: readonly number[]
  readonly state: 'starting' | 'live' | 'stale'
  readonly cursor?: Cursor
  /** Milliseconds since its last proof. */
  readonly lagMs?: number
  readonly entries: number
  readonly rssBytes: number
  readonly whenUnknown: 'reject' | 'accept'
  readonly staleAfterMs: number
  readonly digest?: { readonly asOf: string; readonly value: string }
  readonly lastSeen: string
  readonly silent: boolean
}

/** The list of replicas. */
export interface ReplicasAnswer {
  readonly replicas: readonly ReplicaAnswer[]
}

/** One check of readiness. */
export interface ReadinessCheck {
  readonly name: string
  readonly ok: boolean
  readonly code?: string
  readonly detail?: string
}

/** The answer to {@link Client.status}. */
export interface Readiness {
  readonly status: 'ready' | 'not_ready'
  readonly checks?: readonly ReadinessCheck[]
}

/** One line of the audit record: who did what. */
export interface AuditEntry {
  /** RFC 3339. */
  readonly time: string
  readonly principal: string
  readonly signOn: string
  /** `revoke`, `lift`, `import`, `dismiss`. */
  readonly action: string
  readonly onBehalfOf?: string
  readonly outcome: string
  readonly ids: readonly string[]
  /** How many facts there were in all. */
  readonly count: number
  readonly detail?: string
}
