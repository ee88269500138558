import { setTimeout as pause } from 'node:timers/promises'
import type { Driver } from '../drivers/driver.ts'
import type { PublisherClient } from '../load/publisher-client.ts'
import type { Fault, Listed, Status } from '../oracle/history.ts'
import type { Observer } from './observer.ts'
import type { Profile } from './profile.ts'
import type { Recorder } from './recorder.ts'

/** One fault, as the scenario makes it. */
export interface FaultPlan {
  readonly name: string
  readonly kind: Fault['kind']
  readonly replicas: readonly string[]
  readonly forMs: number
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

/** What {@link ScaleRun} works with. */
export interface ScaleRunParts {
  readonly driver: Driver
  readonly recorder: Recorder
  readonly observer: Observer
  readonly publisher: PublisherClient
  readonly profile: Profile
  /** Ends everything that waits. */
  readonly stop: AbortSignal
  /** Told what is done, as it begins. */
  readonly tell: (what: string) => void
}

/** Longer than a replica may take to be live: who takes longer is reported, and not waited for. */
const RECOVERY_MS = 15_000
/** A presence every 2 s, and a digest as often, on a machine that is busy with other things. */
const REST_MS = 40_000
const LOOK_EVERY_MS = 25
const LIST_EVERY_MS = 200

/** The steps of one run: each is waited for until all replicas are live again, and is followed by a rest. */
export class ScaleRun {
  readonly #parts: ScaleRunParts
  /** Rejects when something breaks, or somebody stops it. */
  readonly #ended: Promise<never>

  constructor(parts: ScaleRunParts) {
    this.#parts = parts
    const { driver, stop } = parts
    const broken = driver.broken.then((what) => Promise.reject(new Error(what)))
    const stopped = new Promise<never>((_resolve, reject) => {
      stop.addEventListener('abort', () => reject(stop.reason), { once: true })
      if (stop.aborted) reject(stop.reason)
    })
    this.#ended = Promise.race([broken, stopped])
    // Nobody may be waiting when it happens.
    this.#ended.catch(() => {})
  }

  /** Names of the replicas that are to live now. */
  get replicas(): readonly string[] {
    const { observer, recorder } = this.#parts
    return observer.living.map((run) => recorder.runs[run]?.replica ?? '')
  }

  /** Does one thing, waits until every replica has said that it is live, and rests. */
  async step(what: string, act: () => Promise<void>): Promise<void> {
    const { tell, profile, observer } = this.#parts
    tell(what)
    await this.#orBroken(act())
    await this.#recovered(observer.living, () => true)
    await this.rest(profile.calmMs)
  }

  /** Lets time pass. Rejects if something breaks, or somebody stops it. */
  async rest(ms: number): Promise<void> {
    await this.#orBroken(this.#until(performance.now() + ms, () => false))
  }

  /** Makes a fault, lets it last, takes it back, and waits until the replicas have proved themselves since. */
  async fault({ name, kind, replicas, forMs, begin, end }: FaultPlan): Promise<void> {
    const { observer, recorder } = this.#parts
    const runs = replicas.map((replica) => observer.run(replica))
    const beginningMs = performance.now()
    await begin()
    const begunMs = performance.now()
    await this.rest(forMs)
    const endingMs = performance.now()
    await end()
    const endedMs = performance.now()
    recorder.faults.push({ name, kind, runs, beginningMs, begunMs, endingMs, endedMs })
    await this.#recovered(runs, ({ sentMs, lagMs }) => lagMs !== undefined && sentMs - lagMs >= endedMs)
  }

  /** Waits until the publisher lists every replica, and its own, at one cursor with one digest; notes what it lists. */
  async comeToRest(): Promise<void> {
    const { publisher, recorder, observer } = this.#parts
    const deadlineMs = performance.now() + REST_MS
    for (;;) {
      recorder.listed = await this.#orBroken(publisher.listed())
      if (areOne(recorder.listed, observer.living.length) || performance.now() > deadlineMs) return
      await pause(LIST_EVERY_MS)
    }
  }

  async #recovered(runs: readonly number[], isProof: (status: Status) => boolean): Promise<void> {
    const { recorder } = this.#parts
    const isLive = (run: number) => {
      const status = recorder.latest.get(run)
      return status?.state === 'live' && isProof(status)
    }
    await this.#orBroken(this.#until(performance.now() + RECOVERY_MS, () => runs.every(isLive)))
  }

  async #until(deadlineMs: number, isSo: () => boolean): Promise<void> {
    const { stop } = this.#parts
    while (!isSo() && performance.now() < deadlineMs) {
      stop.throwIfAborted()
      await pause(Math.min(LOOK_EVERY_MS, Math.max(0, deadlineMs - performance.now())))
    }
  }

  /** What is waited for, or why there is no point in waiting. */
  #orBroken<T>(waited: Promise<T>): Promise<T> {
    return Promise.race([waited, this.#ended])
  }
}

function areOne(listed: readonly Listed[], living: number): boolean {
  const kinds = new Set(listed.map(({ cursor, digest }) => JSON.stringify([cursor, digest])))
  return listed.length === living + 1 && kinds.size === 1 && listed[0]?.digest !== undefined
}
