import {
  type ClaimValue,
  encodeShape,
  type Issuer,
  type Match,
  type Mode,
  type Shape,
  shapeOf,
} from '@rescind/protocol'
import { ShapeSlots } from './shape-slots.ts'
import { EMPTY_SLOT, entriesIn, type Slot } from './slot.ts'
import { encodeValues } from './value-codec.ts'

/** All that is held of one issuer. */
export interface IssuerShelf {
  /** The Issuer fact that counts; it never expires. */
  issuer: Issuer | undefined
  /** By encoded shape. */
  readonly shapes: Map<string, ShapeSlots>
}

/** Where a slot stands: one (issuer, match, mode), encoded once. */
export interface Address {
  readonly iss: string
  readonly names: Shape
  readonly shapeKey: string
  readonly mode: Mode
  readonly key: string
}

/** A slot met on a walk. */
export interface Place {
  readonly address: Address
  readonly slot: Slot
}

/** The address of a parsed issuer, match and mode. */
export function addressOf(iss: string, match: Match, mode: Mode): Address {
  const names = shapeOf(match)
  const key = encodeValues(names.map((name) => match[name] as ClaimValue))
  return { iss, names, shapeKey: encodeShape(names), mode, key }
}

/** Issuers, their shapes, and the slots in them, with a bound on what all slots hold together (R16). */
export class SlotTable {
  readonly #shelves = new Map<string, IssuerShelf>()
  readonly #maxEntries: number
  #size = 0
  #lifts = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  /** Revocations and lifts held. */
  get size(): number {
    return this.#size
  }

  /** The lifts among them. */
  get lifts(): number {
    return this.#lifts
  }

  /** What is held of an issuer. */
  shelf(iss: string): IssuerShelf | undefined {
    return this.#shelves.get(iss)
  }

  /** The shelf of an issuer, put up if there is none. */
  ensureShelf(iss: string): IssuerShelf {
    const held = this.#shelves.get(iss)
    if (held) return held
    const shelf: IssuerShelf = { issuer: undefined, shapes: new Map() }
    this.#shelves.set(iss, shelf)
    return shelf
  }

  /** The slot at an address; an empty one if nothing is held there. */
  get({ iss, shapeKey, mode, key }: Address): Slot {
    return this.#shelves.get(iss)?.shapes.get(shapeKey)?.[mode].get(key) ?? EMPTY_SLOT
  }

  /** Changes what an address holds. False, and nothing is changed, if that needs more room than there is (R16). */
  put(address: Address, slot: Slot): boolean {
    const held = this.get(address)
    const growth = entriesIn(slot) - entriesIn(held)
    if (growth > 0 && this.#size + growth > this.#maxEntries) return false
    const shelf = this.ensureShelf(address.iss)
    const shape = shelf.shapes.get(address.shapeKey) ?? new ShapeSlots(address.names)
    if (shape.isEmpty) shelf.shapes.set(address.shapeKey, shape)
    shape.put(address.mode, address.key, slot)
    this.#size += growth
    this.#lifts += (slot.lift ? 1 : 0) - (held.lift ? 1 : 0)
    if (shape.isEmpty) shelf.shapes.delete(address.shapeKey)
    if (shelf.shapes.size === 0 && !shelf.issuer) this.#shelves.delete(address.iss)
    return true
  }

  /** The Issuer facts that count. */
  *issuers(): Generator<Issuer, void> {
    for (const { issuer } of this.#shelves.values()) if (issuer) yield issuer
  }

  /**
   * Every slot. The table may change between two steps: a slot that stays is met once, others may be missed or met.
   * Maps' own iterators promise that, also for a shape that is emptied and comes back: it comes back at the end.
   */
  *walk(): Generator<Place, void> {
    for (const [iss, { shapes }] of this.#shelves) {
      for (const [shapeKey, shape] of shapes) {
        for (const mode of ['cutoff', 'block'] as const) {
          for (const [key, slot] of shape[mode]) {
            yield { address: { iss, names: shape.names, shapeKey, mode, key }, slot }
          }
        }
      }
    }
  }
}
