import type { EventEmitter } from 'node:events'

/** What asks us to end: Ctrl-C, an operator, a terminal that is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * One Ctrl-C comes several times when a package manager started us: from the terminal, and from each of them once more,
 * as SIGINT or SIGTERM. That takes milliseconds; nobody presses a key again so soon to mean something else.
 */
const SAME_KEYPRESS_MS = 500

/** Fires at the first signal. One that comes later than {@link SAME_KEYPRESS_MS} after it calls `endAtOnce`. */
export function stopOnSignals(parts: {
  /** Usually `process`. */
  readonly source: EventEmitter
  /** A clock that only goes forward, in milliseconds. */
  readonly nowMs: () => number
  readonly endAtOnce: () => void
}): AbortSignal {
  const controller = new AbortController()
  let firstMs = 0
  for (const signal of SIGNALS) {
    parts.source.on(signal, () => {
      if (controller.signal.aborted) {
        if (parts.nowMs() - firstMs > SAME_KEYPRESS_MS) parts.endAtOnce()
        return
      }
      firstMs = parts.nowMs()
      controller.abort(new Error(`stopped by ${signal}`))
    })
  }
  return controller.signal
}
