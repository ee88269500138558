import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { decodeSnapshot, encodeSnapshot, isRescindError, limits, readSnapshot } from '@rescind/protocol'
import fc from 'fast-check'
import { T } from './samples.ts'
import { checkSeeded } from './seeded.ts'

const CURSOR = { epoch: 'e1', seq: 7, frameId: 'f7' }
const STATED = { deployment: 'd1', cursor: CURSOR, newestAtMs: T - 5, takenAtMs: T, entries: 3 }
const IMAGE = Buffer.from('the image of an index')

const refused = (bytes: Uint8Array, ...codes: string[]) =>
  assert.throws(
    () => decodeSnapshot(bytes),
    (error) => isRescindError(error) && codes.includes(error.code),
  )

/** A snapshot with any manifest and a checksum that fits it. */
function forge(manifest: unknown, image: Uint8Array = IMAGE): Buffer {
  const text = manifest instanceof Uint8Array ? manifest : Buffer.from(JSON.stringify(manifest))
  const header = Buffer.from('52534e500100000000000000000000000'.slice(0, 32), 'hex')
  header.writeUInt32LE(text.length, 8)
  header.writeUInt32LE(crc32(text), 12)
  return Buffer.concat([header, text, image])
}

describe('snapshot: round trip', () => {
  it('R11: is read in slices, and a bit that flips in any of them is found', () => {
    const { bytes } = encodeSnapshot(STATED, Buffer.alloc(2 * limits.SNAPSHOT_SLICE_BYTES + 1, 7))
    assert.equal([...readSnapshot(bytes)].length, 3)
    const start = bytes.length - 2 * limits.SNAPSHOT_SLICE_BYTES - 1
    for (const at of [start, start + limits.SNAPSHOT_SLICE_BYTES, bytes.length - 1]) {
      const altered = Uint8Array.from(bytes)
      altered[at] = 6
      refused(altered, 'ERR_SNAPSHOT_DIGEST')
    }
  })

  it('gives back manifest and image', () => {
    const { manifest, bytes } = encodeSnapshot(STATED, IMAGE)
    const read = decodeSnapshot(bytes)
    assert.deepEqual(read.manifest, manifest)
    assert.deepEqual(manifest, {
      ...STATED,
      imageBytes: IMAGE.length,
      imageSha256: createHash('sha256').update(IMAGE).digest('hex'),
    })
    assert.deepEqual(Buffer.from(read.image), IMAGE)
  })

  it('gives back any image, from within any buffer', (t) => {
    const property = fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(50), (image, before) => {
      const { bytes } = encodeSnapshot(STATED, image)
      const larger = new Uint8Array(before + bytes.length + 9)
      larger.set(bytes, before)
      const read = decodeSnapshot(larger.subarray(before, before + bytes.length))
      assert.deepEqual(Uint8Array.from(read.image), image)
    })
    checkSeeded(t, property, 300)
  })

  it('is the bytes that SPEC.md states', () => {
    const { manifest, bytes } = encodeSnapshot(STATED, IMAGE)
    const text = Buffer.from(JSON.stringify(manifest))
    assert.equal(Buffer.from(bytes).toString('latin1', 0, 4), 'RSNP')
    assert.deepEqual([...bytes.subarray(4, 8)], [1, 0, 0, 0])
    assert.equal(Buffer.from(bytes).readUInt32LE(8), text.length)
    assert.equal(Buffer.from(bytes).readUInt32LE(12), crc32(text))
    assert.deepEqual(Buffer.from(bytes).subarray(16), Buffer.concat([text, IMAGE]))
    assert.deepEqual(bytes, forge(manifest))
  })

  it('the largest legal manifest fits its bound', () => {
    const dear = '\u0001'.repeat(64)
    const cursor = { epoch: dear, seq: 2 ** 53 - 1, frameId: dear }
    const times = { newestAtMs: limits.MAX_TIME_MS, takenAtMs: limits.MAX_TIME_MS }
    const stated = { deployment: dear, cursor, ...times, entries: 2 ** 53 - 1 }
    const { manifest, bytes } = encodeSnapshot(stated, IMAGE)
    assert.deepEqual(decodeSnapshot(bytes).manifest, manifest)
    assert.ok(Buffer.from(bytes).readUInt32LE(8) <= 3 * 64 * 6 + 300)
    assert.ok(3 * 64 * 6 + 300 < limits.MAX_MANIFEST_BYTES)
  })
})

describe('snapshot: what a replica refuses', () => {
  it('every truncation', () => {
    const { bytes } = encodeSnapshot(STATED, IMAGE)
    for (let length = 0; length < bytes.length; length += 1) {
      refused(bytes.subarray(0, length), 'ERR_SNAPSHOT_MALFORMED', 'ERR_SNAPSHOT_DIGEST')
    }
  })

  it('every extension', () => {
    refused(Buffer.concat([encodeSnapshot(STATED, IMAGE).bytes, Buffer.alloc(1)]), 'ERR_SNAPSHOT_DIGEST')
  })

  it('every flip of a single bit', () => {
    const { bytes } = encodeSnapshot(STATED, IMAGE)
    const imageStart = bytes.length - IMAGE.length
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refused(flipped, bit >> 3 < imageStart ? 'ERR_SNAPSHOT_MALFORMED' : 'ERR_SNAPSHOT_DIGEST')
    }
  })

  it('an image in the place of another of the same size', () => {
    const { manifest } = encodeSnapshot(STATED, IMAGE)
    refused(forge(manifest, Buffer.alloc(IMAGE.length)), 'ERR_SNAPSHOT_DIGEST')
  })

  const { manifest } = encodeSnapshot(STATED, IMAGE)
  const manifests: [string, unknown][] = [
    ['no JSON', Buffer.from('{')],
    ['ill-formed UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['null', null],
    ['a list', [manifest]],
    ['an unknown field', { ...manifest, partial: true }],
    ['a field too few', { ...manifest, entries: undefined }],
    ['no deployment', { ...manifest, deployment: '' }],
    ['a deployment of 65', { ...manifest, deployment: 'd'.repeat(65) }],
    ['no cursor', { ...manifest, cursor: null }],
    ['a cursor with a negative sequence', { ...manifest, cursor: { ...manifest.cursor, seq: -1 } }],
    ['a time before 1970', { ...manifest, takenAtMs: -1 }],
    ['a newest frame of no time', { ...manifest, newestAtMs: null }],
    ['a count below zero', { ...manifest, entries: -1 }],
    ['a size with a fraction', { ...manifest, imageBytes: 0.5 }],
    ['a digest that is none', { ...manifest, imageSha256: 'x' }],
    ['a digest in capitals', { ...manifest, imageSha256: manifest.imageSha256.toUpperCase() }],
    ['more than a manifest may', Buffer.from(`${' '.repeat(limits.MAX_MANIFEST_BYTES)}${JSON.stringify(manifest)}`)],
  ]
  for (const [what, value] of manifests) {
    it(`a manifest that holds ${what}, though its checksum fits`, () => refused(forge(value), 'ERR_SNAPSHOT_MALFORMED'))
  }
})

describe('snapshot: what a publisher cannot write', () => {
  it('a manifest that no replica could read', () => {
    const wrong = [
      { deployment: '' },
      { takenAtMs: -1 },
      { newestAtMs: 0.5 },
      { entries: 0.5 },
      { cursor: { epoch: '', seq: 0, frameId: '' } },
    ]
    for (const change of wrong) {
      assert.throws(
        () => encodeSnapshot({ ...STATED, ...change }, IMAGE),
        (error) => isRescindError(error) && error.code === 'ERR_INVALID_INPUT',
      )
    }
  })
})
