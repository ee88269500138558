import { aborted } from './open-questions.ts'

/** Who is cut off from a {@link MemoryBroker}, and who waits to get through. */
export class MemoryNetwork {
  #allCut = false
  readonly #cut = new Set<string>()
  readonly #waiting = new Set<() => void>()
  readonly #frozen: () => boolean

  constructor(frozen: () => boolean) {
    this.#frozen = frozen
  }

  /** Cuts off one name, or everybody. */
  cut(name: string | undefined): void {
    if (name === undefined) this.#allCut = true
    else this.#cut.add(name)
  }

  /** Takes back every cut, or that of one name. */
  mend(name: string | undefined): void {
    if (name === undefined) {
      this.#allCut = false
      this.#cut.clear()
    } else {
      this.#cut.delete(name)
    }
    this.retry()
  }

  /** Lets those who wait look again. */
  retry(): void {
    for (const look of [...this.#waiting]) look()
  }

  /** Resolves once `name` gets an answer; rejects with `ERR_LOG_UNAVAILABLE` as soon as the signal fires. */
  reached(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      // A socket that is being connected keeps a process alive; so does this, or a test would end while it waits.
      const alive = setInterval(() => {}, 60_000)
      const settle = (how: () => void) => {
        clearInterval(alive)
        this.#waiting.delete(look)
        signal?.removeEventListener('abort', onAbort)
        how()
      }
      const onAbort = () => settle(() => reject(aborted('connecting to the log', signal)))
      const look = () => {
        if (!this.#allCut && !this.#cut.has(name) && !this.#frozen()) settle(resolve)
      }
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(look)
      look()
    })
  }
}
