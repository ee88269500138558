/**
 * Drives a long walk to its end, and lets the event loop breathe after each slice. Rejects with the signal's reason as
 * soon as it has fired: what the walk did until then stands.
 */
export async function inSlices<T>(walk: Generator<void, T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = walk.next()
    if (done) return value
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
}
