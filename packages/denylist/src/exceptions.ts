import { byCodeUnits, type ClaimValue, type Exceptions, encodeValue, isClaimValue } from '@rescind/protocol'
import { decodeValues } from './value-codec.ts'

/**
 * The exceptions of one fact (R7) in canonical form: each as the first letter of its claim's name and its encoded
 * value, sorted, without duplicates. Two facts except the same tokens only if these lists are equal.
 */
export type ExceptionList = readonly string[]

/** Shared by all facts that except nothing: nearly all of them. */
export const NO_EXCEPTIONS: ExceptionList = []

const CLAIMS = ['jti', 'sid'] as const

/** Puts the exceptions of a parsed fact into canonical form. */
export function canonicalExceptions(except: Exceptions | undefined): ExceptionList {
  if (except === undefined) return NO_EXCEPTIONS
  const all = new Set<string>()
  for (const name of CLAIMS) for (const value of except[name] ?? []) all.add(encodeException(name, value))
  return all.size === 0 ? NO_EXCEPTIONS : [...all].sort(byCodeUnits)
}

/** The same exceptions as a fact states them, or undefined if there are none. */
export function statedExceptions(list: ExceptionList): Exceptions | undefined {
  if (list.length === 0) return undefined
  const stated: { jti?: ClaimValue[]; sid?: ClaimValue[] } = {}
  for (const name of CLAIMS) {
    const values = list
      .filter((entry) => entry.startsWith(name.charAt(0)))
      .flatMap((entry) => decodeValues(entry.slice(1)))
    if (values.length > 0) stated[name] = values
  }
  return stated
}

/** Is every exception of `a` one of `b`? */
export function exceptsNoMore(a: ExceptionList, b: ExceptionList): boolean {
  return a === b || a.every((entry) => b.includes(entry))
}

/** R7: does the list name the token's own `jti` or `sid`? An array is no session id: it is not excepted. Reads verified claims. */
export function isExcepted(list: ExceptionList, payload: Readonly<Record<string, unknown>>): boolean {
  if (list.length === 0) return false
  return CLAIMS.some((name) => {
    const own = Object.hasOwn(payload, name) ? payload[name] : undefined
    return isClaimValue(own) && list.includes(encodeException(name, own))
  })
}

function encodeException(name: 'jti' | 'sid', value: ClaimValue): string {
  return name.charAt(0) + encodeValue(value)
}
