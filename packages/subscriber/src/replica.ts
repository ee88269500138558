import { randomBytes } from 'node:crypto'
import { type Applied, createDenylist, type Denylist } from '@rescind/denylist'
import type { Presence } from '@rescind/log'
import {
  type Clock,
  type Cursor,
  type Fact,
  FRAME_VERSIONS,
  type Frame,
  type Lift,
  limits,
  RescindError,
  type Revocation,
  type Snapshot,
  systemClock,
  type UnknownCause,
  type Verdict,
  type VerifiedToken,
} from '@rescind/protocol'
import { AppliedFacts } from './applied-facts.ts'
import { BarrierAnswers } from './barrier-answers.ts'
import { CursorWaiters } from './cursor-waiters.ts'
import { DeletionClock } from './deletion-clock.ts'
import { PACKAGE_VERSION, publish } from './diagnostics.ts'
import type { EmbeddedReplica, EmbeddedReplicaOptions } from './embedded-replica.ts'
import type { FollowState } from './follow-state.ts'
import { hasReached } from './follow-table.ts'
import { Follower } from './follower.ts'
import { inSlices } from './in-slices.ts'
import { type Position, PositionDigest } from './position-digest.ts'
import { refusalOf } from './refusal.ts'
import { CheckCounts, type ReplicaStats } from './replica-stats.ts'
import type { Logger, Refusal, ReplicaStatus, WhenUnknown } from './replica-types.ts'
import { SleepWatch } from './sleep-watch.ts'
import { UnknownAdvice } from './unknown-advice.ts'

/** Some five ticks a second, for a minute. */
const SWEEPS_PER_LAP = 300

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Denylist, cursor and the task that follows the log, behind the contract of `Replica`. Options are already checked. */
export class FollowingReplica implements EmbeddedReplica {
  readonly denylist: Denylist
  readonly #options: EmbeddedReplicaOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #staleAfterMs: number
  readonly #maxEntries: number
  readonly #unmanaged: ReadonlySet<string>
  readonly id = randomBytes(8).toString('hex')
  readonly #name: string
  readonly #facts = new AppliedFacts()
  readonly #waiters = new CursorWaiters()
  readonly #deletionClock: DeletionClock
  readonly #follower: Follower
  readonly #advice = new UnknownAdvice()
  readonly #checks = new CheckCounts()
  readonly #sleep: SleepWatch
  readonly #digest: PositionDigest
  readonly #barriers: BarrierAnswers
  #largestAtMs = 0
  #provedAtMs: number | undefined
  #announcedAtMs = Number.NEGATIVE_INFINITY
  #lastState: ReplicaStatus['state'] = 'starting'
  #closing: Promise<void> | undefined
  #onLive: (() => void) | undefined
  #sweeping = false

