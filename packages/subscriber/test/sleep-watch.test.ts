import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { SleepWatch } from '../src/sleep-watch.ts'

test('R19: time that only the wall clock saw is told, until a question asked after it is answered, and one more', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  watch.asked()
  clock.advance(1_000)
  watch.proved()
  assert.equal(watch.sleptMs, 0)
  clock.setWall(clock.now() + 60_000)
  assert.equal(watch.sleptMs, 60_000)
  watch.asked()
  watch.proved()
  assert.equal(watch.sleptMs, 60_000, 'the proof may be the answer to the question before')
  watch.asked()
  watch.proved()
  assert.equal(watch.sleptMs, 0)
})

test('R19: an answer that waited while the machine slept is as old as its question', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  watch.asked()
  watch.asked()
  clock.setWall(clock.now() + 60_000)
  watch.proved()
  assert.equal(watch.sleptMs, 60_000)
})

test('a wall clock that is set back hides nothing that was proved before', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  clock.setWall(clock.now() - 60_000)
  assert.equal(watch.sleptMs, 0)
})
