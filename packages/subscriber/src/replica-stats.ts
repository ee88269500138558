import type { ConnectionStats } from '@rescind/log'
import type { UnknownCause, Verdict } from '@rescind/protocol'
import type { ReplicaStatus } from './replica-types.ts'

/** Plain numbers of one replica, for whatever an application measures with. Those without another word only ever grow, from 0 when it was opened. */
export interface ReplicaStats extends FollowStats {
  /** As in `status`; now. */
  readonly state: ReplicaStatus['state']
  /** Milliseconds since the last proof (R19); Infinity before the first. Now. */
  readonly lagMs: number
  /** Revocations held; now. */
  readonly revocations: number
  /** Lifts held; now. With the revocations they are the `entries` of `status`. */
  readonly lifts: number
  /** Calls of `check`, `refusal` and `isRevoked` together, by what the check said (R18). */
  readonly checks: {
    readonly active: number
    readonly revoked: number
    readonly unknown: Readonly<Record<UnknownCause, number>>
  }
  /** What the connection to the log says of itself; undefined before the first. */
  readonly connection: ConnectionStats | undefined
}

/** What has come of following the log. Each only ever grows. */
export interface FollowStats {
  /** Questions about the head that were asked (R19). */
  readonly questions: number
  /** Proofs that the view was complete (R19). */
  readonly proofs: number
  /** Frames applied, live and read; one that was read again counts again. */
  readonly frames: number
  /** Facts in those frames. */
  readonly facts: number
  /** Live messages that were of no use: undecodable, seen before, or of a position that is not verified. */
  readonly ignored: number
  /** Snapshots fetched whole. */
  readonly snapshots: number
  /** Snapshots that could not be had: no answer, a refusal, or bytes that are none. */
  readonly snapshotFailures: number
  /** Milliseconds by which the event loop was at most late for a timer of the replica, which is set some times a second. */
  readonly maxTickDelayMs: number
}

/** Counts what checks say: one addition to a plain field on every request. */
export class CheckCounts {
  active = 0
  revoked = 0
  readonly unknown: Record<UnknownCause, number> = {
    starting: 0,
    stale: 0,
    closed: 0,
    no_issuer: 0,
    unmanaged_issuer: 0,
    outlives_facts: 0,
    no_header: 0,
    bounds: 0,
    poison_frame: 0,
    full: 0,
  }

  /** Counts one, and gives it back. */
  count(verdict: Verdict): Verdict {
    if (verdict.kind === 'active') this.active += 1
    else if (verdict.kind === 'revoked') this.revoked += 1
    else this.unknown[verdict.cause] += 1
    return verdict
  }
}
