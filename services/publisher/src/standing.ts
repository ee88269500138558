import type { Lift, Match, Mode, Revocation } from '@rescind/protocol'
import type { Store, StoredFact } from './store/store.ts'

type OnKey = Pick<Store, 'onKey'>

/** The revocations that count on one key at `nowMs`, the newest first, each id once: neither expired nor lifted (R10). */
export async function standingOn(
  store: OnKey,
  key: { readonly iss: string; readonly match: Match; readonly mode: Mode },
  nowMs: number,
): Promise<readonly Revocation[]> {
  const facts = await store.onKey(key.iss, key.match, key.mode)
  const liftedBeforeMs = newestLiftMs(facts, nowMs, Number.POSITIVE_INFINITY)
  return byId(revocations(facts, nowMs).filter(({ atMs }) => atMs >= liftedBeforeMs))
}

/** True if no live lift on its key is newer than the revocation (R10). */
export async function isUnlifted(store: OnKey, fact: Revocation, nowMs: number): Promise<boolean> {
  const facts = await store.onKey(fact.iss, fact.match, fact.mode)
  return fact.atMs >= newestLiftMs(facts, nowMs, Number.POSITIVE_INFINITY)
}

/** What a lift that is in the log has taken back: live at `nowMs` but for it, older than it, and lifted by none before it. */
export async function liftedBy(store: OnKey, lift: Lift, nowMs: number): Promise<readonly Revocation[]> {
  const facts = await store.onKey(lift.iss, lift.match, lift.mode)
  const liftedBeforeMs = newestLiftMs(facts, nowMs, lift.atMs)
  const known = revocations(facts, nowMs)
  // One that was appended again behind the lift (R10) goes on.
  const goesOn = new Set(known.flatMap(({ id, atMs }) => (atMs >= lift.atMs ? [id] : [])))
  return byId(known.filter(({ id, atMs }) => atMs < lift.atMs && atMs >= liftedBeforeMs && !goesOn.has(id)))
}

/** The time of the newest lift that is older than `beforeMs`. */
function newestLiftMs(facts: readonly StoredFact[], nowMs: number, beforeMs: number): number {
  let newest = Number.NEGATIVE_INFINITY
  for (const { fact } of facts) {
    if (fact.kind === 'lift' && fact.expiresAtMs > nowMs && fact.atMs < beforeMs) newest = Math.max(newest, fact.atMs)
  }
  return newest
}

function revocations(facts: readonly StoredFact[], nowMs: number): readonly Revocation[] {
  return facts.flatMap(({ fact }) => (fact.kind === 'revocation' && fact.expiresAtMs > nowMs ? [fact] : []))
}

/** Two contents under one id are two facts (R9), and one revocation to whoever looks. */
function byId(facts: readonly Revocation[]): readonly Revocation[] {
  const seen = new Set<string>()
  return facts.filter(({ id }) => !seen.has(id) && seen.add(id))
}
