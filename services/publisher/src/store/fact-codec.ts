import { type Exceptions, type Fact, type Match, shapeOf } from '@rescind/protocol'
import { ADDRESS_BYTES, hashOf, timeBytes } from './keys.ts'
import type { StoredFact } from './store.ts'

/** A fact as a row of JSON: its fields in a fixed order without their names, so that equal facts are equal text. */
export type FactRow = readonly unknown[]

/** Makes the row of a fact. */
export function rowOf(fact: Fact): FactRow {
  if (fact.kind === 'issuer') {
    const { iss, atMs, maxExpiryMs, maxSessionMs, clockSkewMs, leewayMs } = fact
    return ['i', atMs, iss, maxExpiryMs, maxSessionMs, clockSkewMs, leewayMs]
  }
  const { atMs, iss, id, match, mode, expiresAtMs, actor, note } = fact
  const common = [atMs, iss, id, matchRow(match), mode === 'block' ? 1 : 0, expiresAtMs, actor, note ?? null]
  if (fact.kind === 'lift') return ['l', ...common]
  const { reason, onBehalfOf, issuedBeforeMs, except } = fact
  return ['r', ...common, reason, onBehalfOf ?? null, issuedBeforeMs ?? null, exceptRow(except)]
}

/** Reads a row again. What it reads has been compared with its checksum, so it is what {@link rowOf} wrote. */
export function factOf(row: FactRow): Fact {
  return (row[0] === 'i' ? issuerOf(row) : datedOf(row)) as unknown as Fact
}

/**
 * Where a fact's record lies: facts sort by their `at`; two are at one address only if they are equal.
 *
 * @param text the fact's row, as JSON.
 */
export function addressOf(fact: Fact, text: string): Buffer {
  const time = timeBytes(fact.atMs)
  return Buffer.concat([time, hashOf(text, ADDRESS_BYTES - time.length)])
}

/** A location as it is stored behind a fact's row. */
export function locationRow({ epoch, seq, storedAtMs, own }: StoredFact['location']): readonly unknown[] {
  return [epoch, seq, storedAtMs, own ? 1 : 0]
}

/** Reads what a fact's record holds. */
export function storedFactOf(json: unknown): StoredFact {
  const [row, [epoch, seq, storedAtMs, own]] = json as [FactRow, [string, number, number, number]]
  return { fact: factOf(row), location: { epoch, seq, storedAtMs, own: own === 1 } }
}

function matchRow(match: Match): unknown[] {
  return shapeOf(match).flatMap((name) => [name, match[name]])
}

function exceptRow(except: Exceptions | undefined): unknown[] | null {
  return except ? [except.jti ?? null, except.sid ?? null] : null
}

function issuerOf(row: readonly unknown[]): Record<string, unknown> {
  const [, atMs, iss, maxExpiryMs, maxSessionMs, clockSkewMs, leewayMs] = row
  return { kind: 'issuer', iss, maxExpiryMs, maxSessionMs, clockSkewMs, leewayMs, atMs }
}

function datedOf(row: readonly unknown[]): Record<string, unknown> {
  const [kind, atMs, iss, id, claims, mode, expiresAtMs, actor, note, reason, onBehalfOf, issuedBeforeMs, except] = row
  const common = {
    id,
    iss,
    match: matchOf(claims as FactRow),
    mode: mode === 1 ? 'block' : 'cutoff',
    atMs,
    expiresAtMs,
    actor,
  }
  const noted = note === null ? common : { ...common, note }
  if (kind === 'l') return { kind: 'lift', ...noted }
  return {
    kind: 'revocation',
    ...noted,
    reason,
    ...(onBehalfOf === null ? {} : { onBehalfOf }),
    ...(issuedBeforeMs === null ? {} : { issuedBeforeMs }),
    ...(except === null ? {} : { except: exceptOf(except as readonly unknown[]) }),
  }
}

function matchOf(claims: FactRow): Record<string, unknown> {
  const match: Record<string, unknown> = {}
  for (let at = 0; at < claims.length; at += 2) match[claims[at] as string] = claims[at + 1]
  return match
}

function exceptOf([jti, sid]: readonly unknown[]): Record<string, unknown> {
  return { ...(jti === null ? {} : { jti }), ...(sid === null ? {} : { sid }) }
}
