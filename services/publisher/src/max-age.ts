import type { IssuerPolicy } from '@rescind/protocol'
import { MIN_MAX_AGE_MS } from './limits.ts'

/**
 * How long the stream must keep frames at least, in milliseconds: twice as long as any token can outlive the cutoff that
 * revokes it, so that there are many chances to append again what lives longer.
 */
export function maxAgeMs(issuers: Iterable<IssuerPolicy>): number {
  let longestMs = 0
  for (const { maxExpiryMs, leewayMs } of issuers) longestMs = Math.max(longestMs, maxExpiryMs + leewayMs)
  return Math.max(2 * longestMs, MIN_MAX_AGE_MS)
}
