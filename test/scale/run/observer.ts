import type { Lives } from '../drivers/driver.ts'
import type { Random } from '../load/random.ts'
import type { TokenPool } from '../load/token-pool.ts'
import { Visitor } from '../load/visitor.ts'
import type { Recorder } from './recorder.ts'

/** Options of {@link Observer}. */
export interface ObserverOptions {
  readonly recorder: Recorder
  readonly pool: TokenPool
  readonly random: Random
  /** Pause between two requests with tokens to one replica. */
  readonly askEveryMs: number
}

/** Sends a visitor to every replica as soon as it listens, until it is asked to end. */
export class Observer implements Lives {
  readonly #options: ObserverOptions
  readonly #runs = new Map<string, number>()
  readonly #visitors = new Map<number, Visitor>()
  readonly #leaving = new Set<Promise<void>>()

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  starting(replica: string, why: string): void {
    const { runs } = this.#options.recorder
    this.#runs.set(replica, runs.push({ replica, why, startedMs: performance.now() }) - 1)
  }

  listens(replica: string, url: string): void {
    const { recorder, pool, random, askEveryMs } = this.#options
    const run = this.run(replica)
    recorder.amend(run, { listensMs: performance.now() })
    this.#visitors.set(run, new Visitor({ url, run, pool, recorder, random: random.fork(), askEveryMs }))
  }

  stopping(replica: string): void {
    const run = this.run(replica)
    this.#options.recorder.amend(run, { stoppingMs: performance.now() })
    this.#runs.delete(replica)
    const visitor = this.#visitors.get(run)
    this.#visitors.delete(run)
    if (visitor) this.#leave(visitor)
  }

  /** The present run of a replica. */
  run(replica: string): number {
    const run = this.#runs.get(replica)
    if (run === undefined) throw new Error(`${replica} does not run`)
    return run
  }

  /** The runs that are to live now. */
  get living(): readonly number[] {
    return [...this.#runs.values()]
  }

  /** The runs that are asked about tokens now. */
  get visited(): readonly number[] {
    return [...this.#visitors.keys()]
  }

  /** Asks every replica once about each of the last tokens, up to so many. */
  async askAll(atMost: number): Promise<void> {
    const tokens = this.#options.pool.living().slice(-atMost)
    await Promise.all(
      [...this.#visitors.values()].map(async (visitor) => {
        for (const token of tokens) await visitor.ask(token)
      }),
    )
  }

  /** Asks nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    for (const visitor of this.#visitors.values()) this.#leave(visitor)
    this.#visitors.clear()
    await Promise.all(this.#leaving)
  }

  #leave(visitor: Visitor): void {
    const left = visitor.stop().finally(() => this.#leaving.delete(left))
    this.#leaving.add(left)
  }
}
