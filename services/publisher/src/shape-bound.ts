import type { Denylist } from '@rescind/denylist'
import { encodeShape, type Fact, limits, type Match, type Mistake, shapeOf } from '@rescind/protocol'

/** A match of a request, and the JSON pointer of the object it stands in. */
export interface RequestedMatch {
  readonly iss: string
  readonly match: Match
  readonly base: string
}

/**
 * R2: at most 64 shapes are live per issuer, because every check probes each. Counts those in force, those that wait
 * for their frame, and those of the request itself.
 */
export function shapeMistakes(
  requested: readonly RequestedMatch[],
  denylist: Denylist,
  waiting: () => Iterable<Fact>,
): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const live = new Map<string, Set<string>>()
  let waited: Map<string, Set<string>> | undefined
  for (const { iss, match, base } of requested) {
    const shapes = live.get(iss) ?? liveShapes(iss, denylist)
    live.set(iss, shapes)
    const shape = encodeShape(shapeOf(match))
    if (shapes.has(shape)) continue
    // Once for all that is requested: thousands of facts may wait, and thousands of shapes may be new.
    waited ??= shapesByIssuer(waiting())
    for (const one of waited.get(iss) ?? []) shapes.add(one)
    if (shapes.has(shape) || shapes.size < limits.MAX_SHAPES) shapes.add(shape)
    else mistakes.push(tooMany(base))
    if (mistakes.length === limits.MAX_MISTAKES) break
  }
  return mistakes
}

function shapesByIssuer(facts: Iterable<Fact>): Map<string, Set<string>> {
  const byIssuer = new Map<string, Set<string>>()
  for (const fact of facts) {
    if (fact.kind !== 'revocation') continue
    const shapes = byIssuer.get(fact.iss) ?? new Set()
    byIssuer.set(fact.iss, shapes.add(encodeShape(shapeOf(fact.match))))
  }
  return byIssuer
}

function liveShapes(iss: string, denylist: Denylist): Set<string> {
  return new Set(denylist.shapes(iss).map(encodeShape))
}

function tooMany(base: string): Mistake {
  const detail = `${limits.MAX_SHAPES} sets of claim names are in use for this issuer already, and this one is new: use one of those`
  return { pointer: `${base}/match`, code: 'too_many_shapes', detail }
}
