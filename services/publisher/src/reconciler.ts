import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Established, StoredFrame } from '@rescind/log'
import {
  type Clock,
  type Cursor,
  decodeFrame,
  type Fact,
  limits,
  RescindError,
  toRescindError,
} from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import type { AppliedFrame } from './applied-frames.ts'
import type { BrokerClock } from './broker-clock.ts'
import {
  LOOK_FOR_LOSS_EVERY_MS,
  LOOK_FOR_LOSS_REST_FACTOR,
  RENEW_AFTER_PART,
  RENEWALS_PER_AGE,
  REPUBLISH_DELAY_MS,
  REPUBLISHED_PER_FRAME,
  RETRY_SENDING_MS,
} from './limits.ts'
import type { Store, StoredFact } from './store/store.ts'

/** What reconciling needs. */
export interface ReconcilerParts {
  readonly store: Pick<Store, 'found' | 'missing' | 'aging' | 'frameIdAt' | 'write'> & { readonly id: string }
  readonly replica: Pick<EmbeddedReplica, 'status' | 'largestAtMs'>
  readonly keeper: {
    readonly head: Established | undefined
    replaced(epoch: string): void
    /** How long the stream must keep frames at least, in milliseconds. */
    readonly wantedAgeMs: number
    limitAge(): Promise<void>
    /** The frame at `seq`, as `PublisherConnection.read`. */
    read(seq: number): Promise<StoredFrame | undefined>
  }
  readonly sender: { send(frame: { readonly frameId: string; readonly facts: readonly Fact[] }): Promise<AppliedFrame> }
  readonly clock: Clock
  readonly brokerClock: Pick<BrokerClock, 'distanceMs' | 'earliestNowMs'>
  readonly logger: Logger
  /** From 0 (included) to 1 (excluded): spreads publishers that publish each other's facts again. */
  random(): number
}

