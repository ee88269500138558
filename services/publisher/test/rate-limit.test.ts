import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { RateLimit } from '../src/rate-limit.ts'

function limit(perSec: number, maxNames = 100) {
  const clock = manualClock()
  const rate = new RateLimit({ perSec, maxNames, clock })
  const taken = (name: string, times: number) => Array.from({ length: times }, () => rate.take(name))
  return {
    clock,
    rate,
    passed: (name: string, times: number) => taken(name, times).filter((r) => r === undefined).length,
  }
}

test('a second of it at once, then one after the other', () => {
  for (const perSec of [1, 3, 7, 2_500, 100_000]) {
    const { clock, rate, passed } = limit(perSec)
    assert.equal(passed('a', perSec + 5), perSec)
    assert.equal(rate.take('a'), 1, 'whole seconds, at least one')
    clock.advance(1_000 / perSec)
    assert.equal(passed('a', 5), 1)
    clock.advance(500)
    assert.equal(passed('a', perSec), Math.floor(perSec / 2))
    clock.advance(60_000)
    assert.equal(passed('a', 2 * perSec), perSec, 'nothing is saved up beyond a second')
  }
})

test('each name has its own, whatever it is called', () => {
  const { passed } = limit(2)
  for (const name of ['a', 'b', '', '__proto__', 'constructor']) assert.equal(passed(name, 3), 2, name)
})

test('what is refused costs nothing, and what is given back may be taken again', () => {
  const { clock, rate, passed } = limit(2)
  assert.equal(passed('a', 1_000), 2)
  clock.advance(500)
  assert.equal(passed('a', 1), 1)
  rate.giveBack('a')
  assert.equal(passed('a', 2), 1)
  rate.giveBack('never seen')
  assert.equal(passed('never seen', 3), 2)
})

test('a wall clock that is set back or ahead neither locks out nor lets in', () => {
  const { clock, passed } = limit(2)
  assert.equal(passed('a', 3), 2)
  clock.setWall(clock.now() + 3_600_000)
  assert.equal(passed('a', 3), 0)
  clock.setWall(clock.now() - 7_200_000)
  clock.advance(1_000)
  assert.equal(passed('a', 3), 2)
})

test('memory is bounded: of too many names the longest unused is forgotten', () => {
  const { passed } = limit(1, 2)
  for (const name of ['a', 'b', 'a']) passed(name, 1)
  passed('c', 1)
  assert.deepEqual([passed('a', 1), passed('c', 1)], [0, 0])
  assert.equal(passed('b', 1), 1)
})
