import { type Clock, RescindError } from '@rescind/protocol'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import type { BrokerClock } from './broker-clock.ts'
import type { IssuerFacts } from './issuer-facts.ts'
import { BACKLOG_READY_MS } from './limits.ts'
import type { LogKeeper } from './log-keeper.ts'
import type { Outbox } from './outbox.ts'
import type { Reconciler } from './reconciler.ts'

/** One line of readiness. */
export interface Check {
  readonly name: 'serving' | 'log' | 'replica' | 'store' | 'backlog' | 'clock' | 'issuers'
  readonly ok: boolean
  /** Why not, for the operator. */
  readonly code?: string
  readonly detail?: string
}

/** What readiness is judged by. */
export interface ReadinessParts {
  readonly keeper: LogKeeper
  readonly replica: EmbeddedReplica
  readonly brokerClock: BrokerClock
  readonly issuerFacts: IssuerFacts
  readonly reconciler: Pick<Reconciler, 'refusal'>
  readonly outbox: Pick<Outbox, 'backlog' | 'logFull'>
  readonly clock: Clock
}

/** Says whether the publisher can take revocations now, and if not, why. Judged at every question. */
export class Readiness {
  readonly #parts: ReadinessParts
  #closing = false

  constructor(parts: ReadinessParts) {
    this.#parts = parts
  }

  /** From here on the publisher is not ready, though it may go on serving for a while. */
  close(): void {
    this.#closing = true
  }

  /** Everything readiness looks at. Ready means that all are ok. */
  checks(): readonly Check[] {
    const { keeper, brokerClock, issuerFacts, replica, reconciler } = this.#parts
    return [
      check('serving', this.#closing ? new RescindError('ERR_CLOSED', 'the publisher is stopping') : undefined),
      check('log', keeper.refusal()),
      check('replica', this.#replicaRefusal()),
      check('store', reconciler.refusal()),
      check('backlog', this.#backlogRefusal()),
      check('clock', brokerClock.refusal()),
      check('issuers', issuerFacts.publishedIn(replica.status.cursor?.epoch) ? undefined : unpublished()),
    ]
  }

  /** True if the publisher takes revocations and serves snapshots. */
  get ready(): boolean {
    return this.checks().every(({ ok }) => ok)
  }

  /**
   * Why no frame may be appended now, or undefined (R10): the log is there, the own replica is live, the clocks agree.
   * The issuers need not be published: that is done by appending, too.
   */
  refusal(): RescindError | undefined {
    const { keeper, brokerClock } = this.#parts
    return keeper.refusal() ?? this.#replicaRefusal() ?? brokerClock.refusal()
  }

  /** Why a snapshot of the own replica would not hold every fact that was ever answered for, or undefined (R20). */
  reconciled(): RescindError | undefined {
    return this.#replicaRefusal() ?? this.#parts.reconciler.refusal()
  }

  /**
   * Why the own replica does not hold every fact of the log, or undefined (R20). It starts from the log's first frame,
   * so once live it has read everything up to a proved head.
   */
  #replicaRefusal(): RescindError | undefined {
    const { state, cause } = this.#parts.replica.status
    if (cause?.code === 'full') return new RescindError('ERR_DENYLIST_FULL', cause.detail)
    if (state === 'live' && cause === undefined) return undefined
    const why = cause === undefined ? '' : `: ${cause.detail}`
    return new RescindError('ERR_LOG_UNAVAILABLE', `the publisher's own replica is ${state}${why}`)
  }

  /** Facts that were answered `recorded` and have not gone out; a moment's worth is the usual course. */
  #backlogRefusal(): RescindError | undefined {
    const { outbox, clock } = this.#parts
    const { facts, oldestRecordedAtMs } = outbox.backlog
    const ageMs = oldestRecordedAtMs === undefined ? 0 : clock.now() - oldestRecordedAtMs
    if (outbox.logFull) return outbox.logFull
    if (facts === 0 || ageMs < BACKLOG_READY_MS) return undefined
    const detail = `${facts} facts are recorded and wait for the log, the oldest for ${(ageMs / 1000).toFixed(1)} s`
    return new RescindError('ERR_LOG_UNAVAILABLE', detail)
  }
}

function check(name: Check['name'], refusal: RescindError | undefined): Check {
  if (refusal === undefined) return { name, ok: true }
  return { name, ok: false, code: refusal.code, detail: refusal.detail }
}

function unpublished(): RescindError {
  return new RescindError('ERR_LOG_UNAVAILABLE', 'the configured issuers are not on the log yet')
}
