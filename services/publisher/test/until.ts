import assert from 'node:assert/strict'

/** Looks again and again until `condition` gives something, and fails after 10 s of real time. */
export async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) assert.fail(`waited 10 s in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
