import type { Mistake } from '@rescind/protocol'
import { Problem } from './problems.ts'

/**
 * Refuses every query parameter that the route does not take, all at once: ignoring one would promise what does not happen.
 *
 * @param known names; one that ends in `*` stands for all that begin so.
 */
export function checkQuery(query: unknown, known: readonly string[]): void {
  const strange = Object.keys(query as object).filter((name) => !known.some((one) => isMeant(one, name)))
  if (strange.length === 0) return
  const errors = strange.slice(0, 16).map((name): Mistake => {
    return { pointer: '', code: 'unknown_parameter', detail: `?${name.slice(0, 64)} is not a parameter of this call` }
  })
  const named = errors.map(({ detail }) => detail).join('; ')
  throw new Problem('unknown_parameter', named, { errors })
}

function isMeant(known: string, name: string): boolean {
  return known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : known === name
}
