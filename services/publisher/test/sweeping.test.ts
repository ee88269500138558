import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { pino } from 'pino'
import { SWEEP_BUDGETS, SWEEP_EVERY_MS, SWEEP_LAP_MS } from '../src/limits.ts'
import { Sweeping } from '../src/sweeping.ts'

interface Slice {
  readonly deleteUpToMs: number
  readonly budget: number
  end(done: boolean): Promise<void>
}

/** A Store that records its slices, and ends them when a test says so. */
function house() {
  const clock = manualClock()
  const slices: Slice[] = []
  const time = { distanceMs: 0 as number | undefined, earliestNowMs: 7 }
  const sweeping = new Sweeping({
    clock,
    store: {
      sweep: (options) =>
        new Promise((resolve) => {
          const settled = () => new Promise<void>((next) => setImmediate(next))
          const end = (done: boolean) => {
            resolve({ done })
            return settled()
          }
          slices.push({ ...options, end })
        }),
    },
    brokerClock: { distanceMs: () => time.distanceMs, earliestNowMs: () => time.earliestNowMs },
    logger: pino({ level: 'silent' }),
  })
  const pass = (ms: number) => {
    clock.advance(ms)
    sweeping.tick()
  }
  return { slices, time, sweeping, pass }
}

test('R15: nothing is forgotten before the clocks were compared, and then by the earlier of them', () => {
  const { slices, time, pass } = house()
  time.distanceMs = undefined
  pass(SWEEP_EVERY_MS)
  assert.equal(slices.length, 0)
  time.distanceMs = 0
  pass(SWEEP_EVERY_MS)
  assert.deepEqual([slices.length, slices[0]?.deleteUpToMs, slices[0]?.budget], [1, 7, SWEEP_BUDGETS[0]])
})

test('slices never overlap, and a round begins an hour after the one before', async () => {
  const { slices, pass, sweeping } = house()
  pass(SWEEP_EVERY_MS)
  pass(10 * SWEEP_EVERY_MS)
  assert.equal(slices.length, 1, 'the first has not ended')
  await slices[0]?.end(false)
  pass(SWEEP_EVERY_MS)
  await slices[1]?.end(true)
  pass(SWEEP_LAP_MS / 2)
  assert.equal(slices.length, 2, 'the round is over')
  pass(SWEEP_LAP_MS / 2)
  assert.equal(slices.length, 3)
  await slices[2]?.end(true)
  await sweeping.close()
  pass(2 * SWEEP_LAP_MS)
  assert.equal(slices.length, 3, 'it was closed')
})
