import { encodeShape, type Fact, limits, RescindError, shapeOf, toRescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { AppliedFrame, Expected } from './applied-frames.ts'
import {
  answerRecorded,
  FRAME_OVERHEAD_BYTES,
  foundGroup,
  type Group,
  groupOf,
  isLate,
  mergeable,
  merged,
  type Outcome,
  type PlannedFact,
  remainder,
  type Submission,
  sizeOfSubmission,
  waitingOf,
} from './group.ts'
import { ANSWER_PATIENCE_MS, MAX_WAITING_BYTES, RETRY_SENDING_MS, WINDOW_GROUPS } from './limits.ts'
import type { LogicalTime } from './logical-time.ts'
import { sentFrames } from './probes.ts'
import type { Outgoing } from './sender.ts'
import { settleFact, settlementOf } from './settlement.ts'
import type { Store } from './store/store.ts'

/** What a submission may say beside its facts. */
export interface SubmitOptions {
  /** The request that it comes from, by hashes, if that had an idempotency key. */
  readonly request?: { readonly key: string; readonly body: string } | undefined
  /** True: answered only once it is broadcast, however long that takes. */
  readonly patient?: boolean
}

/** What the outbox needs. */
export interface OutboxParts {
  readonly store: Pick<Store, 'found' | 'waiting' | 'write'>
  readonly time: LogicalTime
  /** The latest that it may be now by any clock we know of: what is recorded while the clocks disagree goes by it. */
  latestNowMs(): number
  /** Why nothing may be appended now, or undefined. */
  refusal(): RescindError | undefined
  /** Why so many facts cannot be held, or undefined (R16). */
  fullness(facts: number): RescindError | undefined
  readonly sender: { whenOpen(): Promise<void>; send(frame: Outgoing): Promise<AppliedFrame> }
  /** Asked before the own replica reads the log: is the frame there that was under way when the last process ended? */
  expect(frameId: string): Expected
  readonly logger: Logger
  /** Told how long a write to the Store took, fsync included, in milliseconds. */
  onRecorded?(ms: number): void
}

/**
 * The way of a fact from a request to the log: recorded in the Store, with one fsync for all requests that arrive together
 * (group commit), then appended as one frame, in order (R10, R12). While the log is away the groups wait on disk, and go
 * out by themselves when it is back. Revocations, lifts and Issuer facts never share a frame.
 */
export class Outbox {
  readonly #parts: OutboxParts
  /** Asked for, and not recorded yet. */
  readonly #queue: Submission[] = []
  #queuedBytes = 0
  /** Recorded, the oldest first. What is behind the window is on disk only, until it moves up. */
  readonly #window: Group[] = []
  /** The last order in the window, and the last on disk behind it. */
  #loadedTo = 0
  #spilledTo: number
  #lastOrder: number
  #waitingFacts: number
  #oldestRecordedAtMs: number | undefined
  /** One fact of each shape that may not be in force yet. */
  readonly #shapes = new Map<string, Fact>()
  /** By their order: the frames that may have reached the log before the last process ended. */
  readonly #found = new Map<number, Expected>()
  #recording: Promise<void> | undefined
  #sending: Promise<void> | undefined
  /** Since when the group in front has been under way. */
  #sendingSinceMs: number | undefined
  #logFull: RescindError | undefined
  #draining = false
  #stopped = false
  #onWork = () => {}
  #onRoom = () => {}

  constructor(parts: OutboxParts) {
    this.#parts = parts
    const { lastOrder, waitingFacts, oldestRecordedAtMs } = parts.store.found
    this.#lastOrder = lastOrder
    this.#spilledTo = lastOrder
    this.#waitingFacts = waitingFacts
    this.#oldestRecordedAtMs = oldestRecordedAtMs
  }

  /** Takes up what the Store holds. To be awaited before the own replica reads the log; `start` comes after. */
  async open(): Promise<void> {
    for (let after = 0; ; ) {
      const waiting = await this.#parts.store.waiting(after, WINDOW_GROUPS)
      if (waiting.length === 0) break
      for (const { facts } of waiting) this.#noteShapes(facts)
      after = waiting.at(-1)?.order ?? after
    }
    await this.#next()
    // Groups go one by one, but that one is done is written without fsync: several of the first can have reached the log.
    for (const { order, frameId } of this.#window) this.#found.set(order, this.#parts.expect(frameId))
  }

  /** Begins to send, in the background. */
  start(): void {
    this.#sending ??= this.#send()
  }

  /** What waits for the log, and since when, by the wall clock. */
  get backlog(): { readonly facts: number; readonly oldestRecordedAtMs: number | undefined } {
    return { facts: this.#waitingFacts, oldestRecordedAtMs: this.#oldestRecordedAtMs }
  }

  /** Why the log takes nothing more, if that is what it said last. */
  get logFull(): RescindError | undefined {
    return this.#logFull
  }

  /**
   * Records the facts of one request, all or nothing, and resolves with how far they came: `recorded` if the log is away
   * or does not confirm within a second. Rejects, and then none of them is kept, with `ERR_FRAME_TOO_LARGE` if they do not
   * fit into one frame, `ERR_STORE_FULL`, `ERR_STORE_FAILED`, `ERR_DENYLIST_FULL`, `ERR_LOG_FULL` or `ERR_CLOSED`.
   */
  async submit(kind: Fact['kind'], planned: readonly PlannedFact[], options: SubmitOptions = {}): Promise<Outcome> {
    if (this.#draining) throw new RescindError('ERR_CLOSED', 'the publisher is stopping; ask another one')
    const refusal = this.#logFull ?? this.#parts.fullness(planned.length + this.#waitingFacts)
    if (refusal) throw refusal
    const { request, patient = false } = options
    const atMs = this.#parts.time.peek()
    const facts = planned.map((one) => one.build(atMs))
    const bytes = sizeOfSubmission(facts, request !== undefined)
    if (this.#queuedBytes + bytes > MAX_WAITING_BYTES) {
      throw new RescindError('ERR_STORE_FAILED', 'more is asked for than the disk can take; nothing was taken')
    }
    this.#noteShapes(facts)
    return new Promise((resolve, reject) => {
      const waiting = { left: facts.length, cursor: undefined, unheld: false, resolve, reject }
      this.#queue.push({ kind, planned, request, patient, bytes, facts, ...waiting })
      this.#queuedBytes += bytes
      this.#recording ??= this.#record()
    })
  }

  /** One fact of each shape that was asked for or recorded, and may not be in force yet. */
  waiting(): Iterable<Fact> {
    return this.#shapes.values()
  }

  /** Answers whoever has waited long enough; called often, and at once when the log goes away. */
  tick(): void {
    const isHeldUp = this.#isHeldUp()
    for (const group of this.#window) if (isHeldUp || isLate(group, performance.now())) answerRecorded(group)
    if (isHeldUp || this.#isBehind()) this.#onRoom()
  }

  /** Takes nothing more, with `ERR_CLOSED`, and resolves once everything submitted so far has been answered. */
  async drain(): Promise<void> {
    this.#draining = true
    const isAwaited = () => this.#window.some(({ answered, owners }) => !answered && owners.length > 0)
    while (this.#recording || isAwaited()) {
      await (this.#recording ?? new Promise((resolve) => setTimeout(resolve, 5)))
    }
  }

  /** To be called when the sender was stopped. What waits goes on at the next start. */
  async close(): Promise<void> {
    this.#draining = true
    this.#stopped = true
    this.#onRoom()
    this.#onWork()
    await this.#recording
    await this.#sending
    const closed = new RescindError('ERR_CLOSED', 'the publisher is stopping')
    for (const { owners } of this.#window) for (const { submission } of owners) submission.reject(closed)
  }

  /** Nobody who asks now can be told more than `recorded`. */
  #isHeldUp(): boolean {
    if (this.#logFull !== undefined || this.#parts.refusal() !== undefined) return true
    return this.#sendingSinceMs !== undefined && performance.now() - this.#sendingSinceMs > ANSWER_PATIENCE_MS
  }

  /**
   * What has waited goes out, and takes its time: who comes behind it is recorded at once, and told so when it has waited
   * long enough itself. At once would let more in than goes out.
   */
  #isBehind(): boolean {
    const [first] = this.#window
    return first !== undefined && isLate(first, performance.now())
  }

  // Recording: from the queue to the disk.

  async #record(): Promise<void> {
    // One turn of the event loop: requests that were read from their sockets together get here together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      // One group under way and one behind it: what arrives meanwhile is the next one, the larger for it.
      while (this.#window.length > 1 && !this.#isHeldUp() && !this.#isBehind() && !this.#stopped)
        await this.#untilRoom()
      await this.#recordGroup(this.#takeBatch())
    }
    this.#recording = undefined
  }

  /** The longest run of submissions of one kind, from the front, that fits into one frame. */
  #takeBatch(): Submission[] {
    const kind = this.#queue[0]?.kind
    let bytes = FRAME_OVERHEAD_BYTES
    let facts = 0
    const end = this.#queue.findIndex((submission) => {
      bytes += submission.bytes
      facts += submission.planned.length
      return submission.kind !== kind || bytes > limits.MAX_FRAME_BYTES || facts > limits.MAX_FACTS_PER_FRAME
    })
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end)
  }

  async #recordGroup(batch: readonly Submission[]): Promise<void> {
    const { store, time, latestNowMs } = this.#parts
    const provisional = this.#isHeldUp() || this.#isBehind()
    const recordedAtMs = latestNowMs()
    const atMs = provisional ? recordedAtMs : time.next((batch[0] as Submission).kind)
    this.#lastOrder += 1
    const sinceMs = performance.now()
    const group = groupOf(batch, { order: this.#lastOrder, atMs, recordedAtMs, sinceMs, provisional })
    try {
      sentFrames.tell('recording', group.frameId)
      await store.write({ keep: [waitingOf(group)] }, { sync: true })
      sentFrames.tell('recorded', group.frameId)
    } catch (error) {
      const cause = toRescindError(error, 'ERR_STORE_FAILED')
      for (const { reject } of batch) reject(cause)
      return
    } finally {
      for (const { bytes } of batch) this.#queuedBytes -= bytes
    }
    this.#parts.onRecorded?.(performance.now() - sinceMs)
    this.#recorded(group)
  }

  #recorded(group: Group): void {
    this.#waitingFacts += group.facts.length
    this.#oldestRecordedAtMs ??= group.recordedAtMs
    if (this.#loadedTo < this.#spilledTo || this.#window.length >= WINDOW_GROUPS) {
      this.#spilledTo = group.order
      answerRecorded(group)
    } else {
      this.#window.push(group)
      this.#loadedTo = group.order
      this.#spilledTo = group.order
      if (this.#isHeldUp()) answerRecorded(group)
    }
    this.#onWork()
  }

  #noteShapes(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.kind === 'revocation') this.#shapes.set(`${fact.iss}\n${encodeShape(shapeOf(fact.match))}`, fact)
    }
  }

  // Sending: from the disk to the log.

  async #send(): Promise<void> {
    while (!this.#stopped) {
      try {
        const group = await this.#next()
        if (group) await this.#sendGroup(group)
        else await this.#untilWork()
      } catch (error) {
        this.#sendingSinceMs = undefined
        const cause = toRescindError(error, 'ERR_STORE_FAILED')
        if (this.#stopped || cause.code === 'ERR_CLOSED') return
        await this.#meetTrouble(cause).catch((more) => this.#say(more))
        await new Promise((resolve) => setTimeout(resolve, RETRY_SENDING_MS).unref())
        // With nothing left to try it with, the next request does.
        if (this.#window.length === 0) this.#logFull = undefined
      }
    }
  }

  /** The group in front, read from the disk if the window is empty. */
  async #next(): Promise<Group | undefined> {
    if (this.#window.length === 0 && this.#loadedTo < this.#spilledTo) {
      const upTo = this.#spilledTo
      const loaded = await this.#parts.store.waiting(this.#loadedTo, WINDOW_GROUPS)
      this.#window.push(...loaded.map(foundGroup))
      this.#loadedTo = loaded.at(-1)?.order ?? upTo
    }
    return this.#window[0]
  }

  async #sendGroup(first: Group): Promise<void> {
    this.#sendingSinceMs = performance.now()
    await this.#parts.sender.whenOpen()
    const { frameId, facts, requests } = this.#found.get(first.order)?.event ? first : await this.#dated(first)
    // What the last process sent may come in as late as now: asked last, and without a pause before the sender asks.
    const event = this.#takeFound(first) ?? (await this.#parts.sender.send({ frameId, facts, requests }))
    await this.#settle(this.#window[0] as Group, event)
    this.#logFull = undefined
    this.#sendingSinceMs = undefined
  }

  /** The log has been read to its head by now: if the frame of the last process got there, it has been applied. */
  #takeFound({ order }: Group): AppliedFrame | undefined {
    const expected = this.#found.get(order)
    this.#found.delete(order)
    expected?.forget()
    return expected?.event
  }

  /** Gives times that count, and makes one group of all that have waited together: on disk before the log is told. */
  async #dated(first: Group): Promise<Group> {
    const { time, store } = this.#parts
    const { kind, atMs } = first.facts[0] as Fact
    if (!first.provisional && !time.isOutrun(atMs)) return first
    const groups = mergeable(this.#window)
    const dated = merged(groups, time.next(kind))
    const done = groups.slice(1).map(({ order }) => order)
    await store.write({ keep: [waitingOf(dated)], done }, { sync: true })
    // Whoever was answered meanwhile, was answered on the groups that are gone.
    dated.answered = groups.some(({ answered }) => answered)
    this.#window.splice(0, groups.length, dated)
    return dated
  }

  /** The frame is applied: what is in force is done; what a newer lift outran goes again, with the same id and a new time (R10). */
  async #settle(group: Group, event: AppliedFrame): Promise<void> {
    const { settled, again, unsent } = settlementOf(group, event)
    for (const one of settled) settleFact(group, one, event.cursor)
    if (again.length > 0) {
      const rest = remainder(group, again, unsent)
      await this.#parts.store.write({ keep: [waitingOf(rest)] }, { sync: true })
      rest.answered = group.answered
      this.#window[0] = rest
    } else {
      // Without fsync: if it is lost, the frame is found in the log again.
      this.#parts.store.write({ done: [group.order] }, { sync: false }).catch((error) => this.#say(error))
      this.#window.shift()
    }
    this.#leave(group.facts.length - again.length)
  }

  /** So many facts have left the outbox. */
  #leave(facts: number): void {
    this.#waitingFacts -= facts
    this.#oldestRecordedAtMs =
      this.#waitingFacts > 0 ? (this.#window[0]?.recordedAtMs ?? this.#oldestRecordedAtMs) : undefined
    if (this.#waitingFacts === 0 && this.#recording === undefined) this.#shapes.clear()
    this.#onRoom()
  }

  /** A full log: whoever has not been answered is refused, and nothing of theirs is kept; what was answered waits for room. */
  async #meetTrouble(cause: RescindError): Promise<void> {
    this.#say(cause)
    if (cause.code !== 'ERR_LOG_FULL') return
    this.#logFull = cause
    const group = this.#window[0]
    if (!group || group.answered) return
    // Out of the window first: nobody must be told meanwhile that it is recorded.
    this.#window.shift()
    try {
      await this.#parts.store.write({ done: [group.order] }, { sync: true })
    } catch (error) {
      this.#window.unshift(group)
      answerRecorded(group)
      throw error
    }
    this.#leave(group.facts.length)
    for (const { submission } of group.owners) submission.reject(cause)
  }

  #say(error: unknown): void {
    const { code, detail } = toRescindError(error, 'ERR_STORE_FAILED')
    this.#parts.logger.error({ code, detail }, 'what waits for the log cannot go on')
  }

  #untilWork(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWork = resolve
      if (this.#window.length > 0 || this.#loadedTo < this.#spilledTo || this.#stopped) resolve()
    })
  }

  #untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }
}
