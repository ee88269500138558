import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ManualClock, manualClock } from '@rescind/protocol'
import { SleepWatch } from '../src/sleep-watch.ts'

function asleep(clock: ManualClock, ms: number): void {
  clock.setWall(clock.now() + ms)
}

test('R19: time that only the wall clock saw is told, until something is proved from a question asked after it', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  watch.asked()
  const askedAtMs = clock.monotonic()
  clock.advance(1_000)
  watch.proved(askedAtMs)
  assert.equal(watch.sleptMs, 0)
  asleep(clock, 60_000)
  assert.equal(watch.sleptMs, 60_000)
  watch.asked()
  watch.proved(askedAtMs)
  assert.equal(watch.sleptMs, 60_000, 'the proof is the answer to the question before')
  watch.proved(clock.monotonic())
  assert.equal(watch.sleptMs, 0)
})

test('R19: an answer that waited while the machine slept is as old as its question, however many were asked since', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  watch.asked()
  const askedAtMs = clock.monotonic()
  asleep(clock, 60_000)
  for (let n = 0; n < 200; n += 1) {
    clock.advance(1)
    watch.asked()
  }
  watch.proved(askedAtMs - 5)
  assert.equal(watch.sleptMs, 60_000, 'also if the leader says that its proof is older than the question')
  watch.proved(clock.monotonic())
  assert.equal(watch.sleptMs, 0)
})

test('a wall clock that is set back hides nothing that was proved before', () => {
  const clock = manualClock()
  const watch = new SleepWatch(clock)
  asleep(clock, -60_000)
  assert.equal(watch.sleptMs, 0)
})
