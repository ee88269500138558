import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodePresence, encodePresence, type Presence } from '@rescind/log'
import { limits } from '@rescind/protocol'

const presence: Presence = {
  replica: 'f00d',
  name: 'api-1',
  version: '0.1.0',
  frameVersions: [1, 2],
  state: 'stale',
  cursor: { epoch: 'e', seq: 7, frameId: 'f' },
  lagMs: 16_000.5,
  entries: 0,
  rssBytes: 50_000_000,
  whenUnknown: 'accept',
  staleAfterMs: 15_000,
  digest: { asOfMs: 1_767_225_600_000, value: '00112233445566ff' },
  barrier: '00112233445566778899aabbccddeeff',
  incomplete: true,
}
const decodeChanged = (changes: object) => decodePresence(Buffer.from(JSON.stringify({ ...presence, ...changes })))

describe('presence', () => {
  it('comes back as it was sent, with and without what is optional', () => {
    assert.deepEqual(decodePresence(encodePresence(presence)), presence)
    const { cursor: _, lagMs: __, digest: ___, barrier: ____, incomplete: _____, ...bare } = presence
    assert.deepEqual(decodePresence(encodePresence(bare)), bare)
  })

  it('stays below its bound at its longest', () => {
    const longest = 'x'.repeat(64)
    const cursor = { epoch: longest, seq: Number.MAX_SAFE_INTEGER, frameId: longest }
    const bytes = encodePresence({ ...presence, replica: longest, name: longest, version: longest, cursor })
    assert.ok(bytes.byteLength < limits.MAX_PRESENCE_BYTES / 4, `${bytes.byteLength} bytes`)
  })

  it('is nothing when the bytes are no JSON, no object, or too many', () => {
    for (const text of ['', '{', 'null', '[]', '"x"', '7', '\u0000'])
      assert.equal(decodePresence(Buffer.from(text)), undefined)
    assert.equal(decodePresence(new Uint8Array([0xff, 0xfe, 0x7b])), undefined)
    const padded = `${JSON.stringify(presence)}${' '.repeat(limits.MAX_PRESENCE_BYTES)}`
    assert.equal(decodePresence(Buffer.from(padded)), undefined)
  })

  it('is nothing when any field is missing or of another type', () => {
    const optional = ['cursor', 'lagMs', 'digest', 'barrier', 'incomplete']
    const required = Object.keys(presence).filter((field) => !optional.includes(field))
    for (const field of required) {
      for (const value of [undefined, null, {}, true]) {
        assert.equal(decodeChanged({ [field]: value }), undefined, `${field}: ${String(value)}`)
      }
    }
    for (const value of [null, {}, 'x', { epoch: 'e', seq: -1, frameId: 'f' }]) {
      assert.equal(decodeChanged({ cursor: value }), undefined)
    }
    for (const value of [null, 'x', -1, {}]) assert.equal(decodeChanged({ lagMs: value }), undefined)
    for (const value of [null, 'x', {}, 7, 'F'.repeat(32)]) assert.equal(decodeChanged({ barrier: value }), undefined)
    for (const value of [null, 'x', {}, false]) assert.equal(decodeChanged({ incomplete: value }), undefined)
    for (const value of [null, 'x', {}, { value: '0'.repeat(16) }, { asOfMs: 1 }]) {
      assert.equal(decodeChanged({ digest: value }), undefined)
    }
  })

  it('is nothing when a value is out of range', () => {
    const wrong = [
      { state: 'fine' },
      { whenUnknown: 'maybe' },
      { name: '' },
      { name: 'x'.repeat(65) },
      { frameVersions: [1.5] },
      { frameVersions: ['1'] },
      { entries: -1 },
      { rssBytes: '9' },
      { staleAfterMs: -1 },
      { staleAfterMs: limits.MAX_STALE_AFTER_MS + 1 },
      { digest: { asOfMs: -1, value: '0'.repeat(16) } },
      { digest: { asOfMs: 1, value: '0'.repeat(17) } },
      { digest: { asOfMs: 1, value: 'G'.repeat(16) } },
    ]
    for (const changes of wrong) assert.equal(decodeChanged(changes), undefined, JSON.stringify(changes))
  })
})
