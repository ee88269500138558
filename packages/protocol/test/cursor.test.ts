import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatCursor, isCursor, parseCursor, sameCursor } from '@rescind/protocol'

const CURSOR = { epoch: 'e1', seq: 7, frameId: 'f7' }

describe('cursor', () => {
  it('R19: is the same only if epoch, sequence and frame are: a number alone does not name a log', () => {
    assert.equal(sameCursor(CURSOR, { ...CURSOR }), true)
    assert.equal(sameCursor(CURSOR, { ...CURSOR, epoch: 'e2' }), false)
    assert.equal(sameCursor(CURSOR, { ...CURSOR, seq: 8 }), false)
    assert.equal(sameCursor(CURSOR, { ...CURSOR, frameId: 'f8' }), false)
  })

  it('is written for ETags and log lines', () => {
    assert.equal(formatCursor(CURSOR), 'e1.7.f7')
  })

  it('is read again as it was written, and nothing else is', () => {
    for (const cursor of [CURSOR, { epoch: 'e1', seq: 0, frameId: '' }]) {
      assert.deepEqual(parseCursor(formatCursor(cursor)), cursor)
    }
    const wrong = ['', '7', 'e1.7', '.7.f7', 'e1.-7.f7', 'e1.7.5.f7', 'e1.x.f7', 'e1.9007199254740992.f7', 'e1:7:f7']
    for (const text of wrong) assert.equal(parseCursor(text), undefined, text)
  })

  it('is recognised in JSON of which nothing is trusted', () => {
    assert.equal(isCursor(JSON.parse(JSON.stringify(CURSOR))), true)
    assert.equal(isCursor({ epoch: 'e1', seq: 0, frameId: '' }), true)
    const wrong = [
      null,
      undefined,
      'e1.7.f7',
      [],
      {},
      { ...CURSOR, epoch: '' },
      { ...CURSOR, epoch: 1 },
      { ...CURSOR, epoch: 'e'.repeat(65) },
      { ...CURSOR, seq: -1 },
      { ...CURSOR, seq: 1.5 },
      { ...CURSOR, seq: '7' },
      { ...CURSOR, seq: 2 ** 53 },
      { ...CURSOR, frameId: undefined },
      { ...CURSOR, frameId: 'f'.repeat(65) },
    ]
    for (const value of wrong) assert.equal(isCursor(value), false, JSON.stringify(value))
  })
})
