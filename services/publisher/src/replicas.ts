import type { Presence } from '@rescind/log'
import { type Clock, formatRfc3339, limits } from '@rescind/protocol'
import { SILENT_REPLICA_KEPT_MS } from './limits.ts'

/** A presence is this much late before its replica counts as silent: one announcement may be lost. */
const GRACE_MS = 2_000

interface Known {
  readonly presence: Presence
  readonly seenAtMs: number
  readonly seenAt: string
}

/** What `GET /v1/replicas` says of one replica: its own words, and when it last said them. */
export interface ReplicaAnswer extends Omit<Presence, 'replica' | 'digest' | 'barrier' | 'incomplete'> {
  readonly id: string
  /** Of its index at its cursor; `asOf` is RFC 3339. */
  readonly digest?: { readonly asOf: string; readonly value: string }
  /** RFC 3339, by the publisher's clock. */
  readonly lastSeen: string
  /** It has said nothing for its own `staleAfterMs` and 2 s more: gone, or cut off. */
  readonly silent: boolean
}

/** The replicas that have announced themselves to this publisher since it started. Claims, not proofs. */
export class Replicas {
  readonly #clock: Clock
  readonly #max: number
  /** Of one name at most half of all: whoever has stolen the credential of one API must not keep all others off the list. */
  readonly #maxOfName: number
  readonly #ofName = new Map<string, number>()
  /** In the order in which they last spoke, the longest silent first. */
  readonly #known = new Map<string, Known>()
  /** When one was last left off the list for want of room. */
  #leftOutAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, max: number = limits.MAX_REPLICAS) {
    this.#clock = clock
    this.#max = max
    this.#maxOfName = Math.ceil(max / 2)
  }

  /** Takes a presence; one that says `closed` takes its replica off the list. */
  hear(presence: Presence): void {
    const { name, replica, state } = presence
    // The broker's permissions bind the name; the id is only its word, and must not reach another one's place.
    const place = `${name} ${replica}`
    const known = this.#forget(place)
    if (state === 'closed') return
    this.#forgetSilent()
    const ofName = this.#ofName.get(name) ?? 0
    if (!known && (this.#known.size >= this.#max || ofName >= this.#maxOfName)) {
      this.#leftOutAtMs = this.#clock.monotonic()
      return
    }
    const now = { seenAtMs: this.#clock.monotonic(), seenAt: formatRfc3339(this.#clock.now()) }
    this.#known.set(place, { presence, ...now })
    this.#ofName.set(name, ofName + 1)
  }

  #forget(place: string): boolean {
    const known = this.#known.get(place)
    if (known === undefined) return false
    this.#known.delete(place)
    const { name } = known.presence
    const left = (this.#ofName.get(name) ?? 1) - 1
    if (left > 0) this.#ofName.set(name, left)
    else this.#ofName.delete(name)
    return true
  }

  /** All that are known, sorted by name. */
  list(): readonly ReplicaAnswer[] {
    this.#forgetSilent()
    const answers = [...this.#known.values()].map((known): ReplicaAnswer => {
      const { replica: id, digest: at, barrier: _, incomplete: __, ...said } = known.presence
      const digest = at && { digest: { asOf: formatRfc3339(at.asOfMs), value: at.value } }
      return { id, ...said, ...digest, lastSeen: known.seenAt, silent: this.#isSilent(known) }
    })
    return answers.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }

  /**
   * The frame versions that each of them reads, also of those that are silent: one that is cut off comes back. A list of
   * nothing stands for whoever was left off for want of room within the last day.
   */
  *frameVersions(): Generator<readonly number[]> {
    if (this.#clock.monotonic() - this.#leftOutAtMs <= SILENT_REPLICA_KEPT_MS) yield []
    for (const { presence } of this.#known.values()) yield presence.frameVersions
  }

  #isSilent({ presence, seenAtMs }: Known): boolean {
    return this.#clock.monotonic() - seenAtMs > presence.staleAfterMs + GRACE_MS
  }

  /** After a day; earlier, the longest silent first, if a new one could not be listed otherwise. */
  #forgetSilent(): void {
    for (const [place, known] of this.#known) {
      const longGone = this.#clock.monotonic() - known.seenAtMs > SILENT_REPLICA_KEPT_MS
      if (!longGone && !(this.#known.size >= this.#max && this.#isSilent(known))) return
      if (!longGone) this.#leftOutAtMs = this.#clock.monotonic()
      this.#forget(place)
    }
  }
}
