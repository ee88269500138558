import type { Fact } from '@rescind/protocol'
import { STORE_SLICE } from '../limits.ts'
import type { Draft } from './draft.ts'
import { storedFactOf } from './fact-codec.ts'
import { indexFact } from './fact-records.ts'
import { FrameCounts, type FrameRow } from './frame-counts.ts'
import { endOf, keyOf, NEWEST, type RecordKind } from './keys.ts'
import { requestTimeMs } from './request-records.ts'
import { unseal } from './sealed.ts'
import type { AuditEntry } from './store.ts'
import { addressIn, slices } from './walk.ts'
import type { Writer } from './writer.ts'

/** How long records of each kind are kept. */
export interface Retention {
  /** Beyond a fact's expiry. */
  readonly retainMs: number
  readonly auditKeptMs: number
  readonly requestsKeptMs: number
}

/** What is swept, in this order: frames after the facts that lay in them. */
const SWEPT: readonly RecordKind[] = ['fact', 'frame', 'request', 'audit']

/** Forgets what was kept long enough, some records at a time, round and round. */
export class Sweeper {
  readonly #writer: Writer
  readonly #retention: Retention
  readonly #onForgotten: (fact: Fact) => void
  /** Kinds that are still to be swept in this round, and the key from which on. */
  #kinds = SWEPT
  #from: Buffer | undefined

  constructor(writer: Writer, retention: Retention, onForgotten: (fact: Fact) => void) {
    this.#writer = writer
    this.#retention = retention
    this.#onForgotten = onForgotten
  }

  /**
   * Looks at `budget` records.
   *
   * @param deleteUpToMs a time that has passed by every clock that can be trusted (R15).
   */
  async sweep(deleteUpToMs: number, budget: number): Promise<{ readonly done: boolean }> {
    let left = budget
    for (let kind = this.#kinds[0]; kind !== undefined; kind = this.#kinds[0]) {
      if (left <= 0) return { done: false }
      left -= await this.#sweepKind(kind, deleteUpToMs, left)
    }
    this.#kinds = SWEPT
    return { done: true }
  }

  /** Looks at some records of one kind, and tells how many. At their end the next kind's turn has come. */
  async #sweepKind(kind: RecordKind, deleteUpToMs: number, budget: number): Promise<number> {
    const prefix = keyOf(kind)
    const range = { gte: this.#from ?? prefix, lt: endOf(prefix) }
    let looked = 0
    for await (const slice of slices(this.#writer.database, range, Math.min(STORE_SLICE, budget))) {
      const old = slice.filter(([key, value]) => this.#isOld(kind, unseal(key, value), deleteUpToMs))
      if (old.length > 0) {
        const keys = old.map(([key]) => key)
        await this.#forget(kind, keys, deleteUpToMs)
      }
      looked += slice.length
      const last = slice.at(-1)?.[0] as Buffer
      this.#from = Buffer.concat([last, Buffer.from([0])])
      if (looked >= budget) return looked
    }
    this.#from = undefined
    this.#kinds = this.#kinds.slice(1)
    return looked
  }

  async #forget(kind: RecordKind, keys: readonly Buffer[], deleteUpToMs: number): Promise<void> {
    const forgotten: Fact[] = []
    await this.#writer.write(async (draft) => {
      forgotten.length = 0
      await draft.load([NEWEST, ...keys])
      const counts = new FrameCounts(draft)
      for (const key of keys) {
        const json = draft.get(key)
        // Whatever was written since the look counts.
        if (json === undefined || !this.#isOld(kind, json, deleteUpToMs)) continue
        if (kind === 'frame' && isNewest(draft, json as FrameRow)) continue
        draft.remove(key)
        if (kind !== 'fact') continue
        const { fact, location } = storedFactOf(json)
        indexFact(draft, fact, addressIn(key), false)
        counts.leave(location.epoch, location.seq)
        forgotten.push(fact)
      }
      await counts.write()
    }, false)
    for (const fact of forgotten) this.#onForgotten(fact)
  }

  #isOld(kind: RecordKind, json: unknown, deleteUpToMs: number): boolean {
    const { retainMs, auditKeptMs, requestsKeptMs } = this.#retention
    if (kind === 'fact') {
      const { fact } = storedFactOf(json)
      return fact.kind !== 'issuer' && fact.expiresAtMs + retainMs <= deleteUpToMs
    }
    if (kind === 'frame') return (json as FrameRow)[3] <= 0
    if (kind === 'request') return requestTimeMs(json) + requestsKeptMs <= deleteUpToMs
    return (json as AuditEntry).timeMs + auditKeptMs <= deleteUpToMs
  }
}

/** The newest frame says where the Store stands in the log: it stays. */
function isNewest(draft: Draft, [epoch, seq]: FrameRow): boolean {
  const newest = draft.get(NEWEST) as readonly [string, number, string] | undefined
  return newest?.[0] === epoch && newest[1] === seq
}
