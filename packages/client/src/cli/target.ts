import type { Match } from '@rescind/protocol'
import { usageFailure } from './failure.ts'
import { claimsOf } from './match-text.ts'
import { nearest } from './nearest.ts'

/** What `revoke` and `lift` can name, and the claim that it is. */
const CLAIMS: Readonly<Record<string, string>> = { jti: 'jti', sub: 'sub', sid: 'sid', client: 'client_id', kid: 'kid' }

/** All kinds of targets. */
export const TARGETS = [...Object.keys(CLAIMS), 'claim', 'all'] as const

/** The matches that `KIND VALUE …` names: one for each id, one of all claims, or that of every token. */
export function matchesOf(kind: string, values: readonly string[]): readonly Match[] {
  if (kind === 'all') {
    if (values.length > 0) throw usageFailure('all stands for every token of the issuer and takes no value')
    return [{}]
  }
  const claim = Object.hasOwn(CLAIMS, kind) ? CLAIMS[kind] : undefined
  if (claim === undefined && kind !== 'claim') throw unknownTarget(kind)
  if (values.length === 0) {
    throw usageFailure(kind === 'claim' ? 'claim: say which, as NAME=VALUE' : `${kind}: say which, such as ${kind} ID`)
  }
  if (claim === undefined) return [claimsOf(values)]
  if (values.includes('')) throw usageFailure(`${kind}: an id is empty; is a variable of the shell not set?`)
  return values.map((value) => ({ [claim]: value }))
}

function unknownTarget(kind: string): Error {
  const meant = nearest(kind, TARGETS)
  const hint = meant === undefined ? `it is one of ${TARGETS.join(', ')}` : `did you mean ${meant}?`
  return usageFailure(`${JSON.stringify(kind)} is nothing that can be named: ${hint}`)
}
