import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

/** Looks until `condition` holds, and fails with `what` after ten seconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`not within ten seconds: ${what}`)
    await pause(5)
  }
}
