import type { Issuer, Mode } from './facts.ts'
import { MAX_BAN_MS, MAX_ISSUED_BEFORE_AHEAD_MS } from './limits.ts'
import type { Match } from './match.ts'

/** What R13 needs to know of a revocation. */
export interface ExpiryTerms {
  readonly match: Match
  readonly mode: Mode
  readonly issuedBeforeMs?: number
  /** The token's own `exp`; only of a block with a `jti`. */
  readonly tokenExpMs?: number
  /** Only of other blocks. */
  readonly untilMs?: number
}

/** The lifetimes of an issuer that enter R13. */
export type Lifetimes = Pick<Issuer, 'maxExpiryMs' | 'maxSessionMs' | 'clockSkewMs' | 'leewayMs'>

/**
 * R13: when no token that the revocation could match can be unexpired any more. `atMs` is its logical time (R10). The
 * issuer's clock may be `clockSkewMs` ahead: a token that is out at `atMs`, or minted until `untilMs` by our clock, then
 * ends so much later.
 */
export function expiresAtMs(terms: ExpiryTerms, atMs: number, issuer: Lifetimes): number {
  const { maxExpiryMs, maxSessionMs, clockSkewMs, leewayMs } = issuer
  if (terms.mode === 'cutoff') return Math.ceil((terms.issuedBeforeMs ?? atMs) + maxExpiryMs + leewayMs)
  const lastMintedMs = clockSkewMs + maxExpiryMs
  if (Object.hasOwn(terms.match, 'jti')) return Math.ceil((terms.tokenExpMs ?? atMs + lastMintedMs) + leewayMs)
  return Math.ceil((terms.untilMs ?? atMs + maxSessionMs) + lastMintedMs + leewayMs)
}

/**
 * R10: when a lift may be forgotten: no revocation that it lifts can be unexpired then.
 *
 * @param knownMs the latest `expiresAtMs` among the facts known on its key, if there are any.
 */
export function liftExpiresAtMs(mode: Mode, atMs: number, issuer: Lifetimes, knownMs: number | undefined): number {
  const longest = mode === 'block' ? MAX_BAN_MS : MAX_ISSUED_BEFORE_AHEAD_MS
  return Math.max(knownMs ?? 0, atMs + longest + issuer.clockSkewMs + issuer.maxExpiryMs + issuer.leewayMs)
}
