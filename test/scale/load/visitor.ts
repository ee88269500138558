import { setTimeout as pause } from 'node:timers/promises'
import type { Cursor } from '@rescind/protocol'
import type { Recorder } from '../run/recorder.ts'
import { HttpClient } from './http-client.ts'
import type { Random } from './random.ts'
import type { PooledToken, TokenPool } from './token-pool.ts'

/** Options of {@link Visitor}. */
export interface VisitorOptions {
  readonly url: string
  /** The run that answers there. */
  readonly run: number
  readonly pool: TokenPool
  readonly recorder: Recorder
  readonly random: Random
  /** Pause between two requests with tokens, in milliseconds; none while a token is watched. */
  readonly askEveryMs: number
}

/** Pause between two looks at the replica's own status. */
const LOOK_EVERY_MS = 100
/** After this long it goes on with the next request; the answer counts whenever it comes. */
const WAITS_MS = 1_000
/** Requests that may wait for an answer at once: a paused process is asked this often, and then left alone. */
const MAX_WAITING = 24

/** Asks one replica about tokens, and how it is, again and again, and writes down what it said. */
export class Visitor {
  readonly #options: VisitorOptions
  readonly #client: HttpClient
  readonly #loops: Promise<unknown>
  #waiting = 0
  #stopped = false

  constructor(options: VisitorOptions) {
    this.#options = options
    this.#client = new HttpClient(options.url)
    this.#loops = Promise.all([this.#askOn(), this.#lookOn()])
  }

  /** Asks about one token, now. */
  async ask({ index, bearer }: PooledToken): Promise<number> {
    const { run, recorder } = this.#options
    const sentMs = performance.now()
    this.#waiting++
    const { status } = await this.#client.get('/whoami', { authorization: `Bearer ${bearer}` })
    this.#waiting--
    recorder.answers.push({ run, token: index, sentMs, receivedMs: performance.now(), status })
    return status
  }

  /** Asks nothing more, waits for what is under way a little, and lets go of the connections. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#loops
    const deadlineMs = performance.now() + WAITS_MS
    while (this.#waiting > 0 && performance.now() < deadlineMs) await pause(10)
    this.#client.close()
  }

  async #askOn(): Promise<void> {
    const { pool, random, askEveryMs } = this.#options
    while (!this.#stopped) {
      const isWatching = await this.#askWatched()
      const token = !isWatching && this.#waiting < MAX_WAITING ? pool.pick(random) : undefined
      if (token) await within(this.ask(token), WAITS_MS)
      if (!isWatching) await pause(askEveryMs)
    }
  }

  /** False if there is no token that this replica is watched for, and has yet to refuse. */
  async #askWatched(): Promise<boolean> {
    const { pool, run } = this.#options
    const { watch } = pool
    if (watch?.run !== run || watch.refused || this.#waiting >= MAX_WAITING) return false
    const status = await within(this.ask(watch.token), WAITS_MS)
    if (status === 200) watch.accepted = true
    if (status === 401) watch.refused = true
    // Whoever cannot say is not asked in a hurry.
    return watch.accepted
  }

  async #lookOn(): Promise<void> {
    while (!this.#stopped) {
      await within(this.#look(), WAITS_MS)
      await pause(LOOK_EVERY_MS)
    }
  }

  async #look(): Promise<void> {
    const { run, recorder } = this.#options
    const sentMs = performance.now()
    const { status, body } = await this.#client.get('/replica')
    if (status !== 200) return
    const { state, cursor, lagMs } = JSON.parse(body) as { state: string; cursor?: Cursor; lagMs: number | null }
    recorder.status({
      run,
      sentMs,
      receivedMs: performance.now(),
      state,
      ...(cursor && { cursor }),
      // Infinity is no JSON: before the first proof it is null.
      ...(lagMs !== null && { lagMs }),
    })
  }
}

/** What comes of it in time, or undefined. */
function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), ms)
  })
  return Promise.race([promise, late])
    .catch(() => undefined)
    .finally(() => clearTimeout(timer))
}
