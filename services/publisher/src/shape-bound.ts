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
  const known = new Map<string, Set<string>>()
  for (const { iss, match, base } of requested) {
    const shapes = known.get(iss) ?? liveShapes(iss, denylist)
    known.set(iss, shapes)
    const shape = encodeShape(shapeOf(match))
    if (shapes.has(shape)) continue
    for (const fact of waiting()) {
      if (fact.kind === 'revocation' && fact.iss === iss) shapes.add(encodeShape(shapeOf(fact.match)))
    }
    if (shapes.has(shape) || shapes.size < limits.MAX_SHAPES) shapes.add(shape)
    else if (mistakes.length < limits.MAX_MISTAKES) mistakes.push(tooMany(base))
  }
  return mistakes
}

function liveShapes(iss: string, denylist: Denylist): Set<string> {
  return new Set(denylist.shapes(iss).map(encodeShape))
}

function tooMany(base: string): Mistake {
  const detail = `${limits.MAX_SHAPES} sets of claim names are in use for this issuer already, and this one is new: use one of those`
  return { pointer: `${base}/match`, code: 'too_many_shapes', detail }
}
