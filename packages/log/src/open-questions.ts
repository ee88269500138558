import { setTimeout as pause } from 'node:timers/promises'
import { RescindError } from '@rescind/protocol'
import type { AskOptions } from './revocation-log.ts'

/**
 * The questions of one connection that are not answered yet. Each ends by its answer, by its signal, by the timeout or
 * with the connection, whichever is first. What was asked may still be done: an answer that comes later is dropped.
 */
export class OpenQuestions {
  readonly #timeoutMs: number
  readonly #open = new Set<(error: RescindError) => void>()
  #refusal: RescindError | undefined

  /** @param timeoutMs the longest wait for an answer. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** Fails all that are open, and every further one, with this error until `resume()`. */
  refuse(error: RescindError): void {
    this.#refusal = error
    for (const fail of [...this.#open]) fail(error)
  }

  /** Takes questions again. */
  resume(): void {
    this.#refusal = undefined
  }

  /** Asks. `ERR_LOG_UNAVAILABLE` after the timeout or when the signal fires; else as it is answered, or refused. */
  ask<T>(what: string, question: () => Promise<T>, { signal }: AskOptions = {}): Promise<T> {
    if (this.#refusal) return Promise.reject(this.#refusal)
    if (signal?.aborted) return Promise.reject(aborted(what, signal))
    return new Promise<T>((resolve, reject) => {
      const settle = (how: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#open.delete(fail)
        how()
      }
      const fail = (error: unknown) => settle(() => reject(error))
      const onAbort = () => fail(aborted(what, signal))
      const timer = setTimeout(() => fail(unavailable(`${what}: no answer in ${this.#timeoutMs} ms`)), this.#timeoutMs)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#open.add(fail)
      question().then((answer) => settle(() => resolve(answer)), fail)
    })
  }
}

/** Waits `ms`; rejects with `ERR_LOG_UNAVAILABLE` as soon as the signal fires. */
export async function pauseOrAbort(what: string, ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(ms, undefined, signal ? { signal } : {})
  } catch {
    throw aborted(what, signal)
  }
}

/** The error of a question that its asker gave up. */
export function aborted(what: string, signal: AbortSignal | undefined): RescindError {
  return unavailable(`${what}: aborted before it was done`, signal?.reason)
}

/** `ERR_LOG_UNAVAILABLE`, with what lies behind it. */
export function unavailable(detail: string, cause?: unknown): RescindError {
  return new RescindError('ERR_LOG_UNAVAILABLE', detail, { cause })
}
