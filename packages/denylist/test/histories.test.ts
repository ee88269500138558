import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { histories, historyOf } from './histories/history.ts'
import { Run, tell } from './histories/run-history.ts'
import { Shares, TRAITS } from './histories/shares.ts'

test('R1 to R17: random histories of facts answer as the reference matcher does', (t) => {
  const numRuns = Number(process.env.RESCIND_HISTORIES ?? 50_000)
  const seed = Number(process.env.RESCIND_SEED ?? randomInt(2 ** 31))
  t.diagnostic(`RESCIND_SEED=${seed} RESCIND_HISTORIES=${numRuns}`)
  const shares = new Shares()
  const property = fc.property(histories, (drawn) => {
    const { steps, digests } = historyOf(drawn)
    const run = new Run(shares)
    try {
      for (const step of steps) run.take(step)
      run.finish({ digests })
    } catch (cause) {
      throw new Error(`${(cause as Error).message}\nin this history:\n${tell(steps)}`, { cause })
    }
  })
  fc.assert(property, { seed, numRuns })
  t.diagnostic(shares.toString())
  for (const trait of TRAITS) assert.ok(shares.of(trait) >= 0.05, `too few histories have ${trait}`)
})
