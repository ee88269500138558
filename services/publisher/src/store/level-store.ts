import type { Clock, Fact, Match, Mode, VerifiedToken } from '@rescind/protocol'
import type { Logger } from 'pino'
import { MAX_REQUEST_IDS } from '../limits.ts'
import { applyChange } from './apply-change.ts'
import { causesOf } from './causes.ts'
import type { Database, OpenDatabase } from './database.ts'
import { factsById, factsOnKey } from './find-facts.ts'
import type { FrameRow } from './frame-counts.ts'
import type { Hold } from './hold-folder.ts'
import { auditRange, frameKey, issuerPrefix, requestPrefix, waitingAfter } from './keys.ts'
import { listRevocations } from './list-revocations.ts'
import { inLogOrder, isUnexpired } from './log-order.ts'
import { knownRequestOf } from './request-records.ts'
import { unseal } from './sealed.ts'
import type { ShapeCounts } from './shape-counts.ts'
import type {
  AuditEntry,
  Change,
  Found,
  KnownRequest,
  ListQuery,
  Page,
  Store,
  StoredFact,
  StoreStats,
  Waiting,
} from './store.ts'
import type { Survey } from './survey.ts'
import { Sweeper } from './sweeper.ts'
import { waitingOf } from './waiting-records.ts'
import { addressIn, allFacts, slices, under } from './walk.ts'
import { failureOf, Writer } from './writer.ts'

/** What a {@link LevelStore} is made from: an open database that was read as a whole. */
export interface LevelStoreOptions {
  readonly folder: string
  readonly hold: Hold
  readonly database: Database
  readonly openDatabase: OpenDatabase
  readonly survey: Survey
  readonly shapes: ShapeCounts
  readonly setAside: string | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly retainMs: number
  readonly auditKeptMs: number
  readonly requestsKeptMs: number
}

/** The Store on LevelDB. */
export class LevelStore implements Store {
  readonly id: string
  readonly setAside: string | undefined
  readonly found: Found
  readonly #options: LevelStoreOptions
  readonly #writer: Writer
  readonly #sweeper: Sweeper
  /** Of all groups and facts that were ever put into a change, also into one that failed. */
  #lastOrder: number
  #largestAtMs: number

  constructor(options: LevelStoreOptions) {
    const { survey, setAside } = options
    const { meta, found, totals } = survey
    this.#options = options
    this.#writer = new Writer({ ...options, totals })
    this.#sweeper = new Sweeper(this.#writer, options, (fact) => options.shapes.count(fact, false))
    this.id = meta?.id ?? ''
    this.setAside = setAside
    this.found = found
    this.#lastOrder = found.lastOrder
    this.#largestAtMs = found.largestAtMs
  }

