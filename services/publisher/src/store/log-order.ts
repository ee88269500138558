import { byCodeUnits } from '@rescind/protocol'
import { STORE_SLICE } from '../limits.ts'
import type { Database } from './database.ts'
import type { StoredFact } from './store.ts'
import { allFacts } from './walk.ts'

/**
 * The facts that `wanted` names, by their `at` and then their id, in slices. Facts lie in the order of their `at`, so only
 * those of one time are held until the next: those of a few frames.
 */
export async function* inLogOrder(
  database: Database,
  wanted: (stored: StoredFact) => boolean,
): AsyncGenerator<readonly StoredFact[]> {
  let slice: StoredFact[] = []
  let sameTime: StoredFact[] = []
  for await (const facts of allFacts(database)) {
    for (const stored of facts) {
      if (!wanted(stored)) continue
      if (sameTime[0] && sameTime[0].fact.atMs !== stored.fact.atMs) {
        slice.push(...sameTime.sort(byId))
        sameTime = []
      }
      sameTime.push(stored)
    }
    if (slice.length < STORE_SLICE) continue
    yield slice
    slice = []
  }
  slice.push(...sameTime.sort(byId))
  if (slice.length > 0) yield slice
}

function byId(a: StoredFact, b: StoredFact): number {
  return byCodeUnits(idOf(a), idOf(b))
}

/** An Issuer fact has no id: it comes first. */
function idOf({ fact }: StoredFact): string {
  return fact.kind === 'issuer' ? '' : fact.id
}

/** R13: it counts while the clock is below its expiry; an Issuer fact never expires. */
export function isUnexpired({ fact }: StoredFact, nowMs: number): boolean {
  return fact.kind === 'issuer' || nowMs < fact.expiresAtMs
}
