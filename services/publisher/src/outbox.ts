import { type Clock, type Fact, RescindError, toRescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { AppliedFrame, Expected } from './applied-frames.ts'
import {
  type AskedBy,
  answerRecorded,
  auditOf,
  batchIn,
  fatesIn,
  type Group,
  groupOf,
  isLate,
  mergeable,
  merged,
  type Outcome,
  type PlannedFact,
  remainder,
  type Submission,
  settleFact,
  sizeOfSubmission,
  waitingOf,
} from './group.ts'
import { ANSWER_PATIENCE_MS, MAX_WAITING_BYTES, MAYBE_SENT_GROUPS, RETRY_SENDING_MS } from './limits.ts'
import type { LogicalTime } from './logical-time.ts'
import type { PublisherMetrics } from './metrics/publisher-metrics.ts'
import { sentFrames } from './probes.ts'
import type { Outgoing } from './sender.ts'
import type { Store } from './store/store.ts'
import { WaitingGroups } from './waiting-groups.ts'

/** What a submission may say beside its facts. */
export interface SubmitOptions {
  /** The request that it comes from, by hashes, if that had an idempotency key. */
  readonly request?: { readonly key: string; readonly body: string } | undefined
  /** True: answered only once it is broadcast, however long that takes. */
  readonly patient?: boolean
  /** Who asks for it, for the audit record, which is on disk with the facts. */
  readonly by?: AskedBy
}

/** What the outbox needs. */
export interface OutboxParts {
  readonly store: Pick<Store, 'found' | 'waiting' | 'write'>
  readonly time: LogicalTime
  readonly clock: Clock
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
  readonly metrics?: Pick<PublisherMetrics, 'recordFsync' | 'countFacts'>
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
  readonly #groups: WaitingGroups
  /** The frames that may have reached the log, before the last process ended or without an answer: waited for by their ids. */
  readonly #found = new Map<string, Expected>()
  #recording: Promise<void> | undefined
  #sending: Promise<void> | undefined
  /** Until the Store has noted what was sent last. */
  #noting: Promise<void> = Promise.resolve()
  /** Since when the group in front has been under way, by the monotonic clock. */
  #sendingSinceMs: number | undefined
  #logFull: RescindError | undefined
  #draining = false
  #stopped = false
  #onWork = () => {}
  #onRoom = () => {}
  #onStop = () => {}

  constructor(parts: OutboxParts) {
    this.#parts = parts
    this.#groups = new WaitingGroups(parts.store)
  }

  /** Takes up what the Store holds. To be awaited before the own replica reads the log; `start` comes after. */
  async open(): Promise<void> {
    await this.#groups.open()
    for (const group of this.#groups.window.slice(0, MAYBE_SENT_GROUPS)) {
      group.sent = true
      this.#found.set(group.frameId, this.#parts.expect(group.frameId))
    }
  }

  /** Begins to send, in the background. */
  start(): void {
    this.#sending ??= this.#send()
  }

  /** What waits for the log, and since when, by the wall clock. */
  get backlog(): { readonly facts: number; readonly oldestRecordedAtMs: number | undefined } {
    return this.#groups.backlog
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
    // Issuer facts take no room of revocations (R16).
    const isFull = kind === 'issuer' ? undefined : this.#parts.fullness(planned.length + this.backlog.facts)
    const refusal = this.#logFull ?? isFull
    if (refusal) throw refusal
    const { request, patient = false, by } = options
    const atMs = this.#parts.time.peek()
    const facts = planned.map((one) => one.build(atMs))
    const bytes = sizeOfSubmission(facts, request !== undefined)
    if (this.#queuedBytes + bytes > MAX_WAITING_BYTES) {
      throw new RescindError('ERR_STORE_FAILED', 'more is asked for than the disk can take; nothing was taken')
    }
    this.#groups.noteShapes(facts)
    return new Promise((resolve, reject) => {
      const waiting = { left: facts.length, unheld: false, resolve, reject }
      this.#queue.push({ kind, planned, request, patient, by, bytes, facts, ...waiting })
      this.#queuedBytes += bytes
      this.#recording ??= this.#record()
    })
  }

  /**
   * Orders of the groups that wait no longer, because the own replica has applied this frame of theirs: to be written
   * together with the frame, so that a Store that lost the one has kept the other.
   */
  settledBy(event: AppliedFrame): readonly number[] {
    for (const group of this.#groups.window) {
      if (!group.sent) break
      if (group.frameId === event.frame.frameId) return fatesIn(group, event).again.length === 0 ? [group.order] : []
    }
    return []
  }

  /** One fact of each shape that was asked for or recorded, and may not be in force yet. */
  waiting(): Iterable<Fact> {
    return this.#groups.shapes
  }

  /** Answers whoever has waited long enough; called often, and at once when the log goes away. */
  tick(): void {
    const nowMs = this.#parts.clock.monotonic()
    const isHeldUp = this.#isHeldUp()
    for (const group of this.#groups.window) if (isHeldUp || isLate(group, nowMs)) answerRecorded(group)
    if (isHeldUp || this.#isBehind()) this.#onRoom()
  }

  /** Takes nothing more, with `ERR_CLOSED`, and resolves once everything submitted so far has been answered. */
  async drain(): Promise<void> {
    this.#draining = true
    const isAwaited = () => this.#groups.window.some(({ answered, owners }) => !answered && owners.length > 0)
    while (this.#recording || isAwaited()) {
      await (this.#recording ?? new Promise((resolve) => setTimeout(resolve, 5)))
    }
    await this.#noting
  }

  /** To be called when the sender was stopped. What waits goes on at the next start. */
  async close(): Promise<void> {
    this.#draining = true
    this.#stopped = true
    this.#onRoom()
    this.#onWork()
    this.#onStop()
    await this.#recording
    await this.#sending
    await this.#noting
    const closed = new RescindError('ERR_CLOSED', 'the publisher is stopping')
    for (const { owners } of this.#groups.window) for (const { submission } of owners) submission.reject(closed)
  }

  /** Nobody who asks now can be told more than `recorded`. */
  #isHeldUp(): boolean {
    if (this.#logFull !== undefined || this.#parts.refusal() !== undefined) return true
    const sinceMs = this.#sendingSinceMs
    return sinceMs !== undefined && this.#parts.clock.monotonic() - sinceMs > ANSWER_PATIENCE_MS
  }

  /**
   * What has waited goes out, and takes its time: who comes behind it is recorded at once, and told so when it has waited
   * long enough itself. At once would let more in than goes out.
   */
  #isBehind(): boolean {
    const [first] = this.#groups.window
    return first !== undefined && isLate(first, this.#parts.clock.monotonic())
  }

  // Recording: from the queue to the disk.

  async #record(): Promise<void> {
    // One turn of the event loop: requests that were read from their sockets together get here together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      // One group under way and one behind it: what arrives meanwhile is the next one, the larger for it.
      while (this.#groups.window.length > 1 && !this.#isHeldUp() && !this.#isBehind() && !this.#stopped) {
        await this.#untilRoom()
      }
      await this.#recordGroup(this.#queue.splice(0, batchIn(this.#queue)))
    }
    this.#recording = undefined
    this.#groups.forgetShapes()
  }

  async #recordGroup(batch: readonly Submission[]): Promise<void> {
    const { store, time, clock, metrics, latestNowMs } = this.#parts
    const { kind } = batch[0] as Submission
    const startedAtMs = clock.monotonic()
    const provisional = this.#isHeldUp()
    const recordedAtMs = latestNowMs()
    const atMs = provisional ? recordedAtMs : time.next(kind)
    const group = groupOf(batch, {
      order: this.#groups.takeOrder(),
      atMs,
      recordedAtMs,
      provisional,
      sinceMs: startedAtMs,
    })
    const audit = batch.flatMap((submission) => auditOf(submission, recordedAtMs))
    try {
      sentFrames.tell('recording', group.frameId)
      await store.write({ keep: [waitingOf(group)], audit }, { sync: true })
      sentFrames.tell('recorded', group.frameId)
    } catch (error) {
      const cause = toRescindError(error, 'ERR_STORE_FAILED')
      for (const { reject } of batch) reject(cause)
      return
    } finally {
      for (const { bytes } of batch) this.#queuedBytes -= bytes
    }
    metrics?.recordFsync(clock.monotonic() - startedAtMs)
    metrics?.countFacts(kind, 'recorded', group.facts.length)
    this.#groups.add(group)
    if (this.#isHeldUp()) answerRecorded(group)
    this.#onWork()
  }

  // Sending: from the disk to the log.

  async #send(): Promise<void> {
    while (!this.#stopped) {
      try {
        const group = await this.#groups.front()
        if (group) await this.#sendGroup(group)
        else await this.#untilWork()
      } catch (error) {
        this.#sendingSinceMs = undefined
        const cause = toRescindError(error, 'ERR_STORE_FAILED')
        if (this.#stopped || cause.code === 'ERR_CLOSED') return
        await this.#meetTrouble(cause).catch((more) => this.#say(more))
        await this.#rest(RETRY_SENDING_MS)
        // With nothing left to try it with, the next request does.
        if (this.#groups.window.length === 0) this.#logFull = undefined
      }
    }
  }

  async #sendGroup(first: Group): Promise<void> {
    this.#sendingSinceMs = this.#parts.clock.monotonic()
    await this.#parts.sender.whenOpen()
    const expected = this.#found.get(first.frameId)
    // The log has been read to its head by now: what is in it already has its time.
    const group = expected?.event ? first : await this.#dated(first)
    group.sent = true
    const { frameId, facts, requests } = group
    const onUnsure = () => {
      group.unsure = true
    }
    const event = await this.#parts.sender.send({ frameId, facts, requests, expected, onUnsure })
    this.#found.delete(frameId)
    await this.#settle(group, event)
    this.#logFull = undefined
    this.#sendingSinceMs = undefined
  }

  /** Gives times that count, and makes one group of all that have waited together: on disk before the log is told. */
  async #dated(first: Group): Promise<Group> {
    const { time, store } = this.#parts
    const { kind, atMs } = first.facts[0] as Fact
    if (!first.provisional && !time.isOutrun(atMs)) return first
    const groups = mergeable(this.#groups.window)
    const dated = merged(groups, time.next(kind))
    const done = groups.slice(1).map(({ order }) => order)
    await store.write({ keep: [waitingOf(dated)], done }, { sync: true })
    // Whoever was answered meanwhile, was answered on the groups that are gone.
    dated.answered = groups.some(({ answered }) => answered)
    this.#groups.replaceFront(groups.length, dated)
    return dated
  }

  /**
   * The frame is applied: what is in force is done, and was written so with the frame; what a newer lift outran goes again,
   * with the same id and a new time (R10).
   */
  async #settle(group: Group, event: AppliedFrame): Promise<void> {
    const { store, metrics } = this.#parts
    const { settled, again, unsent } = fatesIn(group, event)
    if (again.length > 0) {
      const rest = remainder(group, again, unsent)
      await store.write({ keep: [waitingOf(rest)] }, { sync: true })
      rest.answered = group.answered
      this.#groups.replaceFront(1, rest)
    } else this.#groups.removeFront()
    this.#madeRoom()
    metrics?.countFacts((group.facts[0] as Fact).kind, 'broadcast', settled.length)
    // An empty change is done when all before it are: whoever is answered finds the frame in the Store. Meanwhile the next
    // group may go.
    this.#noting = store
      .write({}, { sync: false })
      .catch((error) => this.#say(error))
      .then(() => {
        for (const fate of settled) settleFact(group, fate)
      })
  }

  /**
   * A full log: whoever has not been answered is refused, and nothing of theirs is kept; what was answered waits for room. So
   * does what may be in the log already: a refusal would not be true.
   */
  async #meetTrouble(cause: RescindError): Promise<void> {
    this.#say(cause)
    if (cause.code !== 'ERR_LOG_FULL') return
    const group = this.#groups.window[0]
    this.#logFull = cause
    if (group?.unsure) {
      answerRecorded(group)
      this.#found.set(group.frameId, this.#parts.expect(group.frameId))
    }
    if (!group || group.answered) return
    // Its owners are taken from it first: nobody must be told meanwhile that it is recorded.
    const { owners } = group
    this.#groups.replaceFront(1, { ...group, owners: [] })
    try {
      await this.#parts.store.write({ done: [group.order] }, { sync: true })
    } catch (error) {
      this.#groups.replaceFront(1, group)
      answerRecorded(group)
      throw error
    }
    this.#groups.removeFront()
    this.#madeRoom()
    for (const { submission } of owners) submission.reject(cause)
  }

  #madeRoom(): void {
    if (this.#recording === undefined) this.#groups.forgetShapes()
    this.#onRoom()
  }

  #say(error: unknown): void {
    const { code, detail } = toRescindError(error, 'ERR_STORE_FAILED')
    this.#parts.logger.error({ code, detail }, 'what waits for the log cannot go on')
  }

  /** A pause that the stop cuts short. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#onStop = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stopped) this.#onStop()
    })
  }

  #untilWork(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWork = resolve
      if (!this.#groups.isEmpty || this.#stopped) resolve()
    })
  }

  #untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }
}
