import type { Act, Token } from './history.ts'

/** R4: a block reaches every token; a cutoff those issued in its second or before. One of unknown time may reach any. */
export function reaches(act: Act, token: Token): boolean {
  if (act.mode === 'block' || act.issuedBeforeMs === undefined) return true
  return token.iat <= Math.floor(act.issuedBeforeMs / 1000)
}

/** What a lift shares with the revocations that it lifts (R10): match and mode, and there is one issuer here. */
export function keyOf({ match, mode }: Pick<Act, 'match' | 'mode'>): string {
  return JSON.stringify([mode, ...Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1))])
}

/** Finds the acts that bear on a token (R1: claims are compared exactly) without looking at all of them. */
export class ActsByMatch {
  /** By the claim names of a match, and then by their values. */
  readonly #shapes = new Map<string, { readonly names: readonly string[]; readonly byValues: Map<string, Act[]> }>()

  constructor(acts: Iterable<Act>) {
    for (const act of acts) {
      const names = Object.keys(act.match).sort()
      const shape = this.#shapes.get(names.join()) ?? { names, byValues: new Map<string, Act[]>() }
      this.#shapes.set(names.join(), shape)
      const values = valuesOf(act.match, names)
      const there = shape.byValues.get(values)
      if (there) there.push(act)
      else shape.byValues.set(values, [act])
    }
  }

  /** Those whose match the token carries. */
  on(token: Token): Act[] {
    return [...this.#shapes.values()].flatMap(
      ({ names, byValues }) => byValues.get(valuesOf(token.claims, names)) ?? [],
    )
  }
}

function valuesOf(claims: Readonly<Record<string, string>>, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => claims[name]))
}
