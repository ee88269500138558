import type { Presence } from '@rescind/log'
import { type Clock, formatRfc3339, limits } from '@rescind/protocol'
import { PRESENCE_GRACE_MS, SILENT_REPLICA_KEPT_MS } from './limits.ts'

/** A replica as it last described itself. */
export interface KnownReplica {
  /** Its name and its id: the broker's permissions bind the name; the id is only its word, and must not reach another one's place. */
  readonly place: string
  readonly presence: Presence
  /** On the monotonic clock. */
  readonly seenAtMs: number
  /** RFC 3339. */
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

/** Who wants to know of each word of a replica, and of each that is off the list. Must not throw. */
export interface ReplicaListener {
  /** `isNew`: it was not known before. */
  heard(replica: KnownReplica, isNew: boolean): void
  gone(place: string): void
}

/** The replicas that have announced themselves to this publisher since it started. Claims, not proofs. */
export class Replicas {
  readonly #clock: Clock
  readonly #max: number
  /** Of one name at most half of all: whoever has stolen the credential of one API must not keep all others off the list. */
  readonly #maxOfName: number
  readonly #ofName = new Map<string, number>()
  /** In the order in which they last spoke, the longest silent first. */
  readonly #known = new Map<string, KnownReplica>()
  #listener: ReplicaListener | undefined
  /** When one was last left off the list for want of room. */
  #leftOutAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, max: number = limits.MAX_REPLICAS) {
    this.#clock = clock
    this.#max = max
    this.#maxOfName = Math.ceil(max / 2)
  }

  /** Tells one listener from now on. */
  listen(listener: ReplicaListener): void {
    this.#listener = listener
  }

  /** Takes a presence; one that says `closed` takes its replica off the list. */
  hear(presence: Presence): void {
    const { name, replica, state } = presence
    const place = `${name} ${replica}`
    const wasKnown = this.#take(place)
    if (state === 'closed') {
      if (wasKnown) this.#listener?.gone(place)
      return
    }
    if (!wasKnown) this.#forgetSilent()
    const ofName = this.#ofName.get(name) ?? 0
    if (!wasKnown && (this.#known.size >= this.#max || ofName >= this.#maxOfName)) {
      this.#leftOutAtMs = this.#clock.monotonic()
      return
    }
    const now = { seenAtMs: this.#clock.monotonic(), seenAt: formatRfc3339(this.#clock.now()) }
    const known = { place, presence, ...now }
    this.#known.set(place, known)
    this.#ofName.set(name, ofName + 1)
    this.#listener?.heard(known, !wasKnown)
  }

  /** Takes off the list what bears this id, until it speaks again; false if nothing does. */
  dismiss(id: string): boolean {
    this.#forgetSilent()
    const found = [...this.#known.values()].filter(({ presence }) => presence.replica === id)
    for (const { place } of found) this.#forget(place)
    return found.length > 0
  }

  /** How many are known. */
  get size(): number {
    return this.#known.size
  }

  /** All that are known, in no particular order. */
  known(): Iterable<KnownReplica> {
    return this.#known.values()
  }

  /** The one at a place, if it is known. */
  at(place: string): KnownReplica | undefined {
    return this.#known.get(place)
  }

  /** True if somebody was left off the list for want of room within the last day: then it is not known who all of them are. */
  get isIncomplete(): boolean {
    return this.#clock.monotonic() - this.#leftOutAtMs <= SILENT_REPLICA_KEPT_MS
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
    if (this.isIncomplete) yield []
    const nowMs = this.#clock.monotonic()
    for (const known of this.#known.values()) if (!this.#isLongGone(known, nowMs)) yield known.presence.frameVersions
  }

  #take(place: string): boolean {
    const known = this.#known.get(place)
    if (known === undefined) return false
    this.#known.delete(place)
    const { name } = known.presence
    const left = (this.#ofName.get(name) ?? 1) - 1
    if (left > 0) this.#ofName.set(name, left)
    else this.#ofName.delete(name)
    return true
  }

  #forget(place: string): void {
    if (this.#take(place)) this.#listener?.gone(place)
  }

  #isSilent({ presence, seenAtMs }: KnownReplica): boolean {
    return this.#clock.monotonic() - seenAtMs > presence.staleAfterMs + PRESENCE_GRACE_MS
  }

  #isLongGone({ seenAtMs }: KnownReplica, nowMs: number): boolean {
    return nowMs - seenAtMs > SILENT_REPLICA_KEPT_MS
  }

  /**
   * After a day, but for those that accept when revocations are unknown: nothing proves that one of them refuses, so it
   * stays until somebody dismisses it. Earlier, the longest silent first, if a new one could not be listed otherwise.
   */
  #forgetSilent(): void {
    const nowMs = this.#clock.monotonic()
    for (const known of this.#known.values()) {
      const isLongGone = this.#isLongGone(known, nowMs)
      const isInTheWay = this.#known.size >= this.#max && this.#isSilent(known)
      if (!isLongGone && !isInTheWay) return
      const counts = !isLongGone || known.presence.whenUnknown === 'accept'
      if (counts && !isInTheWay) continue
      if (counts) this.#leftOutAtMs = this.#clock.monotonic()
      this.#forget(known.place)
    }
  }
}
