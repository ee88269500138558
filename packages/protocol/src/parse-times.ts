import type { Mode } from './facts.ts'
import { MAX_BAN_MS, MAX_ISSUED_BEFORE_AHEAD_MS, MAX_TIME_TEXT_LENGTH } from './limits.ts'
import type { Match } from './match.ts'
import type { Mistakes } from './mistakes.ts'
import type { IssuerPolicy } from './parse-context.ts'
import { isTimeMs, numericDateToMs, parseRfc3339 } from './time.ts'

/** What the three times of a revocation are judged by; what could not be read is undefined, and not judged by. */
export interface Bearings {
  readonly match: Match | undefined
  readonly mode: Mode | undefined
  readonly policy: IssuerPolicy | undefined
  readonly nowMs: number
}

/** R4, R14: only with a cutoff, at most 60 s ahead; the default is now and the issuer's `clockSkewMs`. */
export function parseIssuedBefore(value: unknown, bearings: Bearings, mistakes: Mistakes): number | undefined {
  const { mode, policy, nowMs } = bearings
  if (value === undefined) return mode === 'cutoff' ? nowMs + (policy?.clockSkewMs ?? 0) : undefined
  if (mode === 'block') {
    const advice = 'leave it out, or say "mode": "cutoff"'
    mistakes.add(['issuedBefore'], 'only_with_cutoff', `a block revokes tokens whenever issued: ${advice}`)
  }
  const ms = parseTime('issuedBefore', value, mistakes)
  if (ms !== undefined && ms > nowMs + MAX_ISSUED_BEFORE_AHEAD_MS) {
    const seconds = MAX_ISSUED_BEFORE_AHEAD_MS / 1000
    mistakes.add(['issuedBefore'], 'too_far_ahead', `is more than ${seconds} s ahead of the publisher's clock`)
  }
  return ms
}

/**
 * R13, R14: only with the block of a `jti`; at most `maxExpiry` ahead. An issuer whose clock may run ahead by
 * `clockSkewMs` dates `exp` ahead by as much.
 */
export function parseTokenExp(value: unknown, bearings: Bearings, mistakes: Mistakes): number | undefined {
  const { match, mode, policy, nowMs } = bearings
  if (value === undefined) return undefined
  if (mode === 'cutoff' || (match && !Object.hasOwn(match, 'jti'))) {
    const advice = 'use it with mode "block" and a match that names "jti"'
    mistakes.add(['tokenExp'], 'only_with_jti', `belongs to the block of one token: ${advice}`)
  }
  if (typeof value !== 'number') {
    const rule = 'a NumericDate: seconds since 1970, as "exp" stands in the token'
    mistakes.add(['tokenExp'], 'wrong_type', `must be a number, ${rule}`)
    return undefined
  }
  const ms = Math.ceil(numericDateToMs(value))
  if (!isTimeMs(ms)) {
    mistakes.add(['tokenExp'], 'invalid_time', 'must be seconds, not milliseconds, and lie between 1970 and 9999')
    return undefined
  }
  if (policy && ms > nowMs + policy.maxExpiryMs + policy.clockSkewMs) {
    const bound = `this issuer's maxExpiry of ${policy.maxExpiryMs / 1000} s`
    const advice = 'if its tokens really live longer, raise maxExpiry here first'
    mistakes.add(['tokenExp'], 'beyond_max_expiry', `is further ahead than ${bound}: ${advice}`)
  }
  return ms
}

/** R13: only with a block without `jti`, at most 400 days ahead. */
export function parseUntil(value: unknown, bearings: Bearings, mistakes: Mistakes): number | undefined {
  const { match, mode, nowMs } = bearings
  if (value === undefined) return undefined
  if (mode === 'cutoff' || (match && Object.hasOwn(match, 'jti'))) {
    const reason = 'a cutoff and a single token end by themselves'
    mistakes.add(['until'], 'only_with_block', `belongs to a block without "jti": ${reason}`)
  }
  const ms = parseTime('until', value, mistakes)
  if (ms !== undefined && ms > nowMs + MAX_BAN_MS) {
    const days = MAX_BAN_MS / 86_400_000
    mistakes.add(['until'], 'too_far_ahead', `is more than ${days} days ahead: a longer ban belongs in the issuer`)
  }
  return ms
}

/** Reads an RFC 3339 time between 1970 and 9999 with a zone. Returns undefined with the mistake noted. */
function parseTime(name: string, value: unknown, mistakes: Mistakes): number | undefined {
  const form = 'an RFC 3339 time with a zone, such as "2026-01-31T12:00:00Z"'
  if (typeof value !== 'string') {
    mistakes.add([name], 'wrong_type', `must be text: ${form}`)
    return undefined
  }
  const ms = value.length > MAX_TIME_TEXT_LENGTH ? undefined : parseRfc3339(value)
  if (ms !== undefined && isTimeMs(ms)) return ms
  mistakes.add([name], 'invalid_time', ms === undefined ? `must be ${form}` : 'must lie between 1970 and 9999')
  return undefined
}
