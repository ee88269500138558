import { setTimeout as pause } from 'node:timers/promises'
import type { Calls } from '../launcher/calls.ts'
import type { Part } from '../launcher/deployment.ts'
import type { KnownTokens } from './known-tokens.ts'

/** Between two pairs of requests to one replica: enough to meet a second of trouble twenty times. */
const PAUSE_MS = 50
/** Of many alike the first tell it all. */
const KEPT_PROBLEMS = 5
/** Of a body. */
const SHOWN_CHARACTERS = 200

/** What one replica answered while it was watched. */
export interface Watched {
  readonly answers: number
  /** How many were 503: the replica could not know. */
  readonly unknown: number
  /** The first few that were not what they had to be. */
  readonly problems: readonly string[]
}

/** Requests to one replica, all the time: a valid token and a revoked one, in turn. */
export class Traffic {
  readonly #running: Promise<void>
  #stopping = false
  #answers = 0
  #unknown = 0
  #problems: string[] = []

  constructor(replica: Part, known: KnownTokens, calls: Calls) {
    this.#running = this.#run(replica, known, calls)
  }

  /** What came since the last call of this. */
  take(): Watched {
    const watched = { answers: this.#answers, unknown: this.#unknown, problems: this.#problems }
    this.#answers = 0
    this.#unknown = 0
    this.#problems = []
    return watched
  }

  /** Resolves when the last request has been answered; idempotent. */
  async stop(): Promise<Watched> {
    this.#stopping = true
    await this.#running
    return this.take()
  }

  async #run(replica: Part, known: KnownTokens, calls: Calls): Promise<void> {
    while (!this.#stopping) {
      for (const status of [200, 401] as const) {
        const token = known.pick(replica, status)
        if (token) await this.#ask(replica, token, calls)
      }
      await pause(PAUSE_MS)
    }
  }

  async #ask(replica: Part, { token, status, what }: { token: string; status: number; what: string }, calls: Calls) {
    try {
      const answer = await calls.whoami(replica, token)
      this.#answers += 1
      if (answer.status === 503) this.#unknown += 1
      if (answer.status !== status) {
        const said = JSON.stringify(answer.body).slice(0, SHOWN_CHARACTERS)
        this.#problem(`${replica.name} answered ${answer.status} for ${status} (${what}): ${said}`)
      }
    } catch (error) {
      this.#problem(`${replica.name} gave no answer (${what}): ${error instanceof Error ? error.message : error}`)
    }
  }

  #problem(text: string): void {
    if (this.#problems.length < KEPT_PROBLEMS) this.#problems.push(text)
  }
}
