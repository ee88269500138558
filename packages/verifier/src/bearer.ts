import { limits } from '@rescind/protocol'
import { type Refused, refused } from './refused.ts'

// RFC 6750 section 2.1: "Bearer" 1*SP b64token; the scheme's name is case-insensitive (RFC 9110 section 11.1).
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/** Room for the scheme and some spaces around the longest token. */
const MAX_HEADER_LENGTH = limits.MAX_TOKEN_LENGTH + 64

/**
 * Takes the token out of the value of an `Authorization` header. Another scheme counts as no credentials: the challenge
 * then tells which scheme we take. Nothing about the token has been verified.
 */
export function readBearer(authorization: unknown): string | Refused {
  if (authorization === undefined || authorization === null || authorization === '') return refused('no_credentials')
  if (typeof authorization !== 'string') return refused('malformed_credentials')
  if (authorization.length > MAX_HEADER_LENGTH) return refused('token_too_long')
  if (!/^bearer( |$)/i.test(authorization)) return refused('no_credentials')
  return BEARER.exec(authorization.trimEnd())?.[1] ?? refused('malformed_credentials')
}
