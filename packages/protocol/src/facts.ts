import type { ClaimValue, Match } from './match.ts'

/** `cutoff`: tokens issued at or before `issuedBeforeMs`. `block`: every matching token, whenever issued. */
export type Mode = 'cutoff' | 'block'

/** Why a revocation was made (R3). On a tie in everything else, the one that stands first here stays (R9). */
export const REASONS = [
  'logged_out',
  'password_changed',
  'permissions_changed',
  'admin_revoked',
  'account_blocked',
  'account_suspended',
  'account_deleted',
  'token_compromised',
  'key_compromised',
  'session_ended',
  'other',
] as const

/** One of {@link REASONS}. */
export type Reason = (typeof REASONS)[number]

/** Tokens that one fact does not touch, by token id or session id; at most 16 values in all (R7). */
export interface Exceptions {
  readonly jti?: readonly ClaimValue[]
  readonly sid?: readonly ClaimValue[]
}

/** Tokens of `iss` that carry all claims of `match` are revoked, until no such token can be unexpired any more. */
export interface Revocation {
  readonly kind: 'revocation'
  /** Unique, sortable by time; given by the publisher. */
  readonly id: string
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  /** Only with mode cutoff (R4). */
  readonly issuedBeforeMs?: number
  readonly except?: Exceptions
  readonly reason: Reason
  /** The authenticated principal. */
  readonly actor: string
  /** On whose behalf the principal says it acts. */
  readonly onBehalfOf?: string
  readonly note?: string
  /** Logical time, given when its frame is appended (R10). */
  readonly atMs: number
  /** When the fact is forgotten (R13). It counts while the clock is below this. */
  readonly expiresAtMs: number
}

/** Every revocation with exactly this issuer, match and mode that is older than this lift no longer counts (R10). */
export interface Lift {
  readonly kind: 'lift'
  readonly id: string
  readonly iss: string
  readonly match: Match
  readonly mode: Mode
  readonly actor: string
  readonly note?: string
  readonly atMs: number
  /** When the lift may be forgotten: no revocation that it lifts can be unexpired then (R10). */
  readonly expiresAtMs: number
}

/** How long an issuer's tokens and sessions live. The newest wins; it never expires. */
export interface Issuer {
  readonly kind: 'issuer'
  readonly iss: string
  /** Longest `exp - iat` of its tokens (R17). */
  readonly maxExpiryMs: number
  /** Longest time a session's refresh token can go on minting (R13). */
  readonly maxSessionMs: number
  /** Added to the publisher's now for a default `issuedBefore`; 0 to 60,000. */
  readonly clockSkewMs: number
  /** A fact outlives the last token it could match by this (R13). */
  readonly leewayMs: number
  readonly atMs: number
}

/** Everything on the log is an immutable fact. */
export type Fact = Revocation | Lift | Issuer

/** Place of a reason in R3's list: the smaller stays on a tie (R9). */
export function reasonRank(reason: Reason): number {
  return REASONS.indexOf(reason)
}

/** The mode a revocation has if its caller names none (R3). */
export function defaultMode(match: Match, reason: Reason): Mode {
  if (Object.hasOwn(match, 'jti') || Object.hasOwn(match, 'sid') || Object.hasOwn(match, 'kid')) return 'block'
  if (reason === 'account_blocked' || reason === 'account_suspended' || reason === 'account_deleted') return 'block'
  return 'cutoff'
}
