import type { ClaimValue, Match } from '@rescind/protocol'
import { usageFailure } from './failure.ts'

/** `sub=ann client_id=app`; a text that could be taken for a number or a truth value is quoted, since `"42"` is not `42` (R1). */
export function matchText(match: Match): string {
  const claims = Object.entries(match).map(([name, value]) => `${name}=${valueText(value)}`)
  return claims.length === 0 ? '(every token)' : claims.join(' ')
}

function valueText(value: ClaimValue): string {
  if (typeof value !== 'string') return String(value)
  return value === '' || /["\s]/.test(value) || claimValue(value) !== value ? JSON.stringify(value) : value
}

/** `NAME=VALUE` as a claim. Numbers, `true` and `false` are such; everything else is a text, also what stands in quotes. */
export function claimOf(text: string): [string, ClaimValue] {
  const at = text.indexOf('=')
  if (at < 1)
    throw usageFailure(`${JSON.stringify(text)} is no claim: write NAME=VALUE, such as device_id=d1 or level=3`)
  return [text.slice(0, at), claimValue(text.slice(at + 1))]
}

function claimValue(text: string): ClaimValue {
  if (!/^(-?\d+|true|false|".*")$/s.test(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'number' && !Number.isSafeInteger(value) ? text : (value as ClaimValue)
  } catch {
    return text
  }
}

/** Claims from `NAME=VALUE …`; one name twice is a mistake. */
export function claimsOf(texts: readonly string[]): Match {
  const claims = texts.map(claimOf)
  const names = claims.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw usageFailure(`the claim ${twice} is given twice: a match has each once`)
  return Object.fromEntries(claims)
}
