import { MAX_CLAIM_NAME_LENGTH, MAX_CLAIM_VALUE_LENGTH } from './limits.ts'

/** What a claim of a match may be (R1): a well-formed string of at most 1,024 code units, a safe integer, or a boolean. */
export type ClaimValue = string | number | boolean

/**
 * The claims a token must carry, all of them, 0 to 8. `{}` is every token of the issuer. `kid` is the id of the key
 * that verified the signature (the token's header) and stands alone; every other name is a payload claim.
 */
export type Match = Readonly<Record<string, ClaimValue>>

/** The set of claim names of a match, sorted by UTF-16 code units. Only shapes with live facts are probed (R2). */
export type Shape = readonly string[]

// A lone surrogate: a high one without its low one after it, or a low one without its high one before it.
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** True if every surrogate has its partner (R1). Node 20 has `isWellFormed`, TypeScript's ES2023 library does not. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text)
}

/** True for a value that a match may hold, and so for an element of a token's claim that can match (R1, R2). */
export function isClaimValue(value: unknown): value is ClaimValue {
  if (typeof value === 'string') return value.length <= MAX_CLAIM_VALUE_LENGTH && isWellFormed(value)
  return typeof value === 'boolean' || Number.isSafeInteger(value)
}

// Control characters of C0, DEL and C1: no claim name holds one, and a log line must not.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/** True for a name that a match may hold: 1 to 128 code units, well-formed, no control characters, not `__proto__`. */
export function isClaimName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= MAX_CLAIM_NAME_LENGTH &&
    name !== '__proto__' &&
    !CONTROL.test(name) &&
    isWellFormed(name)
  )
}

/** The shape of a match. Input must be a parsed match. */
export function shapeOf(match: Match): Shape {
  return Object.keys(match).sort(byCodeUnits)
}

/** Orders strings by UTF-16 code units (R1), never by locale. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The canonical encoding of one claim value: its type, then for a string its length in code units. `"42"`, `42` and
 * `true` differ (R1), and nothing that follows can be taken for part of it.
 */
export function encodeValue(value: ClaimValue): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value === 'boolean') return value ? 't' : 'f'
  // -0 is written as 0: the two are one number (R1).
  return `i${value};`
}

/** The canonical encoding of a shape: the number of names, then each with its length, in sorted order. */
export function encodeShape(shape: Shape): string {
  let text = `${shape.length};`
  for (const name of shape) text += `${name.length}:${name}`
  return text
}

/**
 * The canonical encoding of issuer and match that everything keys on and that is hashed (R1): typed, length-prefixed,
 * names sorted. Two matches have the same encoding only if they are equal. SPEC.md has test vectors.
 * Input must be a parsed issuer and match.
 */
export function encodeMatch(iss: string, match: Match): string {
  const shape = shapeOf(match)
  let text = encodeValue(iss) + encodeShape(shape)
  for (const name of shape) text += encodeValue(match[name] as ClaimValue)
  return text
}
