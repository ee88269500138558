import { type Clock, RescindError } from '@rescind/protocol'
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import type { IssuerOptions } from './verifier-options.ts'

/**
 * Pause after a failed fetch during which no other is begun, in milliseconds: while an issuer is down, requests are
 * answered at once instead of each waiting for its own timeout, and the issuer is not asked more than once a second.
 */
const RETRY_PAUSE_MS = 1_000

/**
 * Finds the key of a token by its header's `kid` and `alg`; without a `kid`, only if a single key fits. Keys that a
 * token brings along (`jwk`, `jku`, `x5c`) are never looked at. It rejects with jose's error if no key fits.
 */
export function keySource(issuer: IssuerOptions, timeoutMs: number, clock: Clock): JWTVerifyGetKey {
  if (issuer.jwks !== undefined) return createLocalJWKSet(issuer.jwks)
  return remoteKeys(new URL(String(issuer.jwksUri)), timeoutMs, clock)
}

/**
 * Keys from the issuer's JWKS, fetched when first needed, again every ten minutes, and when a token names an unknown
 * key, then at most every 30 s (jose's defaults). Rejects with `ERR_KEYS_UNAVAILABLE` if they cannot be had: an outage
 * of the issuer is not the token's fault.
 */
function remoteKeys(url: URL, timeoutMs: number, clock: Clock): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, { timeoutDuration: timeoutMs })
  let failedAt = Number.NEGATIVE_INFINITY
  return async (protectedHeader, token) => {
    if (!remote.fresh && clock.monotonic() - failedAt < RETRY_PAUSE_MS) throw unavailable(url, 'failed a moment ago')
    try {
      return await remote(protectedHeader, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      failedAt = clock.monotonic()
      throw unavailable(url, error instanceof Error ? error.message : String(error), error)
    }
  }
}

function unavailable(url: URL, why: string, cause?: unknown): RescindError {
  // Without its query, which may hold a credential.
  return new RescindError('ERR_KEYS_UNAVAILABLE', `${url.origin}${url.pathname}: ${why}`, { cause })
}
