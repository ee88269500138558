import { limits, RescindError } from '@rescind/protocol'
import { copyOf } from './copy-of.ts'
import { newIdentity, withNewEpoch } from './log-identity.ts'
import type { Head, LogIdentity, LogSize, StoredFrame } from './revocation-log.ts'

/** The stream of a {@link memoryLog}: what a broker would keep on disk. Synchronous; bytes are copied in and out. */
export class MemoryStream {
  readonly #maxBytes: number
  #identity: LogIdentity
  readonly #frames = new Map<number, Uint8Array>()
  readonly #messageIds = new Map<string, { seq: number; atMs: number }>()
  readonly #storedAtMs = new Map<number, number>()
  /** How long frames are kept, in milliseconds; 0: for ever. */
  maxAgeMs = 0
  #firstSeq = 1
  #lastSeq = 0
  #bytes = 0

  /** @param kept what stays of the identity of the stream that was here before. */
  constructor(maxBytes: number, kept: Partial<LogIdentity> = {}) {
    this.#maxBytes = maxBytes
    this.#identity = { ...newIdentity(), ...kept }
  }

  /** Where the stream begins and ends, by the port's rules for an empty one. */
  head(): Omit<Head, 'ageMs'> {
    return { ...this.#identity, firstSeq: this.#firstSeq, lastSeq: this.#lastSeq }
  }

  /** How full it is. */
  get size(): LogSize {
    return { bytes: this.#bytes, maxBytes: this.#maxBytes }
  }

  /** A copy of the frame at `seq`. */
  read(seq: number): StoredFrame | undefined {
    const bytes = this.#frames.get(seq)
    return bytes && { seq, bytes: copyOf(bytes) }
  }

  /** Stores a copy. `ERR_LOG_FULL` at the size cap; a message id of the last two minutes stores nothing. */
  append(bytes: Uint8Array, messageId: string, nowMs: number): { seq: number; duplicate: boolean } {
    for (const [id, { atMs }] of this.#messageIds) {
      if (atMs + limits.DUPLICATE_WINDOW_MS > nowMs) break
      this.#messageIds.delete(id)
    }
    const known = this.#messageIds.get(messageId)
    if (known) return { seq: known.seq, duplicate: true }
    if (this.#bytes + bytes.byteLength > this.#maxBytes) {
      throw new RescindError('ERR_LOG_FULL', `the stream is at its size cap of ${this.#maxBytes} bytes`)
    }
    this.#lastSeq += 1
    this.#frames.set(this.#lastSeq, copyOf(bytes))
    this.#storedAtMs.set(this.#lastSeq, nowMs)
    this.#bytes += bytes.byteLength
    this.#messageIds.set(messageId, { seq: this.#lastSeq, atMs: nowMs })
    return { seq: this.#lastSeq, duplicate: false }
  }

  /** Another incarnation of the same log: only the epoch changes. */
  renewEpoch(): void {
    this.#identity = withNewEpoch(this.#identity)
  }

  /** Forgets the frames up to `seq`, as expiry by age would. */
  prune(seq: number): void {
    this.#forget((stored) => stored <= seq)
    this.#firstSeq = Math.max(this.#firstSeq, Math.min(seq, this.#lastSeq) + 1)
  }

  /** Forgets the frames that are older than `maxAgeMs`. */
  age(nowMs: number): void {
    if (this.maxAgeMs === 0) return
    for (let seq = this.#firstSeq; seq <= this.#lastSeq; seq++) {
      if ((this.#storedAtMs.get(seq) ?? 0) + this.maxAgeMs > nowMs) return
      this.prune(seq)
    }
  }

  /** Forgets the frames after `seq` and hands their sequences out again, as a store restored from a copy would. */
  rollback(seq: number): void {
    this.#forget((stored) => stored > seq)
    for (const [id, known] of this.#messageIds) if (known.seq > seq) this.#messageIds.delete(id)
    this.#lastSeq = Math.min(this.#lastSeq, seq)
    this.#firstSeq = Math.min(this.#firstSeq, this.#lastSeq + 1)
  }

  /** Puts other bytes where a frame is. */
  replace(seq: number, bytes: Uint8Array): void {
    const old = this.#frames.get(seq)
    if (!old) throw new RescindError('ERR_INVALID_OPTION', `there is no frame ${seq} to corrupt`)
    this.#bytes += bytes.byteLength - old.byteLength
    this.#frames.set(seq, copyOf(bytes))
  }

  #forget(which: (seq: number) => boolean): void {
    for (const [seq, bytes] of this.#frames) {
      if (!which(seq)) continue
      this.#frames.delete(seq)
      this.#storedAtMs.delete(seq)
      this.#bytes -= bytes.byteLength
    }
  }
}
