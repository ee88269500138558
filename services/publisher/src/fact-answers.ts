import { type Exceptions, formatRfc3339, type Lift, type Revocation } from '@rescind/protocol'
import { type LiftAnswer, type RevocationAnswer, revocationAnswer } from './answers.ts'
import type { Receipt } from './receipt.ts'
import type { AuditEntry, ListedRevocation, Page } from './store/store.ts'

/** A revocation with who made it: what is told to those who look. */
export interface CausingAnswer extends RevocationAnswer {
  readonly actor: string
  readonly onBehalfOf?: string
  readonly note?: string
  /** Tokens that it does not touch (R7). */
  readonly except?: Exceptions
}

/** The same, and what became of it. */
export interface ListedAnswer extends CausingAnswer {
  /** `lifted`: a newer lift stands on its key. `expired`: it is only kept to be looked at. */
  readonly state: ListedRevocation['state']
}

/** What `GET /v1/revocations` answers. */
export interface ListAnswer {
  /** The newest first. */
  readonly revocations: readonly ListedAnswer[]
  /** Where the next page begins; absent at the end. */
  readonly next?: string
}

/** What `GET /v1/revocations/{id}` answers. */
export interface ShownAnswer extends CausingAnswer {
  /** As in a list; `recorded`: on this publisher's disk, and not in the log yet. */
  readonly state: ListedRevocation['state'] | 'recorded'
  /** Who has applied it by now; there if it is in the log of this epoch. */
  readonly receipt?: Receipt
}

/** What a lift's event tells. */
export interface LiftEvent extends Required<LiftAnswer['lift']> {
  readonly actor: string
  readonly note?: string
}

/** One line of `GET /v1/audit`. */
export interface AuditAnswer extends Omit<AuditEntry, 'timeMs'> {
  readonly time: string
}

/** @param located whether the revocation is on the log, so that its `atMs` means something. */
export function causingAnswer(fact: Revocation, located = true): CausingAnswer {
  const { actor, onBehalfOf, note, except } = fact
  return {
    ...revocationAnswer(fact, located),
    actor,
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    ...(note !== undefined && { note }),
    ...(except !== undefined && { except }),
  }
}

/** A page as the API answers it. */
export function listAnswer({ revocations, next }: Page): ListAnswer {
  const answers = revocations.map(({ fact, state }) => ({ ...causingAnswer(fact), state }))
  return { revocations: answers, ...(next !== undefined && { next }) }
}

/** A lift as its event tells it. */
export function liftEvent({ id, iss, match, mode, atMs, expiresAtMs, actor, note }: Lift): LiftEvent {
  const times = { at: formatRfc3339(atMs), expiresAt: formatRfc3339(expiresAtMs) }
  return { id, iss, match, mode, ...times, actor, ...(note !== undefined && { note }) }
}

/** One entry of the audit record. */
export function auditAnswer({ timeMs, ...entry }: AuditEntry): AuditAnswer {
  return { time: formatRfc3339(timeMs), ...entry }
}