  constructor(options: EmbeddedReplicaOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? SILENT
    this.#staleAfterMs = options.staleAfterMs ?? limits.DEFAULT_STALE_AFTER_MS
    this.#maxEntries = options.maxEntries ?? limits.MAX_ENTRIES
    this.denylist = createDenylist({ maxEntries: this.#maxEntries })
    this.#unmanaged = new Set(options.unmanagedIssuers ?? [])
    this.#name = options.name ?? `replica-${this.id.slice(0, 8)}`
    this.#deletionClock = new DeletionClock(this.#clock)
    this.#sleep = new SleepWatch(this.#clock)
    this.#follower = new Follower({
      log: options.log,
      name: this.#name,
      snapshot: options.snapshot,
      rules: {
        hasSnapshots: options.snapshot !== undefined,
        mayReadLog: options.bootstrap === 'log',
        proveEveryMs: options.proveEveryMs ?? limits.DEFAULT_PROVE_EVERY_MS,
        random: Math.random,
      },
      clock: this.#clock,
      logger: this.#logger,
      apply: (frame, cursor) => this.#apply(frame, cursor),
      join: (snapshot, signal) => this.#join(snapshot, signal),
      isAwaited: () => this.#onLive !== undefined || this.#waiters.size > 0 || this.#facts.waiting > 0,
      onAsk: () => this.#sleep.asked(),
      onChange: (state) => this.#onChange(state),
      onBarrier: (barrier) => this.#barriers.hear(barrier),
      onTick: () => this.#onTick(),
      onReplaced: () => this.#options.onReplaced?.(),
      onSkipped: () => this.#facts.end(new RescindError('ERR_FACTS_MISSED', 'facts came in by a snapshot')),
    })
    this.#digest = new PositionDigest({
      denylist: this.denylist,
      clock: this.#clock,
      position: () => this.#position(),
      deletedUpToMs: () => this.#deletionClock.furthestMs,
    })
    this.#barriers = new BarrierAnswers({
      clock: this.#clock,
      state: () => this.#follower.state,
      announce: (barrier) => this.#announce(this.#stateNow(), barrier),
      nudge: () => this.#follower.nudge(),
    })
    this.#follower.start()
  }

  check(token: VerifiedToken): Verdict {
    return this.#checks.count(this.#judge(token))
  }

  #judge(token: VerifiedToken): Verdict {
    const verdict = this.denylist.check(token, {
      nowMs: this.#clock.now(),
      unmanagedIssuers: this.#unmanaged,
      ...(this.#options.issuer === undefined ? {} : { issuer: this.#options.issuer }),
    })
    if (verdict.kind === 'revoked') return verdict
    const state = this.#stateNow()
    if (state !== 'live') return unknown(state)
    if (verdict.kind === 'unknown') {
      this.#advice.note(verdict.cause)
      return verdict
    }
    if (this.#follower.state.poison) return unknown('poison_frame')
    if (this.#follower.state.full !== 'no') return unknown('full')
    return verdict
  }

  refusal(token: VerifiedToken, options?: { readonly whenUnknown?: WhenUnknown }): Refusal | undefined {
    return refusalOf(this.check(token), options?.whenUnknown ?? this.#options.whenUnknown)
  }

  isRevoked(token: VerifiedToken): boolean {
    return this.refusal(token) !== undefined
  }

  get status(): ReplicaStatus {
    const { cursor } = this.#follower.state
    const cause = this.#cause()
    return {
      state: this.#stateNow(),
      ...(cursor === undefined ? {} : { cursor }),
      lagMs: this.#lagMs(),
      entries: this.denylist.size,
      ...(cause === undefined ? {} : { cause }),
    }
  }

  stats(): ReplicaStats {
    const { active, revoked, unknown: causes } = this.#checks
    const { size, lifts } = this.denylist
    return {
      state: this.#stateNow(),
      lagMs: this.#lagMs(),
      revocations: size - lifts,
      lifts,
      checks: { active, revoked, unknown: { ...causes } },
      ...this.#follower.stats,
      connection: this.#follower.connection,
    }
  }

  get largestAtMs(): number {
    return this.#largestAtMs
  }

  nudge(): void {
    this.#follower.nudge()
  }

  reached(cursor: Cursor, options?: { readonly signal?: AbortSignal }): Promise<void> {
    const reached = this.#waiters.wait(cursor, this.#follower.state, this.#clock.monotonic(), options?.signal)
    if (this.#waiters.size > 0) {
      this.#follower.attend()
      // Who waits for a cursor knows of more than we do, unless it has been applied.
      if (!hasReached(this.#follower.state, cursor)) this.#follower.nudge()
    }
    return reached
  }

  facts(options?: { readonly signal?: AbortSignal }): AsyncIterable<Revocation | Lift> {
    return this.#facts.read(options?.signal, () => this.#follower.attend())
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Resolves at the first proof, or rejects when the replica is closed or the signal fires. */
  untilLive(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        signal?.removeEventListener('abort', abort)
        this.#onLive = undefined
        error === undefined ? resolve() : reject(error)
      }
      const abort = (): void => settle(this.#notLive(signal))
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#onLive = () => settle()
      this.#follower.attend()
      if (this.#stateNow() === 'live') settle()
    })
  }

  /** The signal fired first: with what was in the way. */
  #notLive(signal: AbortSignal | undefined): RescindError {
    const { error } = this.#follower.state
    const detail = `the replica did not become live in time: ${this.#cause()?.detail}`
    return new RescindError(error?.code ?? 'ERR_LOG_UNAVAILABLE', detail, { cause: signal?.reason })
  }

  async #close(): Promise<void> {
    this.#barriers.close()
    this.#announce('closed')
    await this.#follower.stop()
    this.#waiters.close()
    this.#facts.end()
  }

  /** Facts and cursor move in one synchronous step: the follower's state is at the cursor already. */
  #apply(frame: Frame, cursor: Cursor): boolean {
    const newestAtMs = frame.facts.reduce((newest, fact) => Math.max(newest, fact.atMs), 0)
    this.#largestAtMs = Math.max(this.#largestAtMs, newestAtMs)
    this.#deletionClock.sawFrame(newestAtMs)
    const deleteUpToMs = this.#deletionClock.now()
    const applied = frame.facts.map((fact) => this.#applyFact(fact, deleteUpToMs))
    this.#facts.push(frame.facts.filter(isNoIssuer))
    publish('frame', () => ({ replica: this.id, cursor, facts: frame.facts.length }))
    this.#options.onApplied?.({ frame, cursor, applied })
    return !applied.includes('full')
  }

  /** What may be deleted already takes no room: else a log full of expired facts could never be read whole (R16). */
  #applyFact(fact: Fact, deleteUpToMs: number): Applied {
    const isOver = fact.kind !== 'issuer' && fact.expiresAtMs <= deleteUpToMs
    return isOver ? 'in_force' : this.denylist.apply(fact)
  }

  async #join({ manifest, image }: Snapshot, signal: AbortSignal): Promise<boolean> {
    this.#deletionClock.sawSnapshot(manifest.takenAtMs)
    const complete = await inSlices(this.denylist.join(image), signal)
    this.#largestAtMs = Math.max(this.#largestAtMs, manifest.newestAtMs)
    return complete
  }

  /**
   * Where it stands, while its index is exactly what the cursor stands for: not while a snapshot is fetched, joined and
   * read on from (it may hold what lies beyond its cursor, but nothing beyond the head named since), nor with facts left out.
   */
  #position(): Position | undefined {
    const { phase, cursor, lost, full } = this.#follower.state
    const { head } = this.#follower
    const stands = phase.kind === 'following' || phase.kind === 'asking'
    if (!stands || cursor === undefined || lost || full !== 'no' || head?.epoch !== cursor.epoch) return undefined
    return { cursor, newestAtMs: this.#largestAtMs, fingerprintKey: head.fingerprintKey }
  }

  #onChange(follow: FollowState): void {
    if (follow.provedAtMs !== undefined && follow.provedAtMs !== this.#provedAtMs) {
      this.#provedAtMs = follow.provedAtMs
      this.#sleep.proved(follow.provedAtMs)
    }
    this.#waiters.look(follow)
    this.#barriers.look(follow)
    const state = this.#stateNow()
    if (state === 'live') this.#onLive?.()
    if (state !== this.#lastState) this.#tellTransition(state)
  }

  #onTick(): void {
    if (this.#sleep.sleptMs > this.#staleAfterMs) this.#follower.nudge()
    this.#advice.tell(this.#logger)
    this.#digest.tick()
    if (this.#clock.monotonic() - this.#announcedAtMs >= limits.PRESENCE_EVERY_MS) this.#announce(this.#stateNow())
    // One lap in about a minute, however many there are: the event loop breathes between two slices.
    if (!this.#sweeping) this.#sweep(Math.ceil(this.denylist.size / limits.SLICE_ENTRIES / SWEEPS_PER_LAP))
  }

  #sweep(slices: number): void {
    this.#sweeping = true
    const budget = limits.SLICE_ENTRIES
    const { removed, done } = this.denylist.sweep({ deleteUpToMs: this.#deletionClock.now(), budget })
    const isRoomy = removed > 0 && this.denylist.size < this.#maxEntries * 0.9
    if (this.#follower.state.full === 'yes' && isRoomy) this.#follower.refill()
    if (done || slices <= 1) this.#sweeping = false
    else setImmediate(() => this.#sweep(slices - 1))
  }

  #tellTransition(state: ReplicaStatus['state']): void {
    const from = this.#lastState
    this.#lastState = state
    const fields = { from, to: state, cursor: this.#follower.state.cursor, cause: this.#cause() }
    if (state === 'stale')
      this.#logger.warn(fields, 'the replica is stale: nothing has proved that its view is complete')
    else this.#logger.info(fields, `the replica is ${state}`)
    publish('state', () => ({ replica: this.id, from, to: state }))
    this.#announce(state)
  }

  /** @param barrier that this answers */
  #announce(state: ReplicaStatus['state'], barrier?: string): void {
    this.#announcedAtMs = this.#clock.monotonic()
    const { cursor, full } = this.#follower.state
    const lagMs = this.#lagMs()
    const digest = cursor && this.#digest.at(cursor)
    const presence: Presence = {
      replica: this.id,
      name: this.#name,
      version: PACKAGE_VERSION,
      frameVersions: FRAME_VERSIONS,
      state,
      ...(cursor === undefined ? {} : { cursor }),
      ...(Number.isFinite(lagMs) ? { lagMs } : {}),
      entries: this.denylist.size,
      rssBytes: process.memoryUsage.rss(),
      whenUnknown: this.#options.whenUnknown,
      staleAfterMs: this.#staleAfterMs,
      ...(digest === undefined ? {} : { digest }),
      ...(barrier === undefined ? {} : { barrier }),
      ...(full === 'no' ? {} : { incomplete: true }),
    }
    this.#follower.announce(presence)
  }

  /** Judged at every question, never by a timer: a process, or a machine, that was stopped for a while wakes up stale (R19). */
  #stateNow(): ReplicaStatus['state'] {
    const { phase, provedAtMs } = this.#follower.state
    if (phase.kind === 'closed') return 'closed'
    if (provedAtMs === undefined) return 'starting'
    if (this.#sleep.sleptMs > this.#staleAfterMs) return 'stale'
    return this.#clock.monotonic() - provedAtMs <= this.#staleAfterMs ? 'live' : 'stale'
  }

  #lagMs(): number {
    const { provedAtMs } = this.#follower.state
    if (provedAtMs === undefined) return Number.POSITIVE_INFINITY
    return Math.round(Math.max(0, this.#clock.monotonic() - provedAtMs))
  }

  #cause(): ReplicaStatus['cause'] {
    const { poison, full, error } = this.#follower.state
    if (poison) return { code: 'poison_frame', detail: `frame ${poison.seq} cannot be read: ${poison.error.detail}` }
    if (full !== 'no') return { code: 'full', detail: `more than ${this.#maxEntries} revocations are live` }
    const state = this.#stateNow()
    if (state === 'live') return undefined
    if (error) return { code: error.code, detail: error.detail }
    if (state === 'closed') return { code: 'closed', detail: 'the replica was closed' }
    const since = state === 'starting' ? 'yet' : `for ${this.#lagMs()} ms`
    return { code: state, detail: `no answer of the log has arrived ${since}: is the broker reachable?` }
  }
}

function unknown(cause: UnknownCause): Verdict {
  return { kind: 'unknown', cause }
}

function isNoIssuer(fact: Fact): fact is Revocation | Lift {
  return fact.kind !== 'issuer'
}
