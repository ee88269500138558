import { setTimeout as pause } from 'node:timers/promises'

/** How often something is asked again that takes seconds, such as a process that starts. */
const PAUSE_MS = 25

/** Asks again until the answer is not undefined; rejects with `what` when the time is over or `signal` fires. */
export async function until<T>(
  what: () => string,
  ask: () => Promise<T | undefined>,
  options: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const deadlineMs = performance.now() + options.withinMs
  for (;;) {
    options.signal.throwIfAborted()
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadlineMs) throw new Error(`${what()} within ${options.withinMs / 1000} s`)
    await pause(PAUSE_MS)
  }
}
