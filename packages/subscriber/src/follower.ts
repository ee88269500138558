import type { Barrier, ConnectionStats, Head, LogConnection, LogEvent, Presence, RevocationLog } from '@rescind/log'
import {
  type Clock,
  type Cursor,
  decodeFrame,
  type Frame,
  limits,
  peekFrameId,
  type RescindError,
  readSnapshot,
  type Snapshot,
  toRescindError,
} from '@rescind/protocol'
import { Attempt, type Work } from './attempt.ts'
import { Backoff } from './backoff.ts'
import {
  type FollowInput,
  type FollowOutput,
  type FollowRules,
  type FollowState,
  INITIAL,
  type OwnFrame,
  wakeAtMs,
} from './follow-state.ts'
import { step } from './follow-table.ts'
import { inSlices } from './in-slices.ts'
import type { FollowStats } from './replica-stats.ts'
import type { Logger } from './replica-types.ts'
import type { SnapshotSource } from './snapshot-source.ts'

/** The log answers a question in about a millisecond; a minute's quarter is the default bound on staleness. */
const QUESTION_TIMEOUT_MS = 3_000

/** A snapshot of the largest index over a slow link: 1 GB at 10 MB/s, and a little. */
const SNAPSHOT_TIMEOUT_MS = 120_000

/** How often time is looked at. A manual clock moves without a timer of ours knowing. */
const TICK_MS = 200

/** What the shell does I/O with, and whom it tells. */
export interface FollowerOptions {
  readonly log: RevocationLog
  readonly name: string
  readonly snapshot: SnapshotSource | undefined
  readonly rules: FollowRules
  readonly clock: Clock
  readonly logger: Logger
  /** Applies the facts of a frame, synchronously; false if one could not be held (R16). */
  apply(frame: Frame, cursor: Cursor): boolean
  /** Joins an image in slices, until `signal` fires; false if not all of it could be held (R16). */
  join(snapshot: Snapshot, signal: AbortSignal): Promise<boolean>
  /** Does somebody wait for what following will bring? Then it keeps the process alive. */
  isAwaited(): boolean
  /** The log is being asked: a proof that comes later may count from here. Must not throw. */
  onAsk(): void
  /** The state has changed, or time has passed. Must not throw. */
  onChange(state: FollowState): void
  /** A publisher asks what has been applied. Must not throw. */
  onBarrier(barrier: Barrier): void
  /** Time has passed: some times a second. Must not throw. */
  onTick(): void
  /** The log was rolled back under the same epoch. */
  onReplaced(): void
  /** Facts came in by a snapshot, unseen one by one. */
  onSkipped(): void
}

/**
 * The I/O around the state machine: `run` is the retry loop, `follow` one attempt. Everything that happens becomes an
 * input; every output is carried out here and nowhere else. Answers of an attempt that is over are dropped.
 */
