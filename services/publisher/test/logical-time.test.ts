import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { LogicalTime } from '../src/logical-time.ts'

const T = 1_800_000_000_400

test('R10: the wall clock, or 1 ms after the largest time stored or applied', () => {
  const clock = manualClock(T)
  let appliedAtMs = 0
  const time = new LogicalTime(clock, () => appliedAtMs)
  assert.equal(time.next('revocation'), T)
  assert.equal(time.next('revocation'), T + 1, 'the wall stood still')
  appliedAtMs = T + 10_000
  assert.equal(time.next('revocation'), T + 10_001, 'another publisher is ahead')
  clock.setWall(T - 50_000)
  assert.equal(time.next('issuer'), T + 10_002, 'a wall that goes back takes no time back')
  clock.setWall(T + 60_000)
  assert.equal(time.next('revocation'), T + 60_000)
})

test('R10: a lift takes 1 ms after the whole second at or above', () => {
  const clock = manualClock(T)
  const time = new LogicalTime(clock, () => 0)
  const revokedAtMs = time.next('revocation')
  const liftedAtMs = time.next('lift')
  assert.equal(liftedAtMs, 1_800_000_001_001)
  assert.ok(liftedAtMs > Math.ceil(revokedAtMs / 1000) * 1000, 'above the time before it, rounded up to seconds')
  const againAtMs = time.next('revocation')
  assert.equal(againAtMs, liftedAtMs + 1)
  assert.ok(Math.ceil(againAtMs / 1000) * 1000 > liftedAtMs, 'what comes after it, rounded up, is not lifted')
  assert.equal(time.next('lift'), 1_800_000_002_001, 'every lift takes the next second')
})

test('R10: a lift at a whole second takes 1 ms after this very second', () => {
  const time = new LogicalTime(manualClock(1_800_000_000_000), () => 0)
  assert.equal(time.next('lift'), 1_800_000_000_001)
})

test('R10: a time is outrun by one that was applied and is not below it; what the Store held counts from the start', () => {
  let appliedAtMs = 0
  const time = new LogicalTime(manualClock(T), () => appliedAtMs, T + 5_000)
  const atMs = time.next('revocation')
  assert.equal(atMs, T + 5_001)
  for (const [applied, isOutrun] of [
    [0, false],
    [atMs - 1, false],
    [atMs, true],
    [atMs + 1, true],
  ] as const) {
    appliedAtMs = applied
    assert.equal(time.isOutrun(atMs), isOutrun, `${applied - atMs}`)
  }
  assert.equal(time.isOutrun(time.next('revocation')), false, 'its next one is above')
})

test('peeking gives nothing away', () => {
  const time = new LogicalTime(manualClock(T), () => 0)
  assert.equal(time.peek(), T)
  assert.equal(time.peek(), T)
  assert.equal(time.next('revocation'), T)
  assert.equal(time.peek(), T + 1)
})
