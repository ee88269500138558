import { isPlainObject } from './fact-wire.ts'
import type { Exceptions, Mode } from './facts.ts'
import { MAX_EXCEPTIONS } from './limits.ts'
import { type ClaimValue, isWellFormed, type Match } from './match.ts'
import type { Mistakes } from './mistakes.ts'
import type { ParseContext } from './parse-context.ts'
import { checkClaimValue } from './parse-match.ts'

/** Notes every field that is not one of `known`: it could narrow what the caller means, so it is not passed over. */
export function checkFields(body: object, known: ReadonlySet<string>, what: string, mistakes: Mistakes): void {
  for (const name of Object.keys(body)) {
    if (known.has(name)) continue
    mistakes.add([name], 'unknown_field', `is not a field of ${what}; those are ${[...known].join(', ')}`)
  }
}

/** Reads `iss` of a body: exact (R1), one of those configured, and optional only if there is exactly one. */
export function parseIssuer(value: unknown, context: ParseContext, mistakes: Mistakes): string | undefined {
  const { issuers } = context
  if (value === undefined) {
    const [only] = issuers.keys()
    if (issuers.size === 1) return only
    mistakes.add(
      ['iss'],
      'required',
      'name the issuer in "iss": it may be left out only where exactly one is configured',
    )
  } else if (typeof value !== 'string') {
    mistakes.add(['iss'], 'wrong_type', 'must be a string: the exact "iss" of the tokens')
  } else if (!issuers.has(value)) {
    const rule = 'it is compared exactly, trailing slash and case included'
    mistakes.add(['iss'], 'unknown_issuer', `is not configured here; ${rule}`)
  } else return value
  return undefined
}

/** The mode as the caller gave it; undefined if it was not given, or is wrong and has been noted. */
export function parseMode(value: unknown, match: Match | undefined, mistakes: Mistakes): Mode | undefined {
  if (value === undefined) return undefined
  if (value !== 'cutoff' && value !== 'block') {
    mistakes.add(['mode'], 'unknown_mode', 'must be "cutoff" (tokens issued so far) or "block" (every token)')
    return undefined
  }
  if (value === 'cutoff' && match && Object.hasOwn(match, 'kid')) {
    mistakes.add(['mode'], 'kid_needs_block', 'must be "block" for a match of "kid": a leaked key can sign any iat')
  }
  return value
}

/** Reads `except` (R7). Returns undefined if nothing is excepted; mistakes are noted. */
export function parseExceptions(value: unknown, mistakes: Mistakes): Exceptions | undefined {
  if (value === undefined) return undefined
  if (!isPlainObject(value)) {
    mistakes.add(['except'], 'wrong_type', 'must be an object with lists "jti" and "sid"')
    return undefined
  }
  const lists: { jti?: ClaimValue[]; sid?: ClaimValue[] } = {}
  let count = 0
  for (const [name, list] of Object.entries(value)) {
    if (name !== 'jti' && name !== 'sid') {
      mistakes.add(['except', name], 'unknown_field', 'only "jti" and "sid" can be excepted')
    } else if (!Array.isArray(list)) {
      mistakes.add(['except', name], 'wrong_type', 'must be a list')
    } else {
      count += list.length
      const looked = list.slice(0, MAX_EXCEPTIONS)
      looked.forEach((item, index) => {
        checkClaimValue(['except', name, index], item, mistakes)
      })
      if (looked.length > 0) lists[name] = looked
    }
  }
  if (count > MAX_EXCEPTIONS) {
    mistakes.add(['except'], 'too_many_exceptions', `holds ${count} values; the most is ${MAX_EXCEPTIONS}`)
  }
  return count === 0 ? undefined : lists
}

/** Reads a text of at most `max` code units. Returns undefined if there is none, or with the mistake noted. */
export function parseText(name: string, value: unknown, max: number, mistakes: Mistakes): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') mistakes.add([name], 'wrong_type', 'must be a string')
  else if (value.length > max) {
    mistakes.add([name], 'too_long', `is ${value.length} characters long; the most is ${max}`)
  } else if (!isWellFormed(value)) mistakes.add([name], 'ill_formed_string', 'holds a lone surrogate')
  else return value
  return undefined
}