export class Follower {
  readonly #options: FollowerOptions
  readonly #stop = new AbortController()
  readonly #backoff: Backoff
  #state: FollowState = INITIAL
  #connection: LogConnection | undefined
  #connected = false
  #attempt: Attempt | undefined
  #snapshot: Snapshot | undefined
  #head: Head | undefined
  #running: Promise<void> | undefined
  #performing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #wakeUp: (() => void) | undefined
  #noted: string | undefined
  #tickDueMs = Number.POSITIVE_INFINITY
  readonly #counts = {
    questions: 0,
    proofs: 0,
    frames: 0,
    facts: 0,
    ignored: 0,
    snapshots: 0,
    snapshotFailures: 0,
    maxTickDelayMs: 0,
  }

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.rules.random)
  }

  /** Where following stands. */
  get state(): FollowState {
    return this.#state
  }

  /** The log as its leader last told it. */
  get head(): Head | undefined {
    return this.#head
  }

  /** What has come of it so far. */
  get stats(): FollowStats {
    return { ...this.#counts }
  }

  /** What the connection says of itself. */
  get connection(): ConnectionStats | undefined {
    return this.#connection?.stats()
  }

  /** Begins to follow; returns at once. */
  start(): void {
    this.#running = this.#run()
    this.#tick()
  }

  /** Ends following and closes the connection; resolves when both are done. */
  async stop(): Promise<void> {
    this.#send({ kind: 'close' })
    this.#stop.abort()
    this.#attempt?.end()
    clearTimeout(this.#timer)
    this.#wakeUp?.()
    await this.#running
    await this.#performing
  }

  /** Asks for the head soon: somebody knows of more. */
  nudge(): void {
    this.#send({ kind: 'nudge' })
  }

  /** There is room again for facts that could not be held. */
  refill(): void {
    this.#send({ kind: 'roomy' })
  }

  /** Somebody has begun to wait: from here on the process stays alive, until the next tick looks at who waits. */
  attend(): void {
    this.#timer?.ref()
  }

  /** Says how the replica is, if there is a connection to say it on. */
  announce(presence: Presence): void {
    if (this.#connected) this.#connection?.announce(presence)
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        this.#connection ??= await this.#connect()
        if (this.#connected) await this.#follow()
      } catch (error) {
        this.#fail(toRescindError(error, 'ERR_LOG_UNAVAILABLE'))
      }
      await this.#pause(this.#connected ? this.#backoff.next() : 1_000)
    }
    await this.#connection?.close()
  }

  async #connect(): Promise<LogConnection> {
    const { log, name } = this.#options
    const onEvent = (event: LogEvent): void => this.#onEvent(event)
    const onTrouble = (error: RescindError): void => this.#fail(error)
    const connection = await log.connect({ name, onEvent, onTrouble, signal: this.#stop.signal })
    this.#connected = true
    return connection
  }

  /** One attempt: from `begin` until something that it waits for fails or the connection breaks. */
  async #follow(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const attempt = new Attempt()
    this.#attempt = attempt
    this.#send({ kind: 'begin' })
    await attempt.over
    this.#attempt = undefined
  }

  #onEvent(event: LogEvent): void {
    if (event.kind === 'live') this.#onLive(event.seq, event.bytes)
    else if (event.kind === 'barrier') this.#options.onBarrier(event.barrier)
    else if (event.kind === 'disconnected') {
      this.#connected = false
      this.#attempt?.end()
      this.#send({ kind: 'disconnected' })
    } else if (event.kind === 'reconnected') {
      this.#connected = true
      this.#backoff.reset()
      this.#wakeUp?.()
    }
  }

  #onLive(seq: number, bytes: Uint8Array): void {
    const frame = this.#state.cursor && decodeOrUndefined(bytes)
    // Forged, such a time would run logical time, and with it everything recorded from then on, ahead for good (R10).
    const latestMs = this.#options.clock.now() + limits.MAX_LIVE_AHEAD_MS
    const isTimely = frame?.facts.every(({ atMs }) => atMs <= latestMs)
    this.#send({ kind: 'live', seq, frame: isTimely ? frame : undefined })
  }

  /** The one place where the state changes: state and the facts it stands for move in one synchronous step. */
  #send(input: FollowInput): void {
    const before = this.#state
    const { state, outputs } = step(before, input, this.#options.clock.monotonic(), this.#options.rules)
    this.#state = state
    for (const output of outputs) this.#carryOut(output)
    if (state.provedAtMs !== before.provedAtMs) {
      this.#counts.proofs += 1
      this.#backoff.reset()
      this.#noted = undefined
    }
    if (wakeAtMs(state) < wakeAtMs(before)) this.#tickIn(wakeAtMs(state) - this.#options.clock.monotonic())
    if (this.#state !== before) this.#options.onChange(this.#state)
  }

  #carryOut(output: FollowOutput): void {
    switch (output.kind) {
      case 'apply':
        this.#counts.frames += 1
        this.#counts.facts += output.frame.facts.length
        if (!this.#options.apply(output.frame, output.cursor)) this.#send({ kind: 'overflowed' })
        break
      case 'ask':
        this.#counts.questions += 1
        this.#options.onAsk()
        this.#perform(QUESTION_TIMEOUT_MS, (work) => this.#ask(output.own, work))
        break
      case 'fetch':
        this.#perform(SNAPSHOT_TIMEOUT_MS, (work) =>
          this.#fetch(work).catch((error) => {
            this.#counts.snapshotFailures += 1
            throw error
          }),
        )
        break
      case 'join':
        this.#perform(SNAPSHOT_TIMEOUT_MS, (work) => this.#join(work))
        break
      case 'read':
        this.#perform(QUESTION_TIMEOUT_MS, (work) => this.#read(output.fromSeq, output.toSeq, work))
        break
      case 'retry':
        this.#note(output.error)
        this.#attempt?.end()
        break
      case 'ignored':
        this.#counts.ignored += 1
        break
      case 'replaced':
        this.#options.logger.warn(
          { cursor: this.#state.cursor },
          'the log was rolled back: it holds other frames than before',
        )
        this.#options.onReplaced()
        break
      case 'skipped':
        this.#options.onSkipped()
        break
    }
  }

  /** Does I/O for the present attempt, one piece at a time; what comes of it counts if it was not given up by then. */
  #perform(silenceMs: number, task: (work: Work) => Promise<FollowInput | undefined>): void {
    const work = this.#attempt?.begin(silenceMs)
    if (work === undefined) return
    const failed = (error: unknown): FollowInput => {
      return { kind: 'failed', error: toRescindError(error, 'ERR_LOG_UNAVAILABLE') }
    }
    // Raced: what somebody else wrote, such as a snapshot source, may not heed the signal.
    const outcome = Promise.race([task(work), work.givenUp]).catch(failed)
    this.#performing = outcome.then((input) => {
      if (input && work.end()) this.#send(input)
    })
  }

  async #ask(own: readonly number[], { signal }: Work): Promise<FollowInput> {
    const connection = this.#connection as LogConnection
    const look = async (seq: number): Promise<OwnFrame> => {
      const frame = await connection.read(seq, { signal })
      return frame ? { frameId: peekFrameId(frame.bytes) ?? '' } : 'missing'
    }
    const [head, ...found] = await Promise.all([connection.head({ signal }), ...own.map(look)])
    this.#head = head
    return { kind: 'answered', head, own: found }
  }

  async #fetch({ signal }: Work): Promise<FollowInput> {
    const source = this.#options.snapshot as SnapshotSource
    const bytes = await source.fetch({ signal, maxBytes: limits.MAX_SNAPSHOT_BYTES })
    const snapshot = await inSlices(readSnapshot(bytes), signal)
    // Given up meanwhile: another may be here by now, and this one must not be joined in its name.
    signal.throwIfAborted()
    this.#snapshot = snapshot
    this.#counts.snapshots += 1
    return { kind: 'snapshot', manifest: snapshot.manifest }
  }

  async #join({ signal }: Work): Promise<FollowInput> {
    const snapshot = this.#snapshot as Snapshot
    this.#snapshot = undefined
    return { kind: 'joined', complete: await this.#options.join(snapshot, signal) }
  }

  async #read(fromSeq: number, toSeq: number, work: Work): Promise<FollowInput | undefined> {
    const { signal } = work
    for await (const { seq, bytes } of (this.#connection as LogConnection).range(fromSeq, toSeq, { signal })) {
      if (signal.aborted) return undefined
      work.progress()
      let frame: Frame
      try {
        frame = decodeFrame(bytes)
      } catch (error) {
        const poison = toRescindError(error, 'ERR_FRAME_MALFORMED')
        this.#options.logger.error({ seq, err: poison }, 'a frame of the log cannot be read; it is not skipped')
        return { kind: 'poison', seq, error: poison }
      }
      this.#send({ kind: 'frame', seq, frame })
    }
    return { kind: 'end' }
  }

  #tick(): void {
    this.#noteDelay()
    this.#send({ kind: 'tick' })
    this.#options.onTick()
    this.#options.onChange(this.#state)
    this.#tickIn(Math.min(TICK_MS, wakeAtMs(this.#state) - this.#options.clock.monotonic()))
  }

  #noteDelay(): void {
    const delayMs = Math.round(this.#options.clock.monotonic() - this.#tickDueMs)
    this.#counts.maxTickDelayMs = Math.max(this.#counts.maxTickDelayMs, delayMs)
  }

  #tickIn(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#stop.signal.aborted) return
    const delayMs = Math.min(TICK_MS, Math.max(1, ms))
    this.#tickDueMs = this.#options.clock.monotonic() + delayMs
    this.#timer = setTimeout(() => this.#tick(), delayMs)
    // Following must not keep a process alive whose own work is done; a promise that somebody awaits is work.
    if (!this.#options.isAwaited()) this.#timer.unref()
  }

  /** Waits between attempts; a reconnection or a stop ends the wait. */
  #pause(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wakeUp?.(), ms).unref()
      this.#wakeUp = () => {
        clearTimeout(timer)
        this.#wakeUp = undefined
        resolve()
      }
    })
  }

  /** There is no connection to follow on. */
  #fail(error: RescindError): void {
    if (this.#stop.signal.aborted) return
    this.#note(error)
    this.#send({ kind: 'failed', error })
  }

  /** Loud once for each kind of trouble, until a proof ends it. */
  #note(error: RescindError): void {
    if (this.#stop.signal.aborted) return
    const level = this.#noted === error.code ? 'debug' : 'warn'
    this.#noted = error.code
    // Without its stack, which tells nothing of an outage.
    const { code, detail } = error
    this.#options.logger[level]({ code, detail }, 'following was interrupted; trying again')
  }
}

function decodeOrUndefined(bytes: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(bytes)
  } catch {
    return undefined
  }
}
