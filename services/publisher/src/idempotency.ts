import { createHash } from 'node:crypto'
import type { Clock } from '@rescind/protocol'
import { LRUCache } from 'lru-cache'
import { IDEMPOTENCY_KEPT_MS, MAX_IDEMPOTENCY_BYTES, MAX_IDEMPOTENCY_KEY_LENGTH } from './limits.ts'
import { Problem } from './problems.ts'

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

interface Kept extends Answer {
  readonly fingerprint: string
  readonly epoch: string | undefined
}

const VISIBLE = /^[\x21-\x7e]+$/

/**
 * Answers a repeated request with the first answer again. Only successes are remembered: a refusal has done nothing, so
 * mending the body and asking again under the same key is fine. In memory: a restart forgets, and so does a flood of
 * keys beyond the bound; then the revocation is recorded twice, which changes no answer (R9). Forgotten, too, is what was
 * answered in another epoch of the log: whether that log's facts are in this one the answer does not say.
 */
export class IdempotentAnswers {
  readonly #kept: LRUCache<string, Kept>
  readonly #running = new Map<string, string>()
  readonly #epoch: () => string | undefined

  /**
   * @param epoch of the log, as the own replica follows it.
   * @param maxBytes bound on the answers kept; the least recently used go first.
   */
  constructor(clock: Clock, epoch: () => string | undefined, maxBytes: number = MAX_IDEMPOTENCY_BYTES) {
    this.#epoch = epoch
    this.#kept = new LRUCache<string, Kept>({
      maxSize: maxBytes,
      sizeCalculation: ({ payload }, name) => 2 * (payload.length + name.length) + 256,
      ttl: IDEMPOTENCY_KEPT_MS,
      ttlResolution: 0,
      perf: { now: () => clock.monotonic() },
    })
  }

  /** Runs `produce`, unless its answer is known. Throws 409 while it runs elsewhere, 422 for another body. */
  async once(keyed: Keyed, produce: () => Promise<Answer>): Promise<{ answer: Answer; replayed: boolean }> {
    const key = checkKey(keyed.key)
    if (key === undefined) return { answer: await produce(), replayed: false }
    const name = `${keyed.principal}\n${key}`
    const fingerprint = createHash('sha256').update(`${keyed.route}\n`).update(keyed.bytes).digest('base64')
    const found = this.#kept.get(name)
    const kept = found?.epoch === this.#epoch() ? found : undefined
    const known = kept?.fingerprint ?? this.#running.get(name)
    if (known !== undefined && known !== fingerprint) {
      throw new Problem('idempotency_key_reused', 'another request was made under this key: take a new one')
    }
    if (kept) return { answer: { status: kept.status, payload: kept.payload }, replayed: true }
    if (known !== undefined) {
      const detail = 'the first request under this key has no answer yet: ask again'
      throw new Problem('idempotency_key_in_use', detail, { headers: { 'retry-after': '1' } })
    }
    this.#running.set(name, fingerprint)
    try {
      const epoch = this.#epoch()
      const answer = await produce()
      if (answer.status < 300 && epoch === this.#epoch()) this.#kept.set(name, { ...answer, fingerprint, epoch })
      return { answer, replayed: false }
    } finally {
      this.#running.delete(name)
    }
  }
}

function checkKey(key: string | string[] | undefined): string | undefined {
  if (key === undefined) return undefined
  if (typeof key === 'string' && key.length <= MAX_IDEMPOTENCY_KEY_LENGTH && VISIBLE.test(key)) return key
  const rule = `one header of 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters`
  throw new Problem('invalid_idempotency_key', `Idempotency-Key is ${rule}`)
}
