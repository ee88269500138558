import type { Exceptions, Fact, Issuer, Lift, Revocation } from './facts.ts'
import { MAX_ARRAY_ELEMENTS, MAX_COMBINATIONS } from './limits.ts'
import { type ClaimValue, encodeMatch, encodeValue, isClaimValue, type Match, type Shape, shapeOf } from './match.ts'
import { issuerOf, keyIdOf } from './token.ts'
import { type CheckContext, UNKNOWN_CAUSES, type UnknownCause, type Verdict, type VerifiedToken } from './verdict.ts'

/**
 * The rules of SPEC.md, written down as plainly as they read: the oracle against which every index is tested. It walks
 * all facts for every question, keeps nothing, and is right before it is anything else.
 *
 * It answers for the facts alone, so never `starting`, `stale`, `closed`, `poison_frame` or `full`: those belong to a
 * replica. Of several facts that revoke, it names the first in the order given; which one is named is no part of the
 * rules. The token must be verified (R8).
 */
export function referenceCheck(facts: Iterable<Fact>, token: VerifiedToken, context: CheckContext): Verdict {
  const all = [...facts]
  const payload = claimsOf(token)
  const key = keyIdOf(token)
  const iss = issuerOf(payload, context.issuer)
  if (iss === undefined) return { kind: 'unknown', cause: 'no_issuer' }

  const live = all.filter((fact): fact is Revocation => isLive(fact, iss, all, context.nowMs))
  const revoking = live.find((revocation) => revokes(revocation, payload, key))
  if (revoking) {
    const { reason, mode, match } = revoking
    return { kind: 'revoked', reason, mode, claims: shapeOf(match) }
  }

  const causes = new Set<UnknownCause>()
  const issuer = newestIssuer(all, iss)
  if (!issuer && !context.unmanagedIssuers?.has(iss)) causes.add('unmanaged_issuer')
  if (issuer && outlives(payload, issuer)) causes.add('outlives_facts')
  if (live.some(({ match }) => namesKey(match)) && !key.header) causes.add('no_header')
  if (live.some(({ match }) => !namesKey(match) && beyondBounds(payload, match))) causes.add('bounds')
  const cause = UNKNOWN_CAUSES.find((candidate) => causes.has(candidate))
  return cause === undefined ? { kind: 'active' } : { kind: 'unknown', cause }
}

/** A revocation of the issuer that is unexpired (R13) and that no lift on its issuer, match and mode is newer than (R10). */
function isLive(fact: Fact, iss: string, all: readonly Fact[], nowMs: number): fact is Revocation {
  return fact.kind === 'revocation' && fact.iss === iss && nowMs < fact.expiresAtMs && !isLifted(fact, all)
}

/** R10: lifted by what is newer; on a tie the revocation wins. */
export function isLifted(revocation: Revocation, all: Iterable<Fact>): boolean {
  for (const fact of all)
    if (fact.kind === 'lift' && sameKey(fact, revocation) && fact.atMs > revocation.atMs) return true
  return false
}

/** True if both stand on one (issuer, match, mode). */
export function sameKey(a: Revocation | Lift, b: Revocation | Lift): boolean {
  return a.mode === b.mode && encodeMatch(a.iss, a.match) === encodeMatch(b.iss, b.match)
}

/** The Issuer fact that counts: the newest; of two with one `at`, the larger values (R9). */
export function newestIssuer(all: Iterable<Fact>, iss: string): Issuer | undefined {
  let newest: Issuer | undefined
  for (const fact of all)
    if (fact.kind === 'issuer' && fact.iss === iss) newest = newest ? joinIssuers(newest, fact) : fact
  return newest
}

/** R9 for two Issuer facts of one issuer: the newer, and of two with one `at` the larger of each value. */
export function joinIssuers(a: Issuer, b: Issuer): Issuer {
  if (a.atMs !== b.atMs) return a.atMs > b.atMs ? a : b
  return {
    ...a,
    maxExpiryMs: Math.max(a.maxExpiryMs, b.maxExpiryMs),
    maxSessionMs: Math.max(a.maxSessionMs, b.maxSessionMs),
    clockSkewMs: Math.max(a.clockSkewMs, b.clockSkewMs),
    leewayMs: Math.max(a.leewayMs, b.leewayMs),
  }
}

/**
 * Does this one revocation revoke a token of its issuer, if it is live and unlifted (R2, R4, R5, R7)? Issuers are not
 * compared. The token must be verified (R8).
 */
