import { MAX_ARRAY_ELEMENTS } from './limits.ts'
import { type ClaimValue, isClaimValue } from './match.ts'
import type { VerifiedToken } from './verdict.ts'

/** What one claim of a token offers to a match. */
export interface Candidates {
  /** Values that could be equal to a match's, without duplicates, in the token's order. */
  readonly values: readonly ClaimValue[]
  /** True if the claim is an array with more elements than are looked at (R2). */
  readonly overflow: boolean
}

const NONE: Candidates = { values: [], overflow: false }

/**
 * Reads a claim the way R2 says: an array offers each of its first 32 elements, anything that no match can hold offers
 * nothing. Only own properties count, so `__proto__` and `constructor` are names like any other. Reads verified claims.
 */
export function candidatesOf(payload: Readonly<Record<string, unknown>>, name: string): Candidates {
  const claim = ownValue(payload, name)
  if (!Array.isArray(claim)) return isClaimValue(claim) ? { values: [claim], overflow: false } : NONE
  const values = new Set<ClaimValue>()
  for (const element of claim.slice(0, MAX_ARRAY_ELEMENTS)) if (isClaimValue(element)) values.add(element)
  return { values: [...values], overflow: claim.length > MAX_ARRAY_ELEMENTS }
}

/** A claim that is a finite number (`iat`, `exp`), else undefined (R5, R17). Reads verified claims. */
export function numericClaim(payload: Readonly<Record<string, unknown>>, name: 'iat' | 'exp'): number | undefined {
  const claim = ownValue(payload, name)
  return typeof claim === 'number' && Number.isFinite(claim) ? claim : undefined
}

/** The token's issuer: its own `iss` if that is a string, else the option (R18). Reads verified claims. */
export function issuerOf(payload: Readonly<Record<string, unknown>>, fallback: string | undefined): string | undefined {
  const iss = ownValue(payload, 'iss')
  return typeof iss === 'string' ? iss : fallback
}

/** What the header says of the key (R5): whether there is a header, and its `kid` if that is a string. Reads a verified token. */
export function keyIdOf(token: VerifiedToken): { header: boolean; kid: string | undefined } {
  const header: unknown = token?.protectedHeader
  if (typeof header !== 'object' || header === null) return { header: false, kid: undefined }
  const kid = ownValue(header, 'kid')
  return { header: true, kid: typeof kid === 'string' ? kid : undefined }
}

/**
 * A property of claims, or undefined if it is absent, inherited, or the holder is no object at all: callers in plain
 * JavaScript pass anything, and a check must not throw (R21).
 */
function ownValue(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string, unknown>)[name]
    : undefined
}

/** R4 and R5: does a cutoff at `cutMs` reach a token with this `iat`? No leeway enters here. */
export function issuedByCutoff(iat: number | undefined, cutMs: number): boolean {
  if (iat === undefined) return true
  return Number.isInteger(iat) ? iat <= Math.floor(cutMs / 1000) : iat * 1000 <= cutMs
}

/**
 * R17: could the token outlive the facts about it? One that ends before it was issued has its times in different units
 * (an `iat` in milliseconds is the usual mistake), and no cutoff would reach it. Reads verified claims.
 */
export function outlivesFacts(payload: Readonly<Record<string, unknown>>, maxExpiryMs: number): boolean {
  const iat = numericClaim(payload, 'iat')
  const exp = numericClaim(payload, 'exp')
  return iat === undefined || exp === undefined || exp < iat || (exp - iat) * 1000 > maxExpiryMs
}
