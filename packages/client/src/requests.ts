import type { ClaimValue, Match, Mode, Reason } from '@rescind/protocol'

/** One revocation as it is asked for. Times are RFC 3339 with a zone; `tokenExp` is NumericDate, as in the token. */
export interface RevocationRequest {
  /** May be left out where the publisher has exactly one issuer. */
  readonly iss?: string
  /** Claims a token must carry, all of them, 0 to 8. `kid` is the key that signed it; `{}` is every token of the issuer. */
  readonly match: Match
  /** Default (R3): `block` for `jti`, `sid`, `kid` and the reasons `account_…`, else `cutoff`. */
  readonly mode?: Mode
  /** Default `other`. */
  readonly reason?: Reason
  /** Only with cutoff; at most 60 s ahead. Default: the publisher's now. */
  readonly issuedBefore?: string
  /** Tokens that this revocation does not touch (R7); at most 16 values. */
  readonly except?: { readonly jti?: readonly ClaimValue[]; readonly sid?: readonly ClaimValue[] }
  /** The token's own `exp`; only with the block of a `jti`. */
  readonly tokenExp?: number
  /** How long a block without `jti` lasts; at most 400 days ahead. */
  readonly until?: string
  readonly note?: string
  readonly onBehalfOf?: string
  /** The issuer once more: for a match of `{}` or of only `client_id`, `tenant`, `aud`, `iss`. */
  readonly confirm?: string
}

/** What is to be lifted: everything of one match and mode, or what stands on the key of one revocation. */
export type LiftRequest =
  | { readonly iss?: string; readonly match: Match; readonly mode: Mode; readonly note?: string }
  /** Without `all`, refused with `lift_ambiguous` if other live revocations stand on that key. */
  | { readonly id: string; readonly all?: boolean; readonly note?: string }

/** Claims of a token, which nobody verifies here, and its header. */
export interface Question {
  readonly claims: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call; its reason is what the call rejects with. */
  readonly signal?: AbortSignal | undefined
}

/** Options of every write. */
export interface WriteOptions extends CallOptions {
  /** 1 to 255 visible ASCII characters; a random one if not given. One key, one request: a repeat gets the first answer. */
  readonly idempotencyKey?: string | undefined
}

/** Options of a write that can wait for the replicas' receipts. */
export interface WaitOptions extends WriteOptions {
  /** `enforced`: answer when every replica that counts has confirmed, or when `timeoutMs` has passed. */
  readonly wait?: 'enforced' | undefined
  /** How long the publisher waits for receipts, 0 to 30,000; default 2,000. Only with `wait`. */
  readonly timeoutMs?: number | undefined
  /** How many replicas must have confirmed at least; default 1. Only with `wait`. */
  readonly minReplicas?: number | undefined
}

/** Which revocations are listed. All that is given must hold. */
export interface ListQuery extends CallOptions {
  readonly iss?: string | undefined
  /** Claims that must be in the match with these very values; others may be in it. */
  readonly claims?: Match | undefined
  readonly mode?: Mode | undefined
  readonly reason?: Reason | undefined
  /** The principal who revoked. */
  readonly actor?: string | undefined
  /** Recorded from (included) and to (excluded), RFC 3339. */
  readonly from?: string | undefined
  /** See `from`. */
  readonly to?: string | undefined
  readonly state?: 'live' | 'lifted' | 'expired' | undefined
  /** Revocations on one page, 1 to 1,000; default 100. The pages are fetched as they are read. */
  readonly pageSize?: number | undefined
}