  async write(change: Change, { sync: durably }: { readonly sync: boolean }): Promise<void> {
    const facts: [Fact, boolean][] = []
    await this.#writer.write(
      async (draft) =>
        await applyChange(draft, change, {
          number: this.#writer.nextChange,
          isNewOrder: (order) => this.#isNewOrder(order),
          areNewer: (facts) => this.#areNewer(facts),
          issuerFacts: async (iss) => await this.#addressesUnder(issuerPrefix(iss)),
          onFact: (fact, present) => facts.push([fact, present]),
        }),
      durably,
    )
    for (const [fact, present] of facts) this.#options.shapes.count(fact, present)
  }

  async waiting(after: number, limit: number): Promise<readonly Waiting[]> {
    const groups: Waiting[] = []
    for await (const slice of slices(this.#writer.database, waitingAfter(after), limit)) {
      for (const [key, value] of slice) groups.push(waitingOf(unseal(key, value)))
      if (groups.length >= limit) break
    }
    return groups.slice(0, limit)
  }

  frameIdAt(epoch: string, seq: number): string | undefined {
    const key = frameKey(epoch, seq)
    let value: Buffer | undefined
    try {
      value = this.#writer.database.getNow(key)
    } catch (error) {
      throw failureOf(error)
    }
    const row = value && (unseal(key, value) as FrameRow)
    return row?.[0] === epoch ? row[2] : undefined
  }

  async *live(nowMs: number): AsyncGenerator<readonly StoredFact[]> {
    for await (const facts of allFacts(this.#writer.database)) {
      const kept = facts.filter((stored) => isUnexpired(stored, nowMs))
      if (kept.length > 0) yield kept
    }
  }

  missing({ epoch, firstSeq, nowMs }: Parameters<Store['missing']>[0]): AsyncGenerator<readonly StoredFact[]> {
    return inLogOrder(this.#writer.database, (stored) => {
      const { location } = stored
      return (location.epoch !== epoch || location.seq < firstSeq) && isUnexpired(stored, nowMs)
    })
  }

  aging({ epoch, storedBeforeMs, nowMs }: Parameters<Store['aging']>[0]): AsyncGenerator<readonly StoredFact[]> {
    return inLogOrder(this.#writer.database, (stored) => {
      const { location } = stored
      return location.epoch === epoch && location.storedAtMs < storedBeforeMs && isUnexpired(stored, nowMs)
    })
  }

  async byId(id: string): Promise<readonly StoredFact[]> {
    return await factsById(this.#writer.database, id)
  }

  async onKey(iss: string, match: Match, mode: Mode): Promise<readonly StoredFact[]> {
    return await factsOnKey(this.#writer.database, iss, match, mode)
  }

  async list(query: ListQuery): Promise<Page> {
    return await listRevocations(this.#writer.database, query)
  }

  async causes(
    token: VerifiedToken,
    nowMs: number,
    { issuer }: { readonly issuer?: string } = {},
  ): Promise<readonly StoredFact[]> {
    const shapesOf = (iss: string) => this.#options.shapes.of(iss)
    return await causesOf(this.#writer.database, { token, nowMs, issuer, shapesOf })
  }

  async *audit({ fromMs, toMs }: Parameters<Store['audit']>[0]): AsyncGenerator<AuditEntry> {
    for await (const slice of slices(this.#writer.database, auditRange(fromMs, toMs))) {
      for (const [key, value] of slice) yield unseal(key, value) as AuditEntry
    }
  }

  async sweep({ deleteUpToMs, budget }: Parameters<Store['sweep']>[0]): Promise<{ readonly done: boolean }> {
    return await this.#sweeper.sweep(deleteUpToMs, budget)
  }

  async request(key: string): Promise<KnownRequest | undefined> {
    const records: unknown[] = []
    for await (const slice of slices(this.#writer.database, under(requestPrefix(key)))) {
      for (const [recordKey, value] of slice) records.push(unseal(recordKey, value))
    }
    const { clock, requestsKeptMs } = this.#options
    return knownRequestOf(key, records, { fromMs: clock.now() - requestsKeptMs, maxIds: MAX_REQUEST_IDS })
  }

  stats(): StoreStats {
    return {
      syncs: this.#writer.durableWrites,
      bytesWritten: this.#writer.bytesWritten,
    }
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#options.hold.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #isNewOrder(order: number): boolean {
    const isNew = order > this.#lastOrder
    if (isNew) this.#lastOrder = order
    return isNew
  }

  #areNewer(facts: readonly Fact[]): boolean {
    const largestAtMs = this.#largestAtMs
    for (const { atMs } of facts) if (atMs > this.#largestAtMs) this.#largestAtMs = atMs
    return facts.every(({ atMs }) => atMs > largestAtMs)
  }

  async #addressesUnder(prefix: Buffer): Promise<Buffer[]> {
    const addresses: Buffer[] = []
    for await (const slice of slices(this.#writer.database, under(prefix))) {
      for (const [key] of slice) addresses.push(addressIn(key))
    }
    return addresses
  }
}
