import { encodeShape, type Fact, type Shape, shapeOf } from '@rescind/protocol'

/**
 * How many revocations of each shape every issuer has in the Store. A token is looked up once for each; publishing keeps
 * the live ones below `MAX_SHAPES`.
 */
export class ShapeCounts {
  readonly #issuers = new Map<string, Map<string, { readonly shape: Shape; count: number }>>()

  /** A fact came, or went. */
  count(fact: Fact, present: boolean): void {
    if (fact.kind !== 'revocation') return
    const shape = shapeOf(fact.match)
    const name = encodeShape(shape)
    const shapes = this.#issuers.get(fact.iss) ?? new Map<string, { readonly shape: Shape; count: number }>()
    const entry = shapes.get(name) ?? { shape, count: 0 }
    entry.count += present ? 1 : -1
    if (entry.count > 0) shapes.set(name, entry)
    else shapes.delete(name)
    if (shapes.size > 0) this.#issuers.set(fact.iss, shapes)
    else this.#issuers.delete(fact.iss)
  }

  /** Shapes of an issuer's revocations. */
  of(iss: string): readonly Shape[] {
    return [...(this.#issuers.get(iss)?.values() ?? [])].map(({ shape }) => shape)
  }
}
