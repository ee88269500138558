import { limits, type Mode, type Shape } from '@rescind/protocol'
import { EMPTY_SLOT, entriesIn, type Slot } from './slot.ts'
import { inOnePiece } from './value-codec.ts'

/** The slots of one shape (R2): of all matches of one issuer that name the same claims. */
export class ShapeSlots {
  readonly names: Shape
  /** By the encoded values of the match, in the order of `names`. */
  readonly cutoff = new Map<string, Slot>()
  readonly block = new Map<string, Slot>()
  #revocations = 0
  /** No revocation here expires later; one that did may have been lifted since. */
  #latestExpiryMs = 0

  constructor(names: Shape) {
    this.names = names
  }

  /** Revocations held, expired ones that no sweep has met yet among them. */
  get revocations(): number {
    return this.#revocations
  }

  /** True for `{ kid }`, which is looked for in the header (R5). */
  get namesKey(): boolean {
    return this.names.includes('kid')
  }

  get isEmpty(): boolean {
    return this.cutoff.size === 0 && this.block.size === 0
  }

  /** Puts a slot in its place; an empty one leaves it. */
  put(mode: Mode, key: string, slot: Slot): void {
    const held = this[mode].get(key) ?? EMPTY_SLOT
    if (entriesIn(slot) === 0) this[mode].delete(key)
    else this[mode].set(held === EMPTY_SLOT ? inOnePiece(key) : key, slot)
    this.#revocations += slot.facts.length - held.facts.length
    for (const fact of slot.facts) this.#latestExpiryMs = Math.max(this.#latestExpiryMs, fact.expiresAtMs)
    if (this.#revocations === 0) this.#latestExpiryMs = 0
  }

  /**
   * Does a revocation of this shape live? Nearly always the first slot answers. Where thousands have expired that no
   * sweep has met, it looks at one slice and then says yes: `unknown` rather than `active` (R2).
   */
  hasLive(nowMs: number): boolean {
    if (this.#revocations === 0 || this.#latestExpiryMs <= nowMs) return false
    let looked = 0
    for (const slots of [this.block, this.cutoff]) {
      for (const slot of slots.values()) {
        if (slot.facts.some((fact) => nowMs < fact.expiresAtMs)) return true
        if (++looked >= limits.SLICE_ENTRIES) return true
      }
    }
    return false
  }
}