export function revokesToken(revocation: Revocation, token: VerifiedToken): boolean {
  return revokes(revocation, claimsOf(token), keyIdOf(token))
}

/** The matches of a shape that a token carries and that are looked at, in their order (R2); of any shape but `kid`'s (R5). */
export function matchesOfShape(token: VerifiedToken, shape: Shape): readonly Match[] {
  return combinations(claimsOf(token), shape)
}

type Claims = VerifiedToken['payload']
type Key = ReturnType<typeof keyIdOf>

/** Whatever a caller passes in the place of a token, or of its payload, carries no claims (R21). */
function claimsOf(token: VerifiedToken): Claims {
  return typeof token?.payload === 'object' ? (token.payload ?? {}) : {}
}

/** The claim itself, never what its name means to JavaScript: `constructor` is inherited by every object. */
function ownClaim(payload: Claims, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined
}

/** `kid` names a key, so it is looked for in the header (R5). */
function namesKey(match: Match): boolean {
  return Object.hasOwn(match, 'kid')
}

/** Does this one live fact revoke the token? Issuers have been compared. */
function revokes(revocation: Revocation, payload: Claims, key: Key): boolean {
  if (!carries(payload, key, revocation.match)) return false
  if (revocation.mode === 'cutoff' && !cut(payload, revocation.issuedBeforeMs as number)) return false
  return !isExcepted(payload, revocation.except)
}

/** R4 for an integer and for a fractional `iat`, R5 for one that cannot be used. */
function cut(payload: Claims, cutMs: number): boolean {
  const iat = ownClaim(payload, 'iat')
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return true
  if (Number.isInteger(iat)) return iat <= Math.floor(cutMs / 1000)
  return iat * 1000 <= cutMs
}

/** R7: the token's own `jti` or `sid` is named. An array is no session id: it is not excepted. */
function isExcepted(payload: Claims, except: Exceptions | undefined): boolean {
  for (const name of ['jti', 'sid'] as const) {
    const own = ownClaim(payload, name)
    if (isClaimValue(own) && except?.[name]?.some((value) => encodeValue(value) === encodeValue(own))) return true
  }
  return false
}

/** Does the token carry all claims of the match? `kid` is looked for in the header (R5), everything else in the payload. */
function carries(payload: Claims, key: Key, match: Match): boolean {
  if (namesKey(match)) return key.header && (key.kid === undefined || key.kid === match.kid)
  const wanted = encodeMatch('', match)
  return combinations(payload, shapeOf(match)).some((combination) => encodeMatch('', combination) === wanted)
}

/** R2: the values a claim offers, and whether it holds more than are looked at. */
function offers(payload: Claims, name: string): { values: ClaimValue[]; more: boolean } {
  const claim = ownClaim(payload, name)
  const elements: unknown[] = Array.isArray(claim) ? claim : [claim]
  const looked = elements.slice(0, MAX_ARRAY_ELEMENTS).filter(isClaimValue)
  return { values: [...new Set(looked)], more: elements.length > MAX_ARRAY_ELEMENTS }
}

/** R2: the first 64 ways to pick one value per name of a shape, the last name varying fastest. */
function combinations(payload: Claims, shape: Shape): Match[] {
  let picked: Record<string, ClaimValue>[] = [{}]
  for (const name of shape) {
    const { values } = offers(payload, name)
    picked = picked.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })))
    // Cut at every name, not at the end: eight arrays of 32 would be 2^40 ways. The first 64 are the same.
    picked = picked.slice(0, MAX_COMBINATIONS)
  }
  return picked
}

/** R2: could the token match beyond what is looked at, for a match of this shape? */
function beyondBounds(payload: Claims, match: Match): boolean {
  const all = shapeOf(match).map((name) => offers(payload, name))
  if (all.some(({ values, more }) => values.length === 0 && !more)) return false
  return (
    all.some(({ more }) => more) || all.reduce((product, { values }) => product * values.length, 1) > MAX_COMBINATIONS
  )
}

/** R17: no finite `exp` and `iat`, or a longer life than the issuer's `maxExpiry`. */
function outlives(payload: Claims, issuer: Issuer): boolean {
  const exp = ownClaim(payload, 'exp')
  const iat = ownClaim(payload, 'iat')
  if (typeof exp !== 'number' || typeof iat !== 'number' || !Number.isFinite(exp) || !Number.isFinite(iat)) return true
  return (exp - iat) * 1000 > issuer.maxExpiryMs
}
