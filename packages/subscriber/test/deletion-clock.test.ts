import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { DeletionClock } from '../src/deletion-clock.ts'

describe('deletion clock', () => {
  it('R15: without any time from outside nothing may be deleted', () => {
    assert.equal(new DeletionClock(manualClock()).now(), Number.NEGATIVE_INFINITY)
  })

  it('R15: a wall clock that jumps ahead does not bring deletion forward', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawSnapshot(1_000_000)
    clock.advance(500)
    clock.setWall(9_000_000)
    assert.equal(deletion.now(), 1_000_500)
  })

  it('R15: a publisher whose clock is ahead does not bring deletion forward either', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawFrame(9_000_000)
    assert.equal(deletion.now(), 1_000_000)
  })

  it('R15: nor does a forged time, if the wall clock jumps later and back', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawFrame(9_000_000)
    clock.advance(500)
    clock.setWall(9_000_000)
    assert.equal(deletion.now(), 1_000_500)
  })

  it('R15: of snapshot and newest frame the lower counts, each carried forward from when it was seen', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawSnapshot(990_000)
    clock.advance(1_000)
    deletion.sawFrame(995_000)
    clock.advance(1_000)
    assert.equal(deletion.now(), 992_000)
    deletion.sawFrame(996_001)
    clock.advance(1_000)
    assert.equal(deletion.now(), 993_000)
  })

  it('R15: a publisher whose clock is behind the last one holds deletion back', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawFrame(990_000)
    clock.advance(5_000)
    deletion.sawFrame(990_001)
    assert.equal(deletion.now(), 990_001)
  })

  it('R10, R15: a frame that is read again is not the newest', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    deletion.sawFrame(999_000)
    clock.advance(500)
    deletion.sawFrame(900_000)
    deletion.sawFrame(999_000)
    assert.equal(deletion.now(), 999_500)
  })

  it('R15: tells the furthest time that it gave, or that a snapshot was taken at', () => {
    const clock = manualClock(1_000_000)
    const deletion = new DeletionClock(clock)
    assert.equal(deletion.furthestMs, Number.NEGATIVE_INFINITY)
    deletion.sawFrame(1_000_000)
    assert.equal(deletion.furthestMs, Number.NEGATIVE_INFINITY, 'nothing was deleted by it yet')
    deletion.now()
    assert.equal(deletion.furthestMs, 1_000_000)
    clock.setWall(900_000)
    deletion.now()
    assert.equal(deletion.furthestMs, 1_000_000)
    deletion.sawSnapshot(1_000_700)
    assert.equal(deletion.furthestMs, 1_000_700)
  })
})