/**
 * Holds the log against the Store (R12): whatever was answered for and is not in the log of this epoch any more is
 * published again, in its original order, with its original ids and times. Where frames were lost under one epoch, the log
 * is given a new one first, so that every replica looks again. And what would outlive the stream's `max_age` is appended
 * again in time.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts
  #reconciledIn: string | undefined
  #firstSeq = 0
  #lookAgainAtMs = 0
  #renewAtMs = 0
  #retryAtMs = 0
  /** The first frame that the Store could not keep. */
  #lacking: Cursor | undefined
  /** Groups that such frames ended, which the Store still takes for waiting. */
  readonly #undone = new Set<number>()
  #working: Promise<void> | undefined
  readonly #stop = new AbortController()
  /** Facts published again so far. */
  #republished = 0

  constructor(parts: ReconcilerParts) {
    this.#parts = parts
  }

  /** Facts published again since the start. */
  get republished(): number {
    return this.#republished
  }

  /** Why the log may lack what was answered for, or undefined (R20). */
  refusal(): RescindError | undefined {
    const { cursor } = this.#parts.replica.status
    if (cursor !== undefined && cursor.epoch === this.#reconciledIn) return undefined
    return new RescindError(
      'ERR_LOG_UNAVAILABLE',
      'the log is being compared with the Store: what it lacks is published again',
    )
  }

  /**
   * Told of every frame that the own replica applies: the Store keeps all of them, so that any publisher can bring back
   * what another one published.
   *
   * @param done orders of the groups that wait no longer now that it is applied.
   */
  applied({ frame, cursor }: Pick<AppliedFrame, 'frame' | 'cursor'>, done: readonly number[] = []): void {
    const { replica, clock } = this.#parts
    const newestAtMs = frame.facts.reduce((newest, { atMs }) => Math.max(newest, atMs), 0)
    // What is read from behind was stored nobody knows when, but not before its facts had their times.
    const storedAtMs = replica.status.state === 'live' ? clock.now() : newestAtMs
    this.#keep({ frame, cursor }, storedAtMs, done).catch((error: unknown) => this.#notKept(cursor, done, error))
  }

  async #keep(
    { frame, cursor }: Pick<AppliedFrame, 'frame' | 'cursor'>,
    storedAtMs: number,
    done: readonly number[],
  ): Promise<void> {
    const { store, keeper } = this.#parts
    const known = store.frameIdAt(cursor.epoch, cursor.seq)
    if (known === frame.frameId) return await store.write({ done }, { sync: false })
    if (known !== undefined) keeper.replaced(cursor.epoch)
    const { facts, requests = [], publisher } = frame
    const located = { cursor, own: publisher === store.id, storedAtMs, facts, requests }
    await store.write({ frame: located, done }, { sync: false })
  }

  /** Nothing may rest on what this Store lacks: not ready until it was read from the log and kept. */
  #notKept(cursor: Cursor, done: readonly number[], error: unknown): void {
    const { code, detail } = toRescindError(error, 'ERR_STORE_FAILED')
    this.#parts.logger.error({ code, detail, seq: cursor.seq }, 'a frame of the log could not be kept')
    for (const order of done) this.#undone.add(order)
    const lacking = this.#lacking
    if (lacking?.epoch !== cursor.epoch || lacking.seq > cursor.seq) this.#lacking = cursor
    this.#reconciledIn = undefined
  }

  /** Reads from the log again what the Store could not keep. */
  async #keepAgain({ epoch, firstSeq }: Established, toSeq: number): Promise<void> {
    const lacking = this.#lacking
    // What became of another epoch's frames nobody knows: their groups stay, and go again after a restart.
    const undone = lacking?.epoch === epoch ? [...this.#undone] : []
    // Of another epoch the own replica has read everything anew.
    for (let seq = lacking?.epoch === epoch ? lacking.seq : toSeq + 1; seq <= toSeq; seq++) {
      const stored = await this.#parts.keeper.read(seq)
      if (!stored) {
        if (seq < firstSeq) continue
        // A server that lags behind its leader does not have it yet.
        throw new RescindError('ERR_LOG_UNAVAILABLE', `the frame ${seq} could not be read`)
      }
      const frame = decodeFrame(stored.bytes)
      const newestAtMs = frame.facts.reduce((newest, { atMs }) => Math.max(newest, atMs), 0)
      await this.#keep({ frame, cursor: { epoch, seq, frameId: frame.frameId } }, newestAtMs, [])
    }
    if (undone.length > 0) {
      // Not before the frames: until then what waits is all that the Store has of them. And not later: a group that seems to
      // wait would go again after a restart, behind a lift that has taken it back meanwhile.
      await this.#parts.store.write({ done: undone }, { sync: false })
    }
    if (this.#lacking !== lacking) return
    this.#lacking = undefined
    this.#undone.clear()
  }

  /** Does what is due; called often. */
  tick(): void {
    const { replica, keeper, clock, brokerClock } = this.#parts
    const { state, cursor, cause } = replica.status
    const { head } = keeper
    // R15: by a wall clock alone, which may be ahead, what is missing could seem to have expired.
    if (brokerClock.distanceMs() === undefined) return
    if (clock.monotonic() < this.#retryAtMs) return
    if (this.#working || this.#stop.signal.aborted || state !== 'live' || cause !== undefined) return
    if (cursor === undefined || head === undefined || cursor.epoch !== head.epoch) return
    const nowMs = clock.monotonic()
    const isNew = this.#reconciledIn !== cursor.epoch
    const isShorter = head.firstSeq > this.#firstSeq && nowMs >= this.#lookAgainAtMs
    if (!isNew && !isShorter && nowMs < this.#renewAtMs) return
    this.#working = this.#reconcile(head, cursor.seq, isNew)
      .catch((error: unknown) => {
        const { code, detail } = toRescindError(error, 'ERR_STORE_FAILED')
        this.#retryAtMs = clock.monotonic() + RETRY_SENDING_MS
        if (!this.#stop.signal.aborted)
          this.#parts.logger.warn({ code, detail }, 'comparing the log with the Store was interrupted')
      })
      .finally(() => {
        this.#working = undefined
      })
  }

  /** Ends what is under way; the sender must be stopped before. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#working
  }

  async #reconcile(head: Established, seq: number, isNew: boolean): Promise<void> {
    const { keeper, store, clock } = this.#parts
    const startedAtMs = clock.monotonic()
    const { epoch } = head
    if (isNew && this.#isCutShort(epoch, seq)) return keeper.replaced(epoch)
    await this.#keepAgain(head, seq)
    const lost = await this.#bringBack(head, { own: true })
    if (lost === 'lost' || this.#stop.signal.aborted) return
    if (lost > 0 || isNew) {
      for (;;) {
        if (!(await this.#isAnyMissing(head))) break
        await pause((0.5 + this.#parts.random() / 2) * REPUBLISH_DELAY_MS, undefined, { signal: this.#stop.signal })
        const more = await this.#bringBack(head, { own: false })
        if (more === 'lost' || this.#stop.signal.aborted) return
      }
    }
    await this.#renew(head)
    if (keeper.head?.maxAgeMs === 0) await keeper.limitAge()
    const tookMs = clock.monotonic() - startedAtMs
    this.#lookAgainAtMs = clock.monotonic() + Math.max(LOOK_FOR_LOSS_EVERY_MS, tookMs * LOOK_FOR_LOSS_REST_FACTOR)
    this.#firstSeq = head.firstSeq
    if (isNew)
      this.#parts.logger.info(
        { epoch, facts: this.#republished, store: store.id },
        'the log holds all that the Store holds',
      )
    if (this.#lacking === undefined) this.#reconciledIn = epoch
  }

  /** The log ends before what we knew of it when this process began: its end was lost, and nobody has noticed. */
  #isCutShort(epoch: string, seq: number): boolean {
    const { cursor } = this.#parts.store.found
    return this.#reconciledIn === undefined && cursor?.epoch === epoch && cursor.seq > seq
  }

  /** Publishes what is missing again. `lost`: it was in this very epoch, so that a new one is due first. */
  async #bringBack(head: Established, which: { readonly own: boolean }): Promise<number | 'lost'> {
    const { keeper, logger } = this.#parts
    const { epoch } = head
    let published = 0
    for await (const slice of this.#missing(head)) {
      if (this.#stop.signal.aborted) return published
      if (slice.some(({ location }) => location.epoch === epoch)) {
        keeper.replaced(epoch)
        return 'lost'
      }
      const due = which.own ? slice.filter(({ location }) => location.own) : slice
      if (due.length > 0 && published === 0)
        logger.warn({ epoch, ...which }, 'facts are missing from the log: publishing them again')
      published += await this.#republish(due)
    }
    return published
  }

  async #isAnyMissing(head: Established): Promise<boolean> {
    for await (const slice of this.#missing(head)) if (slice.length > 0) return true
    return false
  }

  async *#missing({ epoch, firstSeq }: Established): AsyncGenerator<readonly StoredFact[]> {
    const { store, brokerClock } = this.#parts
    // What was applied up to here is on its way to the Store: an empty change is done when all before it are.
    await store.write({}, { sync: false })
    yield* store.missing({ epoch, firstSeq, nowMs: brokerClock.earliestNowMs() })
  }

  /** What the stream would forget before its time is appended again. */
  async #renew({ epoch, maxAgeMs }: Established): Promise<void> {
    const { store, clock, brokerClock } = this.#parts
    const ageMs = maxAgeMs > 0 ? maxAgeMs : this.#parts.keeper.wantedAgeMs
    const storedBeforeMs = clock.now() - ageMs * RENEW_AFTER_PART
    for await (const slice of store.aging({ epoch, storedBeforeMs, nowMs: brokerClock.earliestNowMs() })) {
      if (this.#stop.signal.aborted) return
      await this.#republish(slice)
    }
    // Not at the same time as other publishers: what one has appended again, the others need not.
    this.#renewAtMs = clock.monotonic() + (ageMs / RENEWALS_PER_AGE) * (0.5 + this.#parts.random())
  }

  /** In order; facts of one kind share frames. */
  async #republish(stored: readonly StoredFact[]): Promise<number> {
    let run: Fact[] = []
    let bytes = 0
    const flush = async () => {
      if (run.length > 0) await this.#parts.sender.send({ frameId: randomBytes(16).toString('hex'), facts: run })
      this.#republished += run.length
      run = []
      bytes = 0
    }
    for (const { fact } of stored) {
      const size = Buffer.byteLength(JSON.stringify(fact)) + 1
      const isFull = run.length === REPUBLISHED_PER_FRAME || bytes + size > limits.MAX_FRAME_BYTES - 1_024
      if (isFull || (run.length > 0 && run[0]?.kind !== fact.kind)) await flush()
      run.push(fact)
      bytes += size
    }
    await flush()
    return stored.length
  }
}
