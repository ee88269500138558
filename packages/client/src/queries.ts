import { isPlainObject, type Mistake, RescindError } from '@rescind/protocol'
import {
  DEFAULT_PAGE,
  DEFAULT_WAIT_MS,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_MIN_REPLICAS,
  MAX_PAGE,
  MAX_WAIT_MS,
} from './limits.ts'
import type { ListQuery, WaitOptions } from './requests.ts'

const VISIBLE = /^[\x21-\x7e]+$/

/** A random idempotency key, or the caller's own, looked at: `ERR_INVALID_OPTION`. */
export function keyOf(given: string | undefined): string {
  if (given === undefined) return crypto.randomUUID()
  if (typeof given === 'string' && given.length <= MAX_IDEMPOTENCY_KEY_LENGTH && VISIBLE.test(given)) return given
  throw invalid([['idempotencyKey', `must be 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters`]])
}

/** The query of a write that may wait, and how much longer its attempt may take for it. */
export function waitQuery(options: WaitOptions): { readonly query: string; readonly extraMs: number } {
  const { wait, timeoutMs, minReplicas } = options
  if (wait === undefined) {
    const idle = Object.entries({ timeoutMs, minReplicas }).filter(([, value]) => value !== undefined)
    if (idle.length > 0) throw invalid(idle.map(([name]) => [name, "is of use only with wait: 'enforced'"]))
    return { query: '', extraMs: 0 }
  }
  const mistakes: [string, string][] = []
  if (wait !== 'enforced') mistakes.push(['wait', "must be 'enforced', or left out"])
  if (!isWhole(timeoutMs, 0, MAX_WAIT_MS)) mistakes.push(['timeoutMs', `must be 0 to ${MAX_WAIT_MS}`])
  if (!isWhole(minReplicas, 1, MAX_MIN_REPLICAS)) mistakes.push(['minReplicas', `must be 1 to ${MAX_MIN_REPLICAS}`])
  if (mistakes.length > 0) throw invalid(mistakes)
  const given = Object.entries({ wait, timeoutMs, minReplicas }).filter(([, value]) => value !== undefined)
  const query = `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`
  return { query, extraMs: timeoutMs ?? DEFAULT_WAIT_MS }
}

function isWhole(value: number | undefined, least: number, most: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= least && value <= most)
}

/** The query of a list. Claims are written as JSON, so that `"42"` and `42` stay apart (R1). */
export function listQuery(query: ListQuery, cursor: string | undefined): string {
  const { iss, claims, mode, reason, actor, from, to, state, pageSize = DEFAULT_PAGE } = query
  if (!isWhole(pageSize, 1, MAX_PAGE)) throw invalid([['pageSize', `must be 1 to ${MAX_PAGE}`]])
  if (claims !== undefined && !isPlainObject(claims)) throw invalid([['claims', 'must be an object']])
  const parameters = new URLSearchParams()
  const named = { iss, mode, reason, actor, from, to, state, limit: pageSize, cursor }
  for (const [name, value] of Object.entries(named)) if (value !== undefined) parameters.set(name, String(value))
  for (const [name, value] of Object.entries(claims ?? {})) parameters.set(`claim.${name}`, JSON.stringify(value))
  return `?${parameters}`
}

/** `ERR_INVALID_OPTION` with all that is wrong. */
export function invalid(wrong: readonly (readonly [string, string])[]): RescindError {
  const mistakes = wrong.map(([name, detail]): Mistake => ({ pointer: `/${name}`, code: 'invalid_option', detail }))
  return new RescindError('ERR_INVALID_OPTION', wrong.map((each) => each.join(' ')).join('; '), { mistakes })
}
