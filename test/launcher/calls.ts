import type { Part } from './deployment.ts'
import { until } from './wait.ts'

/** One answer, as far as the walk-through looks at it. */
export interface Answer {
  readonly status: number
  /** `WWW-Authenticate`, empty if absent. */
  readonly challenge: string
  /** `Retry-After`, empty if absent. */
  readonly retryAfter: string
  /** The JSON body; an empty object if it is none. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A call that hangs longer than this has failed. */
const CALL_TIMEOUT_MS = 10_000
/** An answer that has not changed by then will not. */
const CHANGE_TIMEOUT_MS = 10_000
/** Three processes that start at once on a busy machine. */
const READY_TIMEOUT_MS = 60_000

/** The HTTP calls of the walk-through, all real. */
export class Calls {
  readonly #publisher: string
  readonly #key: string
  readonly #signal: AbortSignal

  /** @param signal ends everything that waits */
  constructor(publisher: Part, key: string, signal: AbortSignal) {
    this.#publisher = publisher.url
    this.#key = key
    this.#signal = signal
  }

  /** `GET /whoami` with a token. */
  whoami(replica: Part, token: string): Promise<Answer> {
    return this.#call(`${replica.url}/whoami`, { headers: { Authorization: `Bearer ${token}` } })
  }

  /** `GET /replica`. */
  status(replica: Part): Promise<Answer> {
    return this.#call(`${replica.url}/replica`)
  }

  /** `POST /v1/revocations`. */
  revoke(body: object): Promise<Answer> {
    return this.#post('/v1/revocations', body)
  }

  /** `POST /v1/lifts`. */
  lift(body: object): Promise<Answer> {
    return this.#post('/v1/lifts', body)
  }

  /** `GET /v1/replicas`. */
  replicas(): Promise<Answer> {
    return this.#call(`${this.#publisher}/v1/replicas`, { headers: { Authorization: `Bearer ${this.#key}` } })
  }

  /** Resolves once `/readyz` says 200; rejects with its last reasons. */
  async ready(part: Part): Promise<void> {
    let reasons = 'nothing'
    await until(
      () => `${part.name} is not ready (it says ${reasons})`,
      async () => {
        const { status, body } = await this.#call(`${part.url}/readyz`)
        reasons = JSON.stringify(body)
        return status === 200 ? true : undefined
      },
      { withinMs: READY_TIMEOUT_MS, signal: this.#signal },
    )
  }

  /**
   * Asks a replica again and again, without a pause, until it answers `status` to this token. Resolves with when that
   * answer came, on `performance.now()`. `asked` is called after the first answer, so that what is measured is under way.
   */
  async answerTurns(replica: Part, token: string, status: number, asked: () => void): Promise<number> {
    const deadlineMs = performance.now() + CHANGE_TIMEOUT_MS
    for (let first = true; ; first = false) {
      const answer = await this.whoami(replica, token)
      const nowMs = performance.now()
      if (answer.status === status) return nowMs
      if (first) asked()
      if (nowMs > deadlineMs) {
        throw new Error(`${replica.name} still answers ${answer.status} after ${CHANGE_TIMEOUT_MS / 1000} s`)
      }
    }
  }

  #post(path: string, body: object): Promise<Answer> {
    return this.#call(`${this.#publisher}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  async #call(url: string, init: RequestInit = {}): Promise<Answer> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(CALL_TIMEOUT_MS)])
    const response = await fetch(url, { ...init, signal })
    const text = await response.text()
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? '',
      retryAfter: response.headers.get('retry-after') ?? '',
      body: parseObject(text),
    }
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
