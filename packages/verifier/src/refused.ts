import type { Refusal, Replica } from '@rescind/subscriber'

/** Every code a {@link Refused} can carry. */
export type RefusedCode = keyof typeof REFUSALS | Refusal['code']

/** Why a request is not served, ready for any HTTP framework (RFC 6750 section 3). Nothing in it came from the token. */
export interface Refused {
  readonly kind: 'refused'
  /** 400: not a credential. 401: no credential, or one that is not valid. 503: we cannot know now; never a logout. */
  readonly status: 400 | 401 | 503
  readonly code: RefusedCode
  /** One sentence that the client may read. */
  readonly detail: string
  /** Value of `WWW-Authenticate` without a realm; empty for a 503. */
  readonly challenge: string
  /** Value of `Retry-After` in seconds; only with 503. */
  readonly retryAfterSec?: number
  /** What the check said; only if it was the replica that refused. Not for the client's eyes. */
  readonly verdict?: Refusal['verdict']
  /** What was thrown on the way, for logs. Not for the client's eyes. */
  readonly cause?: unknown
}

/** Seconds after which a client may ask again when an issuer's keys could not be fetched. */
const KEYS_RETRY_AFTER_SEC = 5

const NO_ERROR = undefined

/** Status, RFC 6750 error code and the sentence of each refusal of the verifier's own. */
const REFUSALS = {
  // RFC 6750 section 3.1: a request without credentials gets no error code, only the challenge.
  no_credentials: [401, NO_ERROR, 'The request carries no Bearer token'],
  malformed_credentials: [400, 'invalid_request', 'The Authorization header is not a Bearer token'],
  token_too_long: [400, 'invalid_request', 'The token is too long'],
  token_malformed: [401, 'invalid_token', 'The token is not a signed JWT'],
  issuer_unknown: [401, 'invalid_token', 'The issuer of the token is not accepted here'],
  algorithm_not_allowed: [401, 'invalid_token', 'The signature algorithm of the token is not accepted here'],
  key_unknown: [401, 'invalid_token', 'The key that signed the token is not known'],
  signature_invalid: [401, 'invalid_token', 'The signature of the token is not valid'],
  token_expired: [401, 'invalid_token', 'The token has expired'],
  token_not_yet_valid: [401, 'invalid_token', 'The token is not valid yet'],
  audience_mismatch: [401, 'invalid_token', 'The token is for another audience'],
  claim_invalid: [401, 'invalid_token', 'A claim of the token is missing or not valid'],
  token_outlives_facts: [401, 'invalid_token', 'The token lives longer than is accepted here'],
  keys_unavailable: [503, NO_ERROR, 'The keys of the issuer cannot be fetched now'],
} as const

/** Makes a refusal of the verifier's own. `cause` is what was thrown, if anything was. */
export function refused(code: keyof typeof REFUSALS, cause?: unknown): Refused {
  const [status, error, detail] = REFUSALS[code]
  return {
    kind: 'refused',
    status,
    code,
    detail,
    challenge: challengeOf(status, error, detail),
    ...(status === 503 && { retryAfterSec: KEYS_RETRY_AFTER_SEC }),
    ...(cause !== undefined && { cause }),
  }
}

function challengeOf(status: number, error: string | undefined, detail: string): string {
  if (status === 503) return ''
  return error === undefined ? 'Bearer' : `Bearer error="${error}", error_description="${detail}"`
}

/** Makes the replica's refusal one of ours: status, code and challenge stay as the replica gave them. */
export function refusedByReplica(refusal: NonNullable<ReturnType<Replica['refusal']>>): Refused {
  const { status, code, challenge, retryAfterSec, verdict } = refusal
  const detail =
    status === 401 ? 'The access token was revoked' : 'It cannot be known now whether the access token was revoked'
  return {
    kind: 'refused',
    status,
    code,
    detail,
    challenge,
    ...(retryAfterSec !== undefined && { retryAfterSec }),
    verdict,
  }
}
