import type { Cursor } from '@rescind/protocol'
import { MAX_CONFIRMATIONS_KEPT } from './limits.ts'

/** A replica has said, at this time on the monotonic clock, that everything up to this sequence is applied. */
interface Mark {
  readonly seq: number
  readonly atMs: number
}

interface Confirmed {
  readonly epoch: string
  /** Sequences and times rise. */
  readonly marks: Mark[]
}

/** What each replica has confirmed, and when that was heard. */
export class Confirmations {
  readonly #ofPlace = new Map<string, Confirmed>()

  /** The replica at `place` has applied everything up to a cursor of ours. What it confirmed of another epoch is forgotten. */
  note(place: string, { epoch, seq }: Cursor, atMs: number): void {
    const known = this.#ofPlace.get(place)
    if (known?.epoch !== epoch) {
      this.#ofPlace.set(place, { epoch, marks: [{ seq, atMs }] })
      return
    }
    if (seq <= (known.marks.at(-1)?.seq ?? 0)) return
    known.marks.push({ seq, atMs })
    if (known.marks.length > MAX_CONFIRMATIONS_KEPT) known.marks.shift()
  }

  /** When the replica at `place` was first heard to have applied this cursor, at the latest; undefined if it was not. */
  heardAtMs(place: string, { epoch, seq }: Cursor): number | undefined {
    const known = this.#ofPlace.get(place)
    if (known?.epoch !== epoch) return undefined
    return known.marks.find((mark) => mark.seq >= seq)?.atMs
  }

  /** The replica is off the list: what it said counts no longer. */
  forget(place: string): void {
    this.#ofPlace.delete(place)
  }
}
