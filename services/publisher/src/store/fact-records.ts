import type { Fact } from '@rescind/protocol'
import type { Draft } from './draft.ts'
import { claimPrefix, factKeyPrefix, idPrefix, issuerPrefix, keyOf, keyRevocationsPrefix } from './keys.ts'

/** The record of the fact at an address. */
export function factRecordKey(address: Buffer): Buffer {
  return keyOf('fact', address)
}

/** All index entries by which a fact is found: each ends with its address. */
export function indexKeysOf(fact: Fact, address: Buffer): readonly Buffer[] {
  return prefixesOf(fact).map((prefix) => Buffer.concat([prefix, address]))
}

/** Adds or takes away all index entries of a fact. */
export function indexFact(draft: Draft, fact: Fact, address: Buffer, present: boolean): void {
  for (const key of indexKeysOf(fact, address)) {
    if (present) draft.addIndex(key)
    else draft.removeIndex(key)
  }
}

function prefixesOf(fact: Fact): Buffer[] {
  if (fact.kind === 'issuer') return [issuerPrefix(fact.iss)]
  const { id, iss, match, mode, kind } = fact
  const prefixes = [idPrefix(id), factKeyPrefix(iss, match, mode, kind)]
  // Lifts are found by their key; only revocations are listed by their claims.
  if (kind === 'lift') return prefixes
  if (Object.hasOwn(match, 'kid')) prefixes.push(keyRevocationsPrefix())
  return prefixes.concat(Object.entries(match).map(([name, value]) => claimPrefix(name, value)))
}
