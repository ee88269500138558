import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { MAX_REFUSALS_OF_ALL_PER_SEC, MAX_REFUSALS_PER_SEC } from '../src/limits.ts'
import { RefusalRates } from '../src/refusal-rates.ts'

test('a network has its looks, and all together have theirs, however many they are', () => {
  const clock = manualClock()
  const rates = new RefusalRates(clock)
  let looks = 0
  for (let network = 0; network < 1_000; network += 1) {
    for (let n = 0; n < MAX_REFUSALS_PER_SEC + 1; n += 1) if (rates.take(`network-${network}`) === undefined) looks += 1
    if (network === 0) assert.equal(looks, MAX_REFUSALS_PER_SEC)
  }
  assert.equal(looks, MAX_REFUSALS_OF_ALL_PER_SEC)
  assert.equal(rates.take('another'), 1)
  clock.advance(1_000)
  assert.equal(rates.take('another'), undefined)
})

test('a look that is given back, or was not to be had, counts for nobody', () => {
  const rates = new RefusalRates(manualClock())
  for (let n = 0; n < 10 * MAX_REFUSALS_OF_ALL_PER_SEC; n += 1) {
    assert.equal(rates.take('good'), undefined)
    rates.giveBack('good')
  }
  for (let n = 0; n < 2 * MAX_REFUSALS_OF_ALL_PER_SEC; n += 1) rates.take('bad')
  assert.equal(rates.take('good'), undefined)
})
