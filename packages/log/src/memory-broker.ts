import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, RescindError } from '@rescind/protocol'
import { copyOf } from './copy-of.ts'
import type { MemoryConnection } from './memory-connection.ts'
import { MemoryNetwork } from './memory-network.ts'
import { MemoryStream } from './memory-stream.ts'
import type { Established, Head, StoredFrame } from './revocation-log.ts'

/** Faults that last until they are taken back, or until they have happened as often as they were ordered. */
export interface MemoryTrouble {
  full: boolean
  unproved: boolean
  proofAgeMs: number
  clockOffsetMs: number
  /** How often each sequence is still answered with "not there". */
  readonly misses: Map<number, number>
  /** Appends that are still to be stored without an answer. */
  lostAnswers: number
  /** Broadcasts still to be lost, doubled, or held back to come in reverse. */
  drop: number
  duplicate: number
  reorder: number
}

/** The one broker behind all connections of a {@link memoryLog}. Its public methods are what the wire would carry. */
export class MemoryBroker {
  readonly connections = new Set<MemoryConnection>()
  readonly network = new MemoryNetwork(() => this.frozen)
  readonly trouble: MemoryTrouble = {
    full: false,
    unproved: false,
    proofAgeMs: 0,
    clockOffsetMs: 0,
    misses: new Map(),
    lostAnswers: 0,
    drop: 0,
    duplicate: 0,
    reorder: 0,
  }
  stream: MemoryStream | undefined
  readonly maxBytes: number
  readonly #clock: Clock
  readonly #heldBack: StoredFrame[] = []
  #thawed: Promise<void> | undefined
  #thaw = () => {}

  constructor(options: { readonly clock: Clock; readonly maxBytes: number }) {
    this.#clock = options.clock
    this.maxBytes = options.maxBytes
  }

  /** Carries out a question once the broker runs, in a later turn, as a network would: also one nobody waits for now. */
  async answer<T>(question: () => T): Promise<T> {
    await nextTurn()
    while (this.#thawed) await this.#thawed
    return question()
  }

  get frozen(): boolean {
    return this.#thawed !== undefined
  }

  freeze(): void {
    this.#thawed ??= new Promise((resolve) => {
      this.#thaw = resolve
    })
  }

  thaw(): void {
    this.#thawed = undefined
    this.#thaw()
    this.network.retry()
    for (const connection of this.connections) connection.deliverLater()
  }

  nowMs(): number {
    return Math.floor(this.#clock.now() + this.trouble.clockOffsetMs)
  }

  establish(maxAgeMs: number): Established {
    if (this.stream === undefined) {
      this.stream = new MemoryStream(this.maxBytes)
      this.stream.maxAgeMs = maxAgeMs
    } else if (this.stream.maxAgeMs !== 0) this.stream.maxAgeMs = Math.max(maxAgeMs, this.stream.maxAgeMs)
    return { ...this.head(), maxAgeMs: this.stream.maxAgeMs }
  }

  limitAge(maxAgeMs: number): void {
    this.existing().maxAgeMs = maxAgeMs
  }

  head(): Head {
    const head = this.existing().head()
    if (this.trouble.unproved) throw new RescindError('ERR_LOG_UNPROVED', 'no current majority, as ordered')
    return { ...head, ageMs: this.trouble.proofAgeMs }
  }

  read(seq: number): StoredFrame | undefined {
    const misses = this.trouble.misses.get(seq) ?? 0
    if (misses > 0) {
      this.trouble.misses.set(seq, misses - 1)
      return undefined
    }
    return this.existing().read(seq)
  }

  append(bytes: Uint8Array, messageId: string): { seq: number; duplicate: boolean } {
    if (!this.stream) throw new RescindError('ERR_LOG_UNAVAILABLE', 'nothing listens: there is no stream')
    if (this.trouble.full) throw new RescindError('ERR_LOG_FULL', 'the stream is full, as ordered')
    const stored = this.stream.append(bytes, messageId, this.nowMs())
    if (!stored.duplicate) this.broadcast({ seq: stored.seq, bytes })
    if (this.trouble.lostAnswers > 0) {
      this.trouble.lostAnswers -= 1
      throw new RescindError('ERR_LOG_UNAVAILABLE', 'stored, but the answer was lost, as ordered')
    }
    return stored
  }

  renewEpoch(): Head {
    this.existing().renewEpoch()
    return this.head()
  }

  existing(): MemoryStream {
    if (!this.stream) throw new RescindError('ERR_LOG_NOT_FOUND', 'there is no stream: a publisher establishes it')
    this.stream.age(this.nowMs())
    return this.stream
  }

  /** Tells every connection of a stored frame, as far as the trouble lets it through. */
  broadcast(frame: StoredFrame): void {
    const { trouble } = this
    if (trouble.drop > 0) {
      trouble.drop -= 1
    } else if (trouble.duplicate > 0) {
      trouble.duplicate -= 1
      this.tellLive([frame, frame])
    } else if (trouble.reorder > 0) {
      trouble.reorder -= 1
      this.#heldBack.unshift({ ...frame, bytes: copyOf(frame.bytes) })
      if (trouble.reorder === 0) this.tellLive(this.#heldBack.splice(0))
    } else {
      this.tellLive([frame])
    }
  }

  /** Puts messages on the live subject, true or forged. */
  tellLive(frames: readonly StoredFrame[]): void {
    for (const connection of this.connections) {
      for (const { seq, bytes } of frames) connection.receive({ kind: 'live', seq, bytes: copyOf(bytes) })
    }
  }
}
