import {
  type ClaimValue,
  isClaimName,
  isClaimValue,
  isTimeMs,
  isWellFormed,
  limits,
  type Match,
  type Mistake,
  parseRfc3339,
  REASONS,
} from '@rescind/protocol'
import { DEFAULT_LIST_PAGE, MAX_LIST_PAGE } from './limits.ts'
import { Problem } from './problems.ts'
import { isPageCursor } from './store/list-revocations.ts'
import type { ListQuery } from './store/store.ts'

/** What a query parameter begins with that names a claim of the match: `claim.sub=ann`. */
export const CLAIM_PREFIX = 'claim.'

/** What revocations may be found by; `live` is what counts now. */
export const LISTED_STATES = ['live', 'lifted', 'expired'] as const

type Given = Readonly<Record<string, unknown>>

/** Reads the parameters of a list, of which nothing is trusted. Throws a problem with all mistakes at once. */
export function parseListQuery(given: Given, nowMs: number): ListQuery {
  const reader = new ParameterReader(given)
  const claims = reader.claims()
  const wanted = {
    iss: reader.text('iss', limits.MAX_ISSUER_LENGTH),
    mode: reader.oneOf('mode', ['cutoff', 'block'] as const),
    reason: reader.oneOf('reason', REASONS),
    actor: reader.text('actor', limits.MAX_PRINCIPAL_LENGTH),
    ...reader.range(),
    state: reader.oneOf('state', LISTED_STATES),
    after: reader.cursor(),
  }
  const limit = reader.limit()
  reader.throwMistakes()
  const present = Object.entries(wanted).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(present), ...(claims && { claims }), nowMs, limit }
}

/** Reads `from` and `to`, RFC 3339 both, of which nothing is trusted. Throws a problem with all mistakes at once. */
export function parseTimeRange(given: Given): { readonly fromMs?: number; readonly toMs?: number } {
  const reader = new ParameterReader(given)
  const { fromMs, toMs } = reader.range()
  reader.throwMistakes()
  return { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) }
}

/** Reads one parameter after the other, and collects what is wrong with them. */
class ParameterReader {
  readonly #given: Given
  readonly #mistakes: Mistake[] = []

  constructor(given: Given) {
    this.#given = given
  }

  text(name: string, maxLength: number): string | undefined {
    const value = this.#once(name)
    if (value === undefined || (value !== '' && value.length <= maxLength)) return value
    return this.#wrong(`?${name} has 1 to ${maxLength} characters`)
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.#once(name)
    const found = values.find((one) => one === value)
    return value === undefined || found !== undefined ? found : this.#wrong(`?${name} is one of ${values.join(', ')}`)
  }

  range(): { readonly fromMs: number | undefined; readonly toMs: number | undefined } {
    const fromMs = this.#time('from')
    const toMs = this.#time('to')
    if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
      this.#wrong('?from must be before ?to, which is not included')
    }
    return { fromMs, toMs }
  }

  limit(): number {
    const value = this.#once('limit')
    if (value === undefined) return DEFAULT_LIST_PAGE
    if (/^\d{1,4}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_LIST_PAGE) return Number(value)
    this.#wrong(`?limit is 1 to ${MAX_LIST_PAGE}`)
    return DEFAULT_LIST_PAGE
  }

  cursor(): string | undefined {
    const value = this.#once('cursor')
    return value === undefined || isPageCursor(value) ? value : this.#wrong('?cursor is the "next" of an earlier page')
  }

  claims(): Match | undefined {
    const parameters = Object.keys(this.#given).filter((name) => name.startsWith(CLAIM_PREFIX))
    if (parameters.length === 0) return undefined
    const { MAX_MATCH_CLAIMS } = limits
    if (parameters.length > MAX_MATCH_CLAIMS) this.#wrong(`a match has at most ${MAX_MATCH_CLAIMS} claims`)
    const claims: [string, ClaimValue][] = []
    for (const parameter of parameters.slice(0, MAX_MATCH_CLAIMS + 1)) {
      const name = parameter.slice(CLAIM_PREFIX.length)
      if (!isClaimName(name)) {
        this.#wrong(`?${parameter.slice(0, 64)} names no claim: 1 to ${limits.MAX_CLAIM_NAME_LENGTH} characters`)
        continue
      }
      const value = this.#once(parameter)
      const claim = value === undefined ? undefined : claimOf(value)
      if (claim !== undefined) claims.push([name, claim])
      else if (value !== undefined) {
        const rule =
          'text, a whole number of at most 2^53 - 1, true or false; put text that looks like a number in quotes'
        this.#wrong(`?${parameter.slice(0, 64)} is ${rule}`)
      }
    }
    return Object.fromEntries(claims)
  }

  throwMistakes(): void {
    if (this.#mistakes.length === 0) return
    const errors = this.#mistakes.slice(0, limits.MAX_MISTAKES)
    throw new Problem('invalid_parameter', errors.map(({ detail }) => detail).join('; '), { errors })
  }

  #time(name: string): number | undefined {
    const value = this.#once(name)
    if (value === undefined) return undefined
    const ms = value.length > limits.MAX_TIME_TEXT_LENGTH ? undefined : parseRfc3339(value)
    if (ms !== undefined && isTimeMs(ms)) return ms
    return this.#wrong(`?${name} is an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z; "+" is written %2B`)
  }

  #once(name: string): string | undefined {
    const value = this.#given[name]
    if (value === undefined || typeof value === 'string') return value
    return this.#wrong(`?${name.slice(0, 64)} is given once`)
  }

  #wrong(detail: string): undefined {
    this.#mistakes.push({ pointer: '', code: 'invalid_parameter', detail })
  }
}

/** The value of a claim as a parameter gives it: as JSON if it is a number, a boolean or quoted text; else the text itself. */
function claimOf(text: string): ClaimValue | undefined {
  let value: unknown = text
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object') value = json
  } catch {
    // It is the text itself.
  }
  return isClaimValue(value) && isWellFormed(String(value)) ? value : undefined
}
