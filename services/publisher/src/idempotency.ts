import { createHash } from 'node:crypto'
import type { Clock } from '@rescind/protocol'
import { MAX_IDEMPOTENCY_KEY_LENGTH } from './limits.ts'
import { Problem } from './problems.ts'
import type { KnownRequest, Store } from './store/store.ts'

/** A finished answer, byte for byte. */
export interface Answer {
  readonly status: number
  readonly payload: string
}

/** What one request is known by. */
export interface Keyed {
  /** Keys of two principals never meet. */
  readonly principal: string
  /** The `Idempotency-Key` header; without one, nothing is remembered. */
  readonly key: string | string[] | undefined
  /** Method and path. */
  readonly route: string
  readonly bytes: Uint8Array
}

/** The same, as hashes of 32 hexadecimal digits: what is kept, and what travels in the frame. */
export interface RequestHashes {
  readonly key: string
  readonly body: string
}

/** A key that is held for as long as its request runs. */
export interface HeldKey {
  /** Undefined without a key. */
  readonly request: RequestHashes | undefined
  /** What an earlier request under it left. */
  readonly known: KnownRequest | undefined
  release(): void
}

const VISIBLE = /^[\x21-\x7e]+$/

/**
 * Answers a repeated request with the first answer again, also after a restart, and also if another publisher gave it: its
 * hashes stand in the frame beside its facts. Only successes are remembered: a refusal has done nothing, so mending the
 * body and asking again under the same key is fine.
 */
export class IdempotentAnswers {
  readonly #store: Pick<Store, 'request' | 'write'>
  readonly #clock: Clock
  readonly #running = new Map<string, string>()

  constructor(store: Pick<Store, 'request' | 'write'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * Runs `produce`, unless its answer is known. Throws 409 while it runs elsewhere, 422 for another body.
   *
   * @param rebuild makes the answer of facts that are known by their ids, if the answer itself is not known here.
   */
  async once(
    keyed: Keyed,
    produce: (request: RequestHashes | undefined) => Promise<Answer>,
    rebuild: (known: KnownRequest) => Promise<Answer | undefined>,
  ): Promise<{ answer: Answer; replayed: boolean }> {
    const key = checkKey(keyed.key)
    if (key === undefined) return { answer: await produce(undefined), replayed: false }
    const request = { key: hash(`${keyed.principal}\n${key}`), body: hash(`${keyed.route}\n`, keyed.bytes) }
    const running = this.#running.get(request.key)
    if (running !== undefined) throw running === request.body ? inUse() : reused()
    this.#running.set(request.key, request.body)
    try {
      const known = await this.#store.request(request.key)
      if (known && known.body !== request.body) throw reused()
      const answer = known && (known.answer ?? (await rebuild(known)))
      if (answer) return { answer, replayed: true }
      return { answer: await this.#first(request, produce), replayed: false }
    } finally {
      this.#running.delete(request.key)
    }
  }

  /**
   * Keeps a key for a request that answers in its own way, until it is released. Throws 409 while it runs elsewhere, 422
   * if another kind of request was made under it.
   */
  async hold(principal: string, header: Keyed['key'], body: string): Promise<HeldKey> {
    const text = checkKey(header)
    if (text === undefined) return { request: undefined, known: undefined, release() {} }
    const request = { key: hash(`${principal}\n${text}`), body }
    const running = this.#running.get(request.key)
    if (running !== undefined) throw running === body ? inUse() : reused()
    this.#running.set(request.key, body)
    const release = (): void => void this.#running.delete(request.key)
    try {
      const known = await this.#store.request(request.key)
      if (known && known.body !== body) throw reused()
      return { request, known, release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Kept before it is sent. Should the process end before it is on disk, the facts say enough. */
  async #first(request: RequestHashes, produce: (request: RequestHashes) => Promise<Answer>): Promise<Answer> {
    const answer = await produce(request)
    const { status, payload } = answer
    if (status >= 300) return answer
    const answers = [{ ...request, status, payload, answeredAtMs: this.#clock.now() }]
    // Done is done: a disk that fails now must not make a refusal of it. Its facts say enough for a repeat.
    await this.#store.write({ answers }, { sync: false }).catch(() => undefined)
    return answer
  }
}

function inUse(): Problem {
  const detail = 'the first request under this key has no answer yet: ask again'
  return new Problem('idempotency_key_in_use', detail, { headers: { 'retry-after': '1' } })
}

function reused(): Problem {
  return new Problem('idempotency_key_reused', 'another request was made under this key: take a new one')
}

function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sha256 = createHash('sha256')
  for (const part of parts) sha256.update(part)
  return sha256.digest('hex').slice(0, 32)
}

function checkKey(key: string | string[] | undefined): string | undefined {
  if (key === undefined) return undefined
  if (typeof key === 'string' && key.length <= MAX_IDEMPOTENCY_KEY_LENGTH && VISIBLE.test(key)) return key
  const rule = `one header of 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters`
  throw new Problem('invalid_idempotency_key', `Idempotency-Key is ${rule}`)
}
