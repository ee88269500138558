import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manualClock, systemClock } from '@rescind/protocol'

describe('clock', () => {
  it('moves both faces by advance, and the wall alone by setWall', () => {
    const clock = manualClock(5_000)
    clock.advance(250)
    assert.deepEqual([clock.now(), clock.monotonic()], [5_250, 1_250])
    clock.setWall(1)
    assert.deepEqual([clock.now(), clock.monotonic()], [1, 1_250])
    clock.advance(0)
    assert.deepEqual([clock.now(), clock.monotonic()], [1, 1_250])
  })

  it('starts on 1 January 2026 unless told otherwise', () => {
    assert.equal(manualClock().now(), Date.UTC(2026, 0, 1))
  })

  it('shows whole milliseconds on the wall, whatever it was advanced by', () => {
    const clock = manualClock(0)
    clock.advance(0.75)
    assert.deepEqual([clock.now(), clock.monotonic()], [0, 1_000.75])
    clock.advance(0.75)
    assert.equal(clock.now(), 1)
  })

  it('refuses to go back, or to where no clock can be', () => {
    const clock = manualClock(0)
    for (const ms of [-1, Number.NaN, Infinity]) assert.throws(() => clock.advance(ms), RangeError)
    for (const ms of [Number.NaN, Infinity, -Infinity]) assert.throws(() => clock.setWall(ms), RangeError)
    assert.deepEqual([clock.now(), clock.monotonic()], [0, 1_000])
  })

  it('reads the machine: integer milliseconds, and a monotonic face that never goes back', () => {
    assert.ok(Number.isSafeInteger(systemClock.now()))
    let last = systemClock.monotonic()
    for (let i = 0; i < 1_000; i += 1) {
      const next = systemClock.monotonic()
      assert.ok(next >= last)
      last = next
    }
  })
})
