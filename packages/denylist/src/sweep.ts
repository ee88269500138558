import type { Swept } from './denylist.ts'
import { entriesIn, withoutExpired } from './slot.ts'
import type { Place, SlotTable } from './slot-table.ts'

/** Walks the table for ever, a few entries at a time: no timer per entry, and no walk that the event loop would feel. */
export class Sweeper {
  readonly #table: SlotTable
  #walk: Generator<Place, void> | undefined

  constructor(table: SlotTable) {
    this.#table = table
  }

  /**
   * Goes on where the last sweep ended. A slot is looked at whole, so `budget` may be passed by its few entries.
   *
   * @param deleteUpToMs what expired at or before it goes; R15 says which time that may be.
   */
  sweep({ deleteUpToMs, budget }: { readonly deleteUpToMs: number; readonly budget: number }): Swept {
    let removed = 0
    for (let looked = 0; looked < budget; ) {
      this.#walk ??= this.#table.walk()
      const { value: place } = this.#walk.next()
      if (!place) {
        this.#walk = undefined
        return { removed, done: true }
      }
      const rest = withoutExpired(place.slot, deleteUpToMs)
      looked += entriesIn(place.slot)
      removed += entriesIn(place.slot) - entriesIn(rest)
      if (rest !== place.slot) this.#table.put(place.address, rest)
    }
    return { removed, done: false }
  }
}
