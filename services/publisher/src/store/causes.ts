import {
  issuerOf,
  keyIdOf,
  type Match,
  type Mode,
  matchesOfShape,
  type Revocation,
  revokesToken,
  type Shape,
  type VerifiedToken,
} from '@rescind/protocol'
import { MAX_CAUSES } from '../limits.ts'
import type { Database } from './database.ts'
import { isOnKey, newestFirst, newestUnder } from './find-facts.ts'
import { factKeyPrefix, keyRevocationsPrefix } from './keys.ts'
import { isUnexpired } from './log-order.ts'
import type { StoredFact } from './store.ts'

/** A question for the causes of a verdict. */
export interface CausesQuery {
  readonly token: VerifiedToken
  readonly nowMs: number
  /** Issuer of tokens that carry no string `iss`. */
  readonly issuer: string | undefined
  /** Shapes of the revocations of an issuer. */
  readonly shapesOf: (iss: string) => readonly Shape[]
}

/** Every live, unlifted revocation that revokes a token (R6), the newest first, at most `MAX_CAUSES`. */
export async function causesOf(database: Database, query: CausesQuery): Promise<readonly StoredFact[]> {
  const { token, nowMs } = query
  const iss = issuerOf(token?.payload, query.issuer)
  if (iss === undefined) return []
  const causes: StoredFact[] = []
  const revokes = (fact: Revocation) => fact.iss === iss && revokesToken(fact, token)
  for (const shape of query.shapesOf(iss)) {
    for await (const facts of candidates(database, iss, shape, token)) {
      const live = facts.filter((stored) => isUnexpired(stored, nowMs))
      for (const stored of live.filter(isRevocation)) {
        if (revokes(stored.fact) && !(await isLiftedAt(database, stored.fact, nowMs))) causes.push(stored)
      }
      // Of the newest so far, so that a key with a million facts does not fill the memory.
      causes.sort(newestFirst).splice(MAX_CAUSES)
    }
  }
  return causes
}

/** Facts of one shape that a token may match: those on the keys that it carries. */
async function* candidates(
  database: Database,
  iss: string,
  shape: Shape,
  token: VerifiedToken,
): AsyncGenerator<readonly StoredFact[]> {
  const isOfKeys = shape.length === 1 && shape[0] === 'kid'
  const { header, kid } = keyIdOf(token)
  if (isOfKeys && kid === undefined) {
    if (header) yield* newestUnder(database, keyRevocationsPrefix())
    return
  }
  const matches: readonly Match[] = isOfKeys ? [{ kid: kid as string }] : matchesOfShape(token, shape)
  for (const match of matches) {
    for (const mode of ['cutoff', 'block'] as const) {
      yield* newestUnder(database, factKeyPrefix(iss, match, mode, 'revocation'))
    }
  }
}

/** R10: a live lift on its key is newer; on a tie the revocation wins. */
export async function isLiftedAt(database: Database, revocation: Revocation, nowMs: number): Promise<boolean> {
  const { iss, match, mode, atMs } = revocation
  const newest = await newestLiftAtMs(database, iss, match, mode, nowMs)
  return newest !== undefined && newest > atMs
}

async function newestLiftAtMs(
  database: Database,
  iss: string,
  match: Match,
  mode: Mode,
  nowMs: number,
): Promise<number | undefined> {
  const isOn = isOnKey(iss, match, mode)
  for await (const lifts of newestUnder(database, factKeyPrefix(iss, match, mode, 'lift'))) {
    const newest = lifts.find((stored) => isOn(stored) && isUnexpired(stored, nowMs))
    if (newest) return newest.fact.atMs
  }
  return undefined
}

/** Narrows a stored fact to a revocation. */
export function isRevocation(stored: StoredFact): stored is StoredFact & { readonly fact: Revocation } {
  return stored.fact.kind === 'revocation'
}
