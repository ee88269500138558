import type { LogConnection, LogEvent, Presence, RevocationLog } from '@rescind/log'
import {
  type Clock,
  type Cursor,
  decodeFrame,
  decodeSnapshot,
  type Frame,
  limits,
  peekFrameId,
  RescindError,
  type Snapshot,
  toRescindError,
} from '@rescind/protocol'
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
  /** Joins an image in slices; false if not all of it could be held (R16). */
  join(snapshot: Snapshot): Promise<boolean>
  /** Does somebody wait for what following will bring? Then it keeps the process alive. */
  isAwaited(): boolean
  /** The state has changed, or time has passed. Must not throw. */
  onChange(state: FollowState): void
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
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #wakeUp: (() => void) | undefined
  #ignored = 0

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.rules.random)
  }

  /** Where following stands. */
  get state(): FollowState {
    return this.#state
  }

  /** Live messages that were not the next frame. */
  get ignored(): number {
    return this.#ignored
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
  }

  /** Asks for the head soon: somebody knows of more. */
  nudge(): void {
    this.#send({ kind: 'nudge' })
  }

  /** There is room again for facts that could not be held. */
  refill(): void {
    this.#send({ kind: 'roomy' })
  }

  /** Somebody has begun to wait: looks at time again, and at who waits. */
  attend(): void {
    this.#tickIn(TICK_MS)
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
        this.#note(toRescindError(error, 'ERR_LOG_UNAVAILABLE'))
      }
      await this.#pause(this.#connected ? this.#backoff.next() : 1_000)
    }
    await this.#connection?.close()
  }

  async #connect(): Promise<LogConnection> {
    const { log, name } = this.#options
    const onEvent = (event: LogEvent): void => this.#onEvent(event)
    const connection = await log.connect({ name, onEvent, signal: this.#stop.signal })
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
    const isNews = seq > (this.#state.cursor?.seq ?? Number.POSITIVE_INFINITY)
    this.#send({ kind: 'live', seq, frame: isNews ? decodeOrUndefined(bytes) : undefined })
  }

  /** The one place where the state changes: state and the facts it stands for move in one synchronous step. */
  #send(input: FollowInput): void {
    const before = this.#state
    const { state, outputs } = step(before, input, this.#options.clock.monotonic(), this.#options.rules)
    this.#state = state
    for (const output of outputs) this.#carryOut(output)
    if (state.provedAtMs !== before.provedAtMs) this.#backoff.reset()
    if (wakeAtMs(state) < wakeAtMs(before)) this.#tickIn(wakeAtMs(state) - this.#options.clock.monotonic())
    if (this.#state !== before) this.#options.onChange(this.#state)
  }

  #carryOut(output: FollowOutput): void {
    switch (output.kind) {
      case 'apply':
        if (!this.#options.apply(output.frame, output.cursor)) this.#send({ kind: 'overflowed' })
        break
      case 'ask':
        this.#perform(QUESTION_TIMEOUT_MS, (signal) => this.#ask(output.own, signal))
        break
      case 'fetch':
        this.#perform(SNAPSHOT_TIMEOUT_MS, (signal) => this.#fetch(signal))
        break
      case 'join':
        this.#perform(SNAPSHOT_TIMEOUT_MS, () => this.#join())
        break
      case 'read':
        this.#perform(QUESTION_TIMEOUT_MS, (signal, attempt) =>
          this.#read(output.fromSeq, output.toSeq, signal, attempt),
        )
        break
      case 'retry':
        this.#note(output.error)
        this.#attempt?.end()
        break
      case 'ignored':
        this.#ignored += 1
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

  /** Does I/O for the present attempt, and sends what comes of it, if the attempt still stands then. */
  #perform(timeoutMs: number, work: (signal: AbortSignal, attempt: Attempt) => Promise<FollowInput | undefined>): void {
    const attempt = this.#attempt
    if (!attempt) return
    const signal = attempt.bounded(timeoutMs)
    work(signal, attempt)
      .catch((error: unknown): FollowInput => ({ kind: 'failed', error: toRescindError(error, 'ERR_LOG_UNAVAILABLE') }))
      .then((input) => {
        attempt.unbound()
        if (input && !attempt.isOver) this.#send(input)
      })
  }

  async #ask(own: number | undefined, signal: AbortSignal): Promise<FollowInput> {
    const connection = this.#connection as LogConnection
    const [head, frame] = await Promise.all([
      connection.head({ signal }),
      own === undefined ? undefined : connection.read(own, { signal }),
    ])
    const found: OwnFrame = frame ? { frameId: peekFrameId(frame.bytes) ?? '' } : 'missing'
    return { kind: 'answered', head, own: own === undefined ? 'not_asked' : found }
  }

  async #fetch(signal: AbortSignal): Promise<FollowInput> {
    const source = this.#options.snapshot as SnapshotSource
    const bytes = await source.fetch({ signal, maxBytes: limits.MAX_SNAPSHOT_BYTES })
    this.#snapshot = decodeSnapshot(bytes)
    return { kind: 'snapshot', manifest: this.#snapshot.manifest }
  }

  async #join(): Promise<FollowInput> {
    const snapshot = this.#snapshot as Snapshot
    this.#snapshot = undefined
    return { kind: 'joined', complete: await this.#options.join(snapshot) }
  }

  async #read(fromSeq: number, toSeq: number, signal: AbortSignal, attempt: Attempt): Promise<FollowInput | undefined> {
    for await (const { seq, bytes } of (this.#connection as LogConnection).range(fromSeq, toSeq, { signal })) {
      if (attempt.isOver) return undefined
      attempt.extend(QUESTION_TIMEOUT_MS)
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
    this.#send({ kind: 'tick' })
    this.#options.onChange(this.#state)
    this.#tickIn(Math.min(TICK_MS, wakeAtMs(this.#state) - this.#options.clock.monotonic()))
  }

  #tickIn(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#stop.signal.aborted) return
    this.#timer = setTimeout(() => this.#tick(), Math.min(TICK_MS, Math.max(1, ms)))
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

  #note(error: RescindError): void {
    if (this.#stop.signal.aborted) return
    this.#options.logger.debug({ err: error }, 'following was interrupted; trying again')
  }
}

/** One attempt to follow: its end aborts what it still waits for. */
class Attempt {
  readonly over: Promise<void>
  isOver = false
  #resolve: () => void = () => {}
  #question: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** A signal for one piece of work that fires when it is silent for `timeoutMs`, or when the attempt ends. */
  bounded(timeoutMs: number): AbortSignal {
    this.#question = new AbortController()
    this.extend(timeoutMs)
    return this.#question.signal
  }

  /** The work has made progress: it has `timeoutMs` again. */
  extend(timeoutMs: number): void {
    clearTimeout(this.#timer)
    const question = this.#question
    const timeout = new RescindError('ERR_LOG_UNAVAILABLE', `no answer within ${timeoutMs} ms`)
    this.#timer = setTimeout(() => question?.abort(timeout), timeoutMs).unref()
  }

  /** The work is done. */
  unbound(): void {
    clearTimeout(this.#timer)
  }

  end(): void {
    this.isOver = true
    clearTimeout(this.#timer)
    this.#question?.abort(new RescindError('ERR_LOG_UNAVAILABLE', 'the attempt is over'))
    this.#resolve()
  }
}

function decodeOrUndefined(bytes: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(bytes)
  } catch {
    return undefined
  }
}
