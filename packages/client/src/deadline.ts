/** Thrown inside when the time is over, to be told from a caller who gave up. */
export class TimeIsOver extends Error {
  override readonly name = 'TimeIsOver'
}

/**
 * One signal for a request: fires when any of the given ones does, or when `ms` have passed since the last
 * {@link Deadline.restart}. Not `AbortSignal.any`: that holds on to what it is made of for as long as the source lives.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #sources: readonly AbortSignal[]
  readonly #abort = (event: Event): void => this.#controller.abort((event.target as AbortSignal).reason)
  #isHeld = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(sources: readonly (AbortSignal | undefined)[], ms: number) {
    this.#sources = sources.filter((source) => source !== undefined)
    for (const source of this.#sources) {
      if (source.aborted) this.#controller.abort(source.reason)
      source.addEventListener('abort', this.#abort, { once: true })
    }
    this.restart(ms)
  }

  /** For `fetch`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** True if the time was over before anything else ended it. */
  get isOver(): boolean {
    return this.signal.reason instanceof TimeIsOver
  }

  /** The reason, if a caller gave up. */
  throwIfGivenUp(): void {
    if (!this.isOver) this.signal.throwIfAborted()
  }

  /** Counts no time until {@link Deadline.release}: what is waited for is not the other side. */
  hold(): void {
    this.#isHeld = true
    clearTimeout(this.#timer)
  }

  /** Counts again, `ms` from now. */
  release(ms: number): void {
    this.#isHeld = false
    this.restart(ms)
  }

  /** Counts `ms` from now; nothing while it is held. */
  restart(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#isHeld || this.signal.aborted) return
    this.#timer = setTimeout(() => this.#controller.abort(new TimeIsOver(`no answer within ${ms} ms`)), ms)
  }

  /** Ends what is still going on, and lets the sources go. */
  end(): void {
    clearTimeout(this.#timer)
    for (const source of this.#sources) source.removeEventListener('abort', this.#abort)
    this.#controller.abort(new TimeIsOver('done'))
  }
}
