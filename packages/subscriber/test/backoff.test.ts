import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Backoff } from '../src/backoff.ts'

describe('backoff', () => {
  it('doubles up to two seconds, spreads over the whole pause, and starts small again', () => {
    const most = new Backoff(() => 1)
    assert.deepEqual(
      Array.from({ length: 8 }, () => most.next()),
      [50, 100, 200, 400, 800, 1600, 2000, 2000],
    )
    most.reset()
    assert.equal(most.next(), 50)
    const half = new Backoff(() => 0.5)
    assert.equal(half.next(), 25)
    assert.equal(new Backoff(() => 0).next(), 0)
  })
})
