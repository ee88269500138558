import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock, RescindError } from '@rescind/protocol'
import { BrokerClock } from '../src/broker-clock.ts'
import { COMPARISON_LASTS_MS } from '../src/limits.ts'

function pair(options: { aheadMs?: number; takesMs?: number } = {}) {
  const clock = manualClock()
  const brokerClock = new BrokerClock(clock)
  const broker = {
    async brokerTime() {
      clock.advance(options.takesMs ?? 0)
      return clock.now() + (options.aheadMs ?? 0)
    },
  }
  return { clock, brokerClock, compare: () => brokerClock.compare(broker) }
}

test('R10: before the first comparison no frame gets a time', () => {
  assert.equal(pair().brokerClock.refusal()?.code, 'ERR_LOG_UNAVAILABLE')
})

test('R10: up to 5 s apart is fine, beyond is skew, either way', async () => {
  for (const [aheadMs, code] of [
    [0, undefined],
    [5_000, undefined],
    [-5_000, undefined],
    [5_001, 'ERR_CLOCK_SKEW'],
    [-5_001, 'ERR_CLOCK_SKEW'],
  ] as const) {
    const { brokerClock, compare } = pair({ aheadMs })
    await compare()
    assert.equal(brokerClock.refusal()?.code, code, `${aheadMs} ms ahead`)
  }
})

test('the time the answer took is not held against the clocks', async () => {
  const { brokerClock, compare } = pair({ takesMs: 20_000, aheadMs: -6_000 })
  await compare()
  assert.equal(brokerClock.distanceMs(), 0, 'stamped 6 s before it was heard, and asked for 20 s before')
})

test('R10: a wall clock that jumps after the comparison is noticed at once', async () => {
  const { clock, brokerClock, compare } = pair()
  await compare()
  clock.advance(10_000)
  assert.equal(brokerClock.refusal(), undefined, 'time that passes on both faces is no jump')
  clock.setWall(clock.now() + 7_000)
  assert.equal(brokerClock.refusal()?.code, 'ERR_CLOCK_SKEW')
  clock.setWall(clock.now() - 7_000)
  assert.equal(brokerClock.refusal(), undefined)
})

test('a comparison does not last for ever, and one that fails changes nothing', async () => {
  const { clock, brokerClock, compare } = pair()
  await compare()
  const away = brokerClock.compare({
    brokerTime: () => Promise.reject(new RescindError('ERR_LOG_UNAVAILABLE', 'away')),
  })
  await assert.rejects(away, { code: 'ERR_LOG_UNAVAILABLE' })
  assert.equal(brokerClock.refusal(), undefined)
  clock.advance(COMPARISON_LASTS_MS + 1)
  assert.equal(brokerClock.refusal()?.code, 'ERR_LOG_UNAVAILABLE')
})
