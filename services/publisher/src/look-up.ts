import type { Revocation } from '@rescind/protocol'
import { causingAnswer, type ShownAnswer } from './fact-answers.ts'
import type { Receipt } from './receipt.ts'
import { isUnlifted } from './standing.ts'
import type { Store, StoredFact } from './store/store.ts'
import { waitingFacts } from './waiting-facts.ts'

/** A revocation that was looked up by its id; without a location it is only recorded, and waits for the log. */
export interface FoundRevocation {
  readonly fact: Revocation
  readonly location?: StoredFact['location']
}

/** What a look at one revocation needs. */
export interface LookUpParts {
  readonly store: Pick<Store, 'byId' | 'onKey' | 'waiting' | 'frameIdAt'>
  readonly receipts: { receiptNow(cursor: { epoch: string; seq: number; frameId: string }, ageMs: number): Receipt }
  /** The epoch of the log that the own replica follows; undefined before it has reached one. */
  epoch(): string | undefined
  /** How long presence has been heard without a break, in milliseconds. */
  listenedMs(): number
}

/** The newest revocation of an id, in the log or waiting for it; undefined if there is none. */
export async function findRevocation(
  store: Pick<Store, 'byId' | 'waiting'>,
  id: string,
): Promise<FoundRevocation | undefined> {
  // First what waits: a fact on its way is then found at least once.
  const waiting = await findWaiting(store, id)
  const located = (await store.byId(id)).find(({ fact }) => fact.kind === 'revocation')
  if (located) return { fact: located.fact as Revocation, location: located.location }
  return waiting && { fact: waiting }
}

/** One revocation as it stands at `nowMs`, and who has applied it; undefined if there is none. */
export async function showRevocation(parts: LookUpParts, id: string, nowMs: number): Promise<ShownAnswer | undefined> {
  const found = await findRevocation(parts.store, id)
  if (found === undefined) return undefined
  const { fact, location } = found
  if (location === undefined) return { ...causingAnswer(fact, false), state: 'recorded' }
  const state = fact.expiresAtMs <= nowMs ? 'expired' : (await isUnlifted(parts.store, fact, nowMs)) ? 'live' : 'lifted'
  const receipt = receiptOfNow(parts, location, nowMs)
  return { ...causingAnswer(fact), state, ...(receipt && { receipt }) }
}

function receiptOfNow(parts: LookUpParts, { epoch, seq, storedAtMs }: StoredFact['location'], nowMs: number) {
  const frameId = epoch === parts.epoch() ? parts.store.frameIdAt(epoch, seq) : undefined
  if (frameId === undefined) return undefined
  // Of a frame that was read from behind only the least time of its storing is known. Who is fenced depends on its age, so
  // it counts as no older than we have been listening.
  const ageMs = Math.min(nowMs - storedAtMs, parts.listenedMs())
  return parts.receipts.receiptNow({ epoch, seq, frameId }, ageMs)
}

async function findWaiting(store: Pick<Store, 'waiting'>, id: string): Promise<Revocation | undefined> {
  for await (const facts of waitingFacts(store)) {
    const found = facts.find((fact) => fact.kind === 'revocation' && fact.id === id)
    if (found) return found as Revocation
  }
  return undefined
}

/** Why an id leads nowhere. */
export function noRevocation(id: string): string {
  return `no revocation with the id ${JSON.stringify(id.slice(0, 64))} is known here: it may have expired long ago`
}
