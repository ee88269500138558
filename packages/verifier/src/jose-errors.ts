import { isRescindError } from '@rescind/protocol'
import { errors } from 'jose'
import { type Refused, refused } from './refused.ts'

/**
 * Turns whatever verification threw into a refusal. Everything that we do not know the meaning of is a token that is
 * not valid: a token must never pass, nor break the server, because of a surprise.
 */
export function refusedByError(error: unknown): Refused {
  if (isRescindError(error) && error.code === 'ERR_KEYS_UNAVAILABLE') return refused('keys_unavailable', error)
  if (error instanceof errors.JWTExpired) return refused('token_expired', error)
  if (error instanceof errors.JWTClaimValidationFailed) return refused(codeOfClaim(error), error)
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('signature_invalid', error)
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('algorithm_not_allowed', error)
  if (error instanceof errors.JWKSNoMatchingKey) return refused('key_unknown', error)
  if (error instanceof errors.JWKSMultipleMatchingKeys) return refused('key_unknown', error)
  return refused('token_malformed', error)
}

function codeOfClaim(error: errors.JWTClaimValidationFailed) {
  if (error.claim === 'aud') return 'audience_mismatch'
  return error.claim === 'nbf' && error.reason === 'check_failed' ? 'token_not_yet_valid' : 'claim_invalid'
}
