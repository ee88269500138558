import { isPlainObject } from './fact-wire.ts'
import { MAX_CLAIM_NAME_LENGTH, MAX_CLAIM_VALUE_LENGTH, MAX_MATCH_CLAIMS } from './limits.ts'
import { isClaimName, isClaimValue, isWellFormed, type Match } from './match.ts'
import type { Mistakes } from './mistakes.ts'

/** Reads a match of which nothing is trusted (R1). Returns undefined, with all mistakes noted, if it is not one. */
export function parseMatch(value: unknown, mistakes: Mistakes): Match | undefined {
  if (value === undefined) {
    const example = 'such as { "sub": "…" }; {} means every token of the issuer'
    mistakes.add(['match'], 'required', `say which claims a token must carry, ${example}`)
    return undefined
  }
  if (!isPlainObject(value)) {
    mistakes.add(['match'], 'wrong_type', 'must be an object of claim names and values')
    return undefined
  }
  const before = mistakes.count
  const names = Object.keys(value)
  if (names.length > MAX_MATCH_CLAIMS) {
    mistakes.add(['match'], 'too_many_claims', `names ${names.length} claims; the most is ${MAX_MATCH_CLAIMS}`)
  }
  for (const name of names.slice(0, MAX_MATCH_CLAIMS + 1)) checkClaim(name, value[name], mistakes)
  if (Object.hasOwn(value, 'kid')) checkKeyId(value, names, mistakes)
  return mistakes.count === before ? ({ ...value } as Match) : undefined
}

function checkClaim(name: string, value: unknown, mistakes: Mistakes): void {
  if (isClaimName(name)) {
    checkClaimValue(['match', name], value, mistakes)
    return
  }
  const rule = `1 to ${MAX_CLAIM_NAME_LENGTH} characters, no control characters, no lone surrogates, not "__proto__"`
  mistakes.add(['match', name], 'invalid_claim_name', `cannot be the name of a claim: ${rule}`)
}

function checkKeyId(match: Record<string, unknown>, names: readonly string[], mistakes: Mistakes): void {
  if (names.length > 1) {
    const reason = 'it names a key, not a claim; revoke the others apart'
    mistakes.add(['match', 'kid'], 'kid_not_alone', `stands alone in a match: ${reason}`)
  }
  if (isClaimValue(match.kid) && typeof match.kid !== 'string') {
    const rule = 'as in the header of a token (RFC 7515 section 4.1.4)'
    mistakes.add(['match', 'kid'], 'wrong_type', `must be a string, ${rule}`)
  }
}

/** Notes what keeps a value, of which nothing is trusted, from standing in a match or in `except`. */
export function checkClaimValue(path: readonly (string | number)[], value: unknown, mistakes: Mistakes): void {
  if (isClaimValue(value)) return
  if (typeof value !== 'string') {
    mistakes.add(path, 'wrong_type', 'must be a string, an integer of at most 2^53 - 1, or a boolean')
  } else if (value.length > MAX_CLAIM_VALUE_LENGTH) {
    mistakes.add(path, 'too_long', `is ${value.length} characters long; the most is ${MAX_CLAIM_VALUE_LENGTH}`)
  } else if (!isWellFormed(value)) {
    mistakes.add(path, 'ill_formed_string', 'holds a lone surrogate, so no token can carry it')
  }
}
