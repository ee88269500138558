import type { Verdict } from '@rescind/protocol'
import type { Refusal, WhenUnknown } from './replica-types.ts'

/** Seconds a client is asked to wait after a 503: about two proofs, so that a short break is over when it comes back. */
const RETRY_AFTER_SEC = 5

/** RFC 6750 section 3.1: the token is "revoked", which is `invalid_token`. */
const REVOKED_CHALLENGE = 'Bearer error="invalid_token", error_description="The access token was revoked"'

/** What a verdict means for a request (R18). A closed replica rejects under any policy. */
export function refusalOf(verdict: Verdict, whenUnknown: WhenUnknown): Refusal | undefined {
  if (verdict.kind === 'active') return undefined
  if (verdict.kind === 'revoked') {
    return { status: 401, code: 'token_revoked', challenge: REVOKED_CHALLENGE, verdict }
  }
  if (whenUnknown === 'accept' && verdict.cause !== 'closed') return undefined
  const code = 'revocation_state_unavailable'
  return { status: 503, code, challenge: '', retryAfterSec: RETRY_AFTER_SEC, verdict }
}
