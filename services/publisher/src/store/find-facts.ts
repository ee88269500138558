import { encodeMatch, type Fact, type Match, type Mode } from '@rescind/protocol'
import type { Database } from './database.ts'
import { storedFactOf } from './fact-codec.ts'
import { factRecordKey } from './fact-records.ts'
import { factKeyPrefix, idPrefix } from './keys.ts'
import { unseal } from './sealed.ts'
import type { StoredFact } from './store.ts'
import { addressIn, slices, under } from './walk.ts'

/** The facts under an id, the newest first. */
export async function factsById(database: Database, id: string): Promise<StoredFact[]> {
  const found: StoredFact[] = []
  for await (const facts of newestUnder(database, idPrefix(id))) found.push(...facts)
  return found.filter(({ fact }) => fact.kind !== 'issuer' && fact.id === id)
}

/** The facts on one key, the newest first. */
export async function factsOnKey(database: Database, iss: string, match: Match, mode: Mode): Promise<StoredFact[]> {
  const found: StoredFact[] = []
  for (const kind of ['revocation', 'lift'] as const) {
    const prefix = factKeyPrefix(iss, match, mode, kind)
    for await (const facts of newestUnder(database, prefix)) found.push(...facts.filter(isOnKey(iss, match, mode)))
  }
  return found.sort(newestFirst)
}

/** True for the facts of an issuer, match and mode: index entries know them by a short hash only. */
export function isOnKey(iss: string, match: Match, mode: Mode): (stored: StoredFact) => boolean {
  const wanted = encodeMatch(iss, match)
  return ({ fact }) => fact.kind !== 'issuer' && fact.mode === mode && encodeMatch(fact.iss, fact.match) === wanted
}

/** The facts whose index entries begin with a prefix, the newest first, in slices. */
export async function* newestUnder(database: Database, prefix: Buffer): AsyncGenerator<readonly StoredFact[]> {
  for await (const slice of slices(database, { ...under(prefix), reverse: true })) {
    const facts = await factsAt(
      database,
      slice.map(([key]) => addressIn(key)),
    )
    yield facts.flatMap((stored) => stored ?? [])
  }
}

/** The facts at some addresses; one that was forgotten since its address was read is undefined. */
export async function factsAt(
  database: Database,
  addresses: readonly Buffer[],
): Promise<readonly (StoredFact | undefined)[]> {
  const keys = addresses.map(factRecordKey)
  const values = await database.getMany(keys)
  return values.map((value, at) => value && storedFactOf(unseal(keys[at] as Buffer, value)))
}

/** Orders facts by their `at`, the newest first. */
export function newestFirst(a: { readonly fact: Fact }, b: { readonly fact: Fact }): number {
  return b.fact.atMs - a.fact.atMs
}
