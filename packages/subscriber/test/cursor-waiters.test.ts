import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CursorWaiters } from '../src/cursor-waiters.ts'
import { type FollowState, INITIAL } from '../src/follow-state.ts'

const at = (epoch: string, seq: number, provedAtMs: number): FollowState => ({
  ...INITIAL,
  cursor: { epoch, seq, frameId: `f${seq}` },
  lost: false,
  provedAtMs,
})
const cursor = { epoch: 'e1', seq: 5, frameId: 'f5' }

describe('reached()', () => {
  it('resolves at the cursor or beyond', async () => {
    const waiters = new CursorWaiters()
    await waiters.wait(cursor, at('e1', 5, 1), 100, undefined)
    const waiting = waiters.wait(cursor, at('e1', 4, 1), 100, undefined)
    assert.equal(waiters.size, 1)
    waiters.look(at('e1', 7, 1))
    await waiting
    assert.equal(waiters.size, 0)
  })

  it('waits for an epoch that the replica has not come to yet, but not for one that a later proof does not know', async () => {
    const waiters = new CursorWaiters()
    const waiting = waiters.wait(cursor, at('e0', 9, 99), 100, undefined)
    waiters.look(at('e0', 9, 100))
    assert.equal(waiters.size, 1, 'this proof was asked for before the cursor was named')
    waiters.look(at('e0', 9, 101))
    await assert.rejects(waiting, { code: 'ERR_CURSOR_FOREIGN' })
  })

  it('fails when the log leaves the epoch of the cursor, or has another frame there', async () => {
    const waiters = new CursorWaiters()
    const left = waiters.wait(cursor, at('e1', 4, 1), 100, undefined)
    waiters.look(at('e2', 1, 2))
    await assert.rejects(left, { code: 'ERR_CURSOR_FOREIGN' })
    const other = { ...cursor, frameId: 'x' }
    await assert.rejects(waiters.wait(other, at('e1', 5, 1), 100, undefined), { code: 'ERR_CURSOR_FOREIGN' })
  })

  it('ends with its signal', async () => {
    const waiters = new CursorWaiters()
    const reason = new Error('no longer')
    await assert.rejects(waiters.wait(cursor, INITIAL, 1, AbortSignal.abort(reason)), reason)
    const abort = new AbortController()
    const waiting = waiters.wait(cursor, INITIAL, 1, abort.signal)
    abort.abort(reason)
    await assert.rejects(waiting, reason)
    assert.equal(waiters.size, 0)
  })
})
