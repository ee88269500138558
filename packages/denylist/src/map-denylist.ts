import {
  type CheckContext,
  type Fact,
  type Issuer,
  joinIssuers,
  type Lift,
  limits,
  type Match,
  type Mode,
  RescindError,
  type Revocation,
  type Shape,
  type Verdict,
  type VerifiedToken,
} from '@rescind/protocol'
import { check } from './check.ts'
import type { Applied, Denylist, Swept } from './denylist.ts'
import { digest } from './digest.ts'
import { writeImage } from './image.ts'
import { type ImageFacts, readImage } from './image-reader.ts'
import { keptOf } from './kept-facts.ts'
import { entriesIn, isLiftedIn, withFact, withLift } from './slot.ts'
import { addressOf, SlotTable } from './slot-table.ts'
import { Sweeper } from './sweep.ts'

/** Options of {@link createDenylist}. */
export interface DenylistOptions {
  /** Most revocations and lifts held together (R16); 1 to `MAX_ENTRIES`, which is the default. */
  readonly maxEntries?: number
}

/** Makes an empty index. `ERR_INVALID_OPTION` for a bound that is none. */
export function createDenylist(options: DenylistOptions = {}): Denylist {
  const { maxEntries = limits.MAX_ENTRIES } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1 || maxEntries > limits.MAX_ENTRIES) {
    throw new RescindError('ERR_INVALID_OPTION', `maxEntries is an integer from 1 to ${limits.MAX_ENTRIES}`)
  }
  return new MapDenylist(maxEntries)
}

/** The index on `Map`s: exact, with the strings of every match in it. */
class MapDenylist implements Denylist {
  readonly #table: SlotTable
  readonly #sweeper: Sweeper

  constructor(maxEntries: number) {
    this.#table = new SlotTable(maxEntries)
    this.#sweeper = new Sweeper(this.#table)
  }

  apply(fact: Fact): Applied {
    switch (fact.kind) {
      case 'revocation':
        return this.#applyRevocation(fact)
      case 'lift':
        return this.#applyLift(fact)
      case 'issuer':
        return this.#applyIssuer(fact)
    }
  }

  check(token: VerifiedToken, context: CheckContext): Verdict {
    return check(this.#table, token, context)
  }

  sweep(options: { readonly deleteUpToMs: number; readonly budget: number }): Swept {
    return this.#sweeper.sweep(options)
  }

  image(): Generator<Uint8Array, void> {
    return writeImage(this.#table)
  }

  *join(image: Uint8Array): Generator<void, boolean> {
    let all = true
    let read = 0
    for (const line of readImage(image)) {
      if (!this.#joinLine(line)) all = false
      if (++read % limits.SLICE_ENTRIES === 0) yield
    }
    return all
  }

  digest(asOfMs: number, fingerprintKey: string): Generator<void, string> {
    return digest(this.#table, asOfMs, fingerprintKey)
  }

  latestExpiry(iss: string, match: Match, mode: Mode): number | undefined {
    const { facts } = this.#table.get(addressOf(iss, match, mode))
    return facts.length === 0 ? undefined : Math.max(...facts.map((fact) => fact.expiresAtMs))
  }

  shapes(iss: string): readonly Shape[] {
    const shapes = [...(this.#table.shelf(iss)?.shapes.values() ?? [])]
    return shapes.filter((shape) => shape.revocations > 0).map((shape) => shape.names)
  }

  issuer(iss: string): Issuer | undefined {
    return this.#table.shelf(iss)?.issuer
  }

  get size(): number {
    return this.#table.size
  }

  get lifts(): number {
    return this.#table.lifts
  }

  #applyRevocation(fact: Revocation): Applied {
    const address = addressOf(fact.iss, fact.match, fact.mode)
    const slot = this.#table.get(address)
    if (isLiftedIn(slot, fact.atMs)) return 'lifted'
    const joined = withFact(slot, keptOf(fact))
    return joined === slot || this.#table.put(address, joined) ? 'in_force' : 'full'
  }

  #applyLift(fact: Lift): Applied {
    const address = addressOf(fact.iss, fact.match, fact.mode)
    return this.#table.put(address, withLift(this.#table.get(address), fact)) ? 'in_force' : 'full'
  }

  #applyIssuer(fact: Issuer): Applied {
    const shelf = this.#table.ensureShelf(fact.iss)
    shelf.issuer = shelf.issuer ? joinIssuers(shelf.issuer, fact) : fact
    return 'in_force'
  }

  /** The lift comes first: what it removes may make the room that the facts need. */
  #joinLine({ facts, folded }: ImageFacts): boolean {
    const applied = facts.map((fact) => this.apply(fact))
    const [first] = facts
    if (folded && first && first.kind !== 'issuer') {
      const address = addressOf(first.iss, first.match, first.mode)
      const slot = this.#table.get(address)
      if (entriesIn(slot) > 0 && !slot.folded) this.#table.put(address, { ...slot, folded: true })
    }
    return !applied.includes('full')
  }
}
