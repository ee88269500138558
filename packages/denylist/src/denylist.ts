import type { CheckContext, Fact, Issuer, Match, Mode, Shape, Verdict, VerifiedToken } from '@rescind/protocol'

/**
 * The in-memory index. Synchronous, with no timer and no clock of its own; every long walk is a generator that yields
 * after a bounded slice, so that whoever drives it decides when the event loop breathes.
 *
 * It gives out nothing that a table of keyed fingerprints could not know: no ids, no strings of a match.
 */
export interface Denylist {
  /** Joins one fact to the state (R9): any order and any repetition give the same answers. */
  apply(fact: Fact): Applied
  /** R18 for the facts alone. Total: never throws, whatever the claims (R21). The token must be verified (R8). */
  check(token: VerifiedToken, context: CheckContext): Verdict
  /** Deletes what expired at or before `deleteUpToMs` (R15 says which time that may be), looking at no more than `budget` entries. */
  sweep(options: { readonly deleteUpToMs: number; readonly budget: number }): Swept
  /** The state as bytes, chunk by chunk. What is applied meanwhile may or may not be in it: joining is idempotent. */
  image(): Generator<Uint8Array, void>
  /** Joins an image (R11), yielding after each slice. `ERR_IMAGE_MALFORMED` for bytes that are none. Ends with false if not all of it could be held (R16). */
  join(image: Uint8Array): Generator<void, boolean>
  /** Keyed, commutative sum over the entries that expire after `asOfMs`; keys that ever folded are left out. 16 hexadecimal digits. */
  digest(asOfMs: number, fingerprintKey: string): Generator<void, string>
  /** The latest `expiresAtMs` among the revocations held on one key, for the lift's own expiry (R10). */
  latestExpiry(iss: string, match: Match, mode: Mode): number | undefined
  /** Shapes with revocations of an issuer (R2). */
  shapes(iss: string): readonly Shape[]
  /** The Issuer fact that counts. */
  issuer(iss: string): Issuer | undefined
  /** Revocations and lifts held. */
  readonly size: number
  /** The lifts among them; the others are revocations. */
  readonly lifts: number
}

/**
 * What became of a fact. `in_force`: it counts, or something that reaches at least as far does. `lifted`: a newer lift
 * stands on its key (R10). `full`: it could not be held (R16).
 */
export type Applied = 'in_force' | 'lifted' | 'full'

/** How far a sweep came. */
export interface Swept {
  readonly removed: number
  /** True if the walk reached the end: the next sweep begins a new round. */
  readonly done: boolean
}
