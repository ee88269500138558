import { type Kept, keep } from './kept-facts.ts'

/** The newest lift on one key. Of several it has the latest `at` and the latest expiry (R10). */
export interface LiftMark {
  readonly atMs: number
  readonly expiresAtMs: number
}

/**
 * All that is held on one (issuer, match, mode). An immutable value: a change makes another slot. Its facts are never
 * older than its lift, so whatever stands here counts until it expires.
 */
export interface Slot {
  readonly facts: readonly Kept[]
  readonly lift: LiftMark | undefined
  /** Facts on this key were folded (R9): what it holds depends on the order in which they came. */
  readonly folded: boolean
}

/** What a key holds that nothing is known of. */
export const EMPTY_SLOT: Slot = { facts: [], lift: undefined, folded: false }

/** Revocations and lifts in a slot: what counts against `maxEntries`. */
export function entriesIn(slot: Slot): number {
  return slot.facts.length + (slot.lift ? 1 : 0)
}

/** R10: a newer lift stands here. On a tie the revocation wins. */
export function isLiftedIn(slot: Slot, atMs: number): boolean {
  return slot.lift !== undefined && slot.lift.atMs > atMs
}

/** Joins a revocation that is not lifted here. Returns the same slot if it adds nothing. */
export function withFact(slot: Slot, fact: Kept): Slot {
  const { facts, folded } = keep(slot.facts, fact)
  return facts === slot.facts ? slot : { facts, lift: slot.lift, folded: slot.folded || folded }
}

/** Joins a lift: what is older than it goes, at once and for good (R10). */
export function withLift(slot: Slot, lift: LiftMark): Slot {
  const atMs = Math.max(lift.atMs, slot.lift?.atMs ?? 0)
  const expiresAtMs = Math.max(lift.expiresAtMs, slot.lift?.expiresAtMs ?? 0)
  const facts = slot.facts.filter((fact) => fact.atMs >= atMs)
  return { facts, lift: { atMs, expiresAtMs }, folded: slot.folded }
}

/** Forgets what expired at or before `deleteUpToMs`. Returns the same slot if nothing did. */
export function withoutExpired(slot: Slot, deleteUpToMs: number): Slot {
  const facts = slot.facts.filter((fact) => fact.expiresAtMs > deleteUpToMs)
  const lift = slot.lift && slot.lift.expiresAtMs > deleteUpToMs ? slot.lift : undefined
  if (facts.length === slot.facts.length && lift === slot.lift) return slot
  return { facts, lift, folded: slot.folded }
}
