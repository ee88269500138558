import type { Mistake } from '@rescind/protocol'
import { Problem } from './problems.ts'

/** Parameters of later releases: refused by name, because ignoring one would promise what does not happen. */
const LATER: ReadonlySet<string> = new Set(['dryRun'])

/** Refuses every query parameter that the route does not take, all at once. */
export function checkQuery(query: unknown, known: readonly string[]): void {
  const strange = Object.keys(query as object).filter((name) => !known.includes(name))
  if (strange.length === 0) return
  const later = strange.some((name) => LATER.has(name))
  const errors = strange.slice(0, 16).map((name): Mistake => {
    const parameter = name.slice(0, 64)
    return LATER.has(name)
      ? { pointer: '', code: 'not_supported', detail: `?${parameter} is not supported by this release: leave it out` }
      : { pointer: '', code: 'unknown_parameter', detail: `?${parameter} is not a parameter of this call` }
  })
  const named = errors.map(({ detail }) => detail).join('; ')
  throw new Problem(later ? 'not_supported' : 'unknown_parameter', named, { errors })
}
