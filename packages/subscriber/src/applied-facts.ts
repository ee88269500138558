import { type Lift, limits, RescindError, type Revocation } from '@rescind/protocol'

type Applied = Revocation | Lift

/**
 * The readers of `replica.facts()`. Each has a queue of its own, so that a slow one harms nobody; at its bound it is
 * told so instead of missing facts in silence.
 */
export class AppliedFacts {
  readonly #readers = new Set<Reader>()

  /** How many calls of `next()` wait for a fact. */
  get waiting(): number {
    let waiting = 0
    for (const reader of this.#readers) waiting += reader.waiting
    return waiting
  }

  /** Hands facts to every reader. */
  push(facts: readonly Applied[]): void {
    for (const reader of this.#readers) reader.push(facts)
  }

  /** Ends every reader: with `error` if they missed something, without one if there is nothing more to come. */
  end(error?: RescindError): void {
    for (const reader of this.#readers) reader.end(error)
    this.#readers.clear()
  }

  /** The facts applied from this call on. `onWait` is told when somebody begins to wait for one. */
  read(signal: AbortSignal | undefined, onWait: () => void = () => {}): AsyncIterableIterator<Applied> {
    const reader = new Reader(() => this.#readers.delete(reader), onWait, signal)
    this.#readers.add(reader)
    return reader
  }
}

class Reader implements AsyncIterableIterator<Applied> {
  readonly #queue: Applied[] = []
  readonly #leave: () => void
  readonly #onWait: () => void
  readonly #signal: AbortSignal | undefined
  readonly #waiting = new Set<() => void>()
  #ended: { readonly error: unknown } | undefined

  constructor(leave: () => void, onWait: () => void, signal: AbortSignal | undefined) {
    this.#leave = leave
    this.#onWait = onWait
    this.#signal = signal
    if (signal?.aborted) this.#ended = { error: signal.reason }
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get waiting(): number {
    return this.#waiting.size
  }

  readonly #onAbort = (): void => this.end(this.#signal?.reason)

  push(facts: readonly Applied[]): void {
    if (this.#ended) return
    if (this.#queue.length + facts.length > limits.MAX_QUEUED_FACTS) {
      this.#queue.length = 0
      this.end(new RescindError('ERR_FACTS_MISSED', `the reader fell ${limits.MAX_QUEUED_FACTS} facts behind`))
      return
    }
    for (const fact of facts) this.#queue.push(fact)
    this.#wakeAll()
  }

  end(error?: unknown): void {
    this.#ended ??= { error }
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#leave()
    this.#wakeAll()
  }

  /** Whoever finds nothing left waits again. */
  #wakeAll(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  async next(): Promise<IteratorResult<Applied>> {
    for (;;) {
      const value = this.#queue.shift()
      if (value) return { done: false, value }
      if (this.#ended) {
        const { error } = this.#ended
        this.#ended = { error: undefined }
        if (error !== undefined) throw error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        this.#onWait()
      })
    }
  }

  async return(): Promise<IteratorResult<Applied>> {
    this.#queue.length = 0
    this.end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Applied> {
    return this
  }
}
