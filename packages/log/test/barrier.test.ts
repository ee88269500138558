import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Barrier, decodeBarrier, encodeBarrier } from '@rescind/log'
import { limits } from '@rescind/protocol'

const barrier: Barrier = {
  barrier: '00112233445566778899aabbccddeeff',
  cursor: { epoch: 'e', seq: 7, frameId: 'f' },
}
const decodeChanged = (changes: object) => decodeBarrier(Buffer.from(JSON.stringify({ ...barrier, ...changes })))

describe('a barrier', () => {
  it('comes back as it was sent, and without what it does not know', () => {
    assert.deepEqual(decodeBarrier(encodeBarrier(barrier)), barrier)
    assert.deepEqual(decodeChanged({ more: 1, cursor: { ...barrier.cursor, more: 1 } }), barrier)
  })

  it('stays within its bound at its longest', () => {
    const longest = '\u0001'.repeat(limits.MAX_ID_LENGTH)
    const cursor = { epoch: longest, seq: Number.MAX_SAFE_INTEGER, frameId: longest }
    const bytes = encodeBarrier({ ...barrier, cursor })
    assert.ok(bytes.byteLength <= limits.MAX_BARRIER_BYTES, `${bytes.byteLength} bytes`)
    assert.deepEqual(decodeBarrier(bytes)?.cursor, cursor)
  })

  it('is nothing when the bytes are no JSON, no object, or too many', () => {
    for (const text of ['', '{', 'null', '[]', '"x"', '7', '\u0000'])
      assert.equal(decodeBarrier(Buffer.from(text)), undefined)
    assert.equal(decodeBarrier(new Uint8Array([0xff, 0xfe, 0x7b])), undefined)
    const padded = `${JSON.stringify(barrier)}${' '.repeat(limits.MAX_BARRIER_BYTES)}`
    assert.equal(decodeBarrier(Buffer.from(padded)), undefined)
  })

  it('is nothing when a field is missing, of another type, or out of range', () => {
    for (const value of [undefined, null, {}, true, 7, '', 'f'.repeat(31), 'f'.repeat(33), 'G'.repeat(32)]) {
      assert.equal(decodeChanged({ barrier: value }), undefined, `barrier: ${String(value)}`)
    }
    const { cursor } = barrier
    const wrong = [undefined, null, {}, 'x', { ...cursor, seq: -1 }, { ...cursor, seq: 1.5 }, { ...cursor, epoch: '' }]
    for (const value of [...wrong, { ...cursor, frameId: '' }, { ...cursor, frameId: 'f'.repeat(65) }]) {
      assert.equal(decodeChanged({ cursor: value }), undefined, JSON.stringify(value))
    }
  })
})
