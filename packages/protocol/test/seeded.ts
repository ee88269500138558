import { randomInt } from 'node:crypto'
import type { TestContext } from 'node:test'
import fc from 'fast-check'

/** Runs a property with a seed that the report shows; `RESCIND_SEED` repeats a run. */
export function checkSeeded<T>(t: TestContext, property: fc.IProperty<T>, numRuns: number): void {
  const seed = Number(process.env.RESCIND_SEED ?? randomInt(2 ** 31))
  t.diagnostic(`seed ${seed}, ${numRuns} runs`)
  fc.assert(property, { seed, numRuns })
}
