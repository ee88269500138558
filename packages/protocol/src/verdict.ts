import type { Mode, Reason } from './facts.ts'

/**
 * A token whose signature, issuer and times *have been verified* (R8). `jose`'s result of `jwtVerify` fits as it is.
 * Nothing here is verified again.
 */
export interface VerifiedToken {
  readonly payload: Readonly<Record<string, unknown>>
  /** The header whose `kid` chose the key. Without it, a check answers `no_header` while a key is revoked (R5). */
  readonly protectedHeader?: Readonly<Record<string, unknown>>
}

/** Why a replica does not know (R18), in the order in which one is named when several hold. */
export const UNKNOWN_CAUSES = [
  'starting',
  'stale',
  'closed',
  'no_issuer',
  'unmanaged_issuer',
  'outlives_facts',
  'no_header',
  'bounds',
  'poison_frame',
  'full',
] as const

/** One of {@link UNKNOWN_CAUSES}. */
export type UnknownCause = (typeof UNKNOWN_CAUSES)[number]

/** The answer to a check (R18). */
export type Verdict =
  /** Nothing matches, and the view is proved fresh. */
  | { readonly kind: 'active' }
  /** Something matches; this stands even when stale. Names one of the facts that revoke, never its id. */
  | { readonly kind: 'revoked'; readonly reason: Reason; readonly mode: Mode; readonly claims: readonly string[] }
  /** Nothing matches, and we cannot vouch for it. */
  | { readonly kind: 'unknown'; readonly cause: UnknownCause }

/** What a check needs to know beside the facts and the token. */
export interface CheckContext {
  /** Wall-clock time: a fact counts while this is below its `expiresAtMs`. */
  readonly nowMs: number
  /** Issuer of tokens that carry no string `iss`. */
  readonly issuer?: string
  /** Issuers without an Issuer fact whose tokens are `active` all the same. */
  readonly unmanagedIssuers?: ReadonlySet<string>
}
