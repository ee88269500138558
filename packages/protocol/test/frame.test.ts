import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import {
  decodeFrame,
  encodeFrame,
  type Fact,
  FRAME_REQUEST_BYTES,
  FRAME_VERSIONS,
  isRescindError,
  limits,
  peekFrameId,
} from '@rescind/protocol'
import fc from 'fast-check'
import { fact } from './arbitraries.ts'
import { FACTS, ISSUER, revocation, T } from './samples.ts'
import { checkSeeded } from './seeded.ts'

const ID = '00112233445566778899aabbccddeeff'
const EPOCH = 'ffeeddccbbaa99887766554433221100'
const SMALL = { frameId: ID, epoch: EPOCH, publisher: 'p', facts: [revocation({ sub: 'ann' }, 'cutoff')] }

const refused = (bytes: Uint8Array, ...codes: string[]) =>
  assert.throws(
    () => decodeFrame(bytes),
    (error) => isRescindError(error) && codes.includes(error.code),
  )

const request = (changes: object = {}) => ({ key: ID, body: EPOCH, from: 0, count: 1, ...changes })

/** A frame with any body and any header, with a checksum that fits: what an attacker, or a bug, could write. */
function forge(body: unknown, change: (bytes: Buffer) => void = () => {}): Buffer {
  const text = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const bytes = Buffer.concat([Buffer.from(`5253434e01000000${ID}${EPOCH}0000000000000000`, 'hex'), text])
  bytes.writeUInt32LE(text.length, 44)
  change(bytes)
  bytes.writeUInt32LE(crc32(bytes.subarray(44), crc32(bytes.subarray(0, 40))), 40)
  return bytes
}

describe('frame: round trip', () => {
  it('gives back what was put in', () => {
    const frame = { frameId: ID, epoch: EPOCH, publisher: 'p', facts: FACTS }
    assert.deepEqual(decodeFrame(encodeFrame(frame)), frame)
    assert.equal(peekFrameId(encodeFrame(frame)), ID)
  })

  it('gives back the requests behind its facts, and no empty list of them', () => {
    const requests = [request({ count: 2 }), request({ key: EPOCH, from: 3 })]
    const frame = {
      frameId: ID,
      epoch: EPOCH,
      publisher: 'p',
      facts: [FACTS[0], FACTS[1], FACTS[0], FACTS[2]] as Fact[],
    }
    assert.deepEqual(decodeFrame(encodeFrame({ ...frame, requests })), { ...frame, requests })
    assert.deepEqual(encodeFrame({ ...frame, requests: [] }), encodeFrame(frame))
    assert.deepEqual(decodeFrame(encodeFrame(frame)), frame)
  })

  it('a request takes no more bytes than are reckoned for it', () => {
    const facts = Array(limits.MAX_FACTS_PER_FRAME).fill(FACTS[0])
    const last = request({ from: limits.MAX_FACTS_PER_FRAME - 1 })
    assert.ok(`,${JSON.stringify(last)}`.length <= FRAME_REQUEST_BYTES)
    assert.equal(facts.length, limits.MAX_FACTS_PER_FRAME)
  })

  it('gives back any legal facts', (t) => {
    const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('hex'))
    const frames = fc.record({
      frameId: hex,
      epoch: hex,
      publisher: fc.uuid(),
      facts: fc.array(fact, { minLength: 1, maxLength: 5 }),
    })
    const property = fc.property(frames, (frame) => {
      assert.deepEqual(decodeFrame(encodeFrame(frame)), JSON.parse(JSON.stringify(frame)))
    })
    checkSeeded(t, property, 1_000)
  })

  it('reads a frame that lies inside a larger buffer', () => {
    const bytes = encodeFrame(SMALL)
    const larger = new Uint8Array(bytes.length + 20)
    larger.set(bytes, 7)
    assert.deepEqual(decodeFrame(larger.subarray(7, 7 + bytes.length)), SMALL)
    refused(larger.subarray(7), 'ERR_FRAME_MALFORMED')
  })

  it('is the bytes that SPEC.md states', () => {
    const bytes = Buffer.from(encodeFrame(SMALL))
    assert.equal(bytes.toString('latin1', 0, 4), 'RSCN')
    assert.deepEqual([...bytes.subarray(4, 8)], [1, 0, 0, 0])
    assert.equal(bytes.toString('hex', 8, 24), ID)
    assert.equal(bytes.toString('hex', 24, 40), EPOCH)
    assert.equal(bytes.readUInt32LE(40), crc32(Buffer.concat([bytes.subarray(0, 40), bytes.subarray(44)])))
    assert.equal(bytes.readUInt32LE(44), bytes.length - 48)
    assert.deepEqual(JSON.parse(bytes.toString('utf8', 48)), { publisher: 'p', facts: SMALL.facts })
    assert.deepEqual(FRAME_VERSIONS, [1])
    assert.deepEqual(bytes, forge({ publisher: 'p', facts: SMALL.facts }))
  })
})

describe('frame: what a replica refuses', () => {
  it('every truncation', () => {
    const bytes = encodeFrame(SMALL)
    for (let length = 0; length < bytes.length; length += 1) refused(bytes.subarray(0, length), 'ERR_FRAME_MALFORMED')
  })

  it('every extension', () => {
    const bytes = encodeFrame(SMALL)
    for (const more of [1, 2, 100]) refused(Buffer.concat([bytes, Buffer.alloc(more, 32)]), 'ERR_FRAME_MALFORMED')
  })

  it('every flip of a single bit', () => {
    const bytes = encodeFrame(SMALL)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refused(flipped, bit >> 3 === 4 ? 'ERR_FRAME_VERSION' : 'ERR_FRAME_MALFORMED')
    }
  })

  it('a version that this build does not read, whatever its body, and still names the frame', () => {
    for (const version of [0, 2, 255]) {
      const bytes = forge('anything', (header) => {
        header[4] = version
      })
      refused(bytes, 'ERR_FRAME_VERSION')
      assert.equal(peekFrameId(bytes), ID)
    }
    assert.equal(peekFrameId(Buffer.alloc(48)), undefined)
    assert.equal(peekFrameId(encodeFrame(SMALL).subarray(0, 47)), undefined)
  })

  it('reserved bytes that are not zero: they may come to narrow what a frame means', () => {
    for (const place of [5, 6, 7]) {
      const bytes = forge({ publisher: 'p', facts: SMALL.facts }, (header) => {
        header[place] = 1
      })
      refused(bytes, 'ERR_FRAME_MALFORMED')
    }
  })

  it('more than MAX_FRAME_BYTES, before it looks at any of them', () => {
    refused(Buffer.alloc(limits.MAX_FRAME_BYTES + 1), 'ERR_FRAME_TOO_LARGE')
    refused(Buffer.alloc(limits.MAX_FRAME_BYTES), 'ERR_FRAME_MALFORMED')
  })

  const fitting = SMALL.facts[0]
  const bodies: [string, unknown][] = [
    ['no JSON', '{'],
    ['nothing', ''],
    ['a byte order mark', Buffer.from(`\ufeff${JSON.stringify({ publisher: 'p', facts: SMALL.facts })}`)],
    ['null', null],
    ['a list', []],
    ['no facts', { publisher: 'p' }],
    ['no publisher', { facts: SMALL.facts }],
    ['an unknown field', { publisher: 'p', facts: SMALL.facts, prior: 1 }],
    ['another field in place of one', { publisher: 'p', fact: SMALL.facts }],
    ['a publisher that is a number', { publisher: 7, facts: SMALL.facts }],
    ['an empty publisher', { publisher: '', facts: SMALL.facts }],
    ['a publisher of 257', { publisher: 'p'.repeat(257), facts: SMALL.facts }],
    ['facts that are no list', { publisher: 'p', facts: { 0: fitting } }],
    ['an empty list of facts', { publisher: 'p', facts: [] }],
    ['more facts than a frame holds', `{"publisher":"p","facts":[${'1,'.repeat(limits.MAX_FACTS_PER_FRAME)}1]}`],
    ['a fact of an unknown kind', { publisher: 'p', facts: [fitting, { ...fitting, kind: 'pause' }] }],
    ['a fact with an unknown field', { publisher: 'p', facts: [{ ...fitting, scope: 'x' }] }],
    ['a fact that contradicts itself', { publisher: 'p', facts: [{ ...fitting, mode: 'block' }] }],
    ...malformedRequests().map(([what, requests]): [string, unknown] => [
      `requests ${what}`,
      { publisher: 'p', facts: [fitting, fitting], requests },
    ]),
    ['JSON nested deeper than any stack', '['.repeat(200_000)],
  ]
  for (const [what, body] of bodies) {
    it(`a body that holds ${what}, though its checksum fits`, () => refused(forge(body), 'ERR_FRAME_MALFORMED'))
  }

  it('R1: ill-formed UTF-8, which would make two claim values one', () => {
    const text = Buffer.from(JSON.stringify({ publisher: 'p', facts: [revocation({ sub: 'a?n' }, 'block')] }))
    text[text.indexOf('a?n') + 1] = 0xff
    refused(forge(text), 'ERR_FRAME_MALFORMED')
  })

  it('names the fact that is wrong', () => {
    const bytes = forge({ publisher: 'p', facts: [fitting, { ...fitting, reason: 'fired' }] })
    assert.throws(() => decodeFrame(bytes), /fact 1: reason is missing or not valid/)
  })
})

/** Lists of requests that no frame of two facts may carry. */
function malformedRequests(): [string, unknown][] {
  const { count: _, ...countless } = request()
  return [
    ['that are no list', { 0: request() }],
    ['that are null', null],
    ['that are none', []],
    ['of which one is null', [null]],
    ['of which one is a list', [[ID, EPOCH, 0, 1]]],
    ['with an unknown field', [request({ principal: 'ann' })]],
    ['without a field', [countless]],
    ['with a key that is no hash', [request({ key: 'order-7' })]],
    ['with a key in capitals', [request({ key: ID.toUpperCase() })]],
    ['with a key that is a number', [request({ key: 7 })]],
    ['with a body that is no hash', [request({ body: '{}' })]],
    ['with a body that is null', [request({ body: null })]],
    ['that begin before the first fact', [request({ from: -1 })]],
    ['that begin at half a fact', [request({ from: 0.5 })]],
    ['that begin at text', [request({ from: '0' })]],
    ['that have no fact', [request({ count: 0 })]],
    ['that have less than no fact', [request({ from: 1, count: -1 })]],
    ['that have half a fact', [request({ count: 1.5 })]],
    ['that have text for a count', [request({ count: '1' })]],
    ['that end behind the last fact', [request({ count: 3 })]],
    ['that begin behind the last fact', [request({ from: 2 })]],
    ['that share a fact', [request({ count: 2 }), request({ from: 1 })]],
    ['that are out of order', [request({ from: 1 }), request()]],
    ['that are more than facts', [request(), request({ from: 1 }), request({ from: 1 })]],
    ['that are beyond all numbers', [request({ from: 2 ** 53 })]],
  ]
}

describe('frame: what a publisher cannot write', () => {
  it('a version that this build does not write', () => {
    assert.deepEqual(encodeFrame(SMALL, 1), encodeFrame(SMALL))
    for (const version of [0, 2, 1.5, Number.NaN]) {
      assert.throws(() => encodeFrame(SMALL, version), { code: 'ERR_INVALID_INPUT' })
    }
  })

  const cannot = (frame: object, code: string) =>
    assert.throws(
      () => encodeFrame({ ...SMALL, ...frame }),
      (error) => isRescindError(error) && error.code === code,
    )

  it('a frame that no replica could read', () => {
    for (const frameId of ['', ID.slice(1), `${ID}0`, ID.toUpperCase(), 'g'.repeat(32)])
      cannot({ frameId }, 'ERR_INVALID_INPUT')
    for (const epoch of ['', EPOCH.slice(1), EPOCH.toUpperCase()]) cannot({ epoch }, 'ERR_INVALID_INPUT')
    for (const publisher of ['', 'p'.repeat(257), '\ud800']) cannot({ publisher }, 'ERR_INVALID_INPUT')
    const facts: unknown[] = [{ ...ISSUER, atMs: -1 }, { ...ISSUER, x: 1 }, revocation({ kid: 'k' }, 'cutoff'), null]
    for (const one of facts) cannot({ facts: [one] }, 'ERR_INVALID_INPUT')
    cannot({ facts: [] }, 'ERR_INVALID_INPUT')
    for (const [, requests] of malformedRequests()) {
      if (Array.isArray(requests) && requests.length > 0)
        cannot({ facts: [ISSUER, ISSUER], requests }, 'ERR_INVALID_INPUT')
    }
  })

  it('a frame above its bounds', () => {
    cannot({ facts: Array(limits.MAX_FACTS_PER_FRAME + 1).fill(ISSUER) }, 'ERR_FRAME_TOO_LARGE')
    const large = revocation({ sub: 'x'.repeat(1_024) }, 'block', { note: 'n'.repeat(1_024) })
    cannot({ facts: Array(120).fill(large) }, 'ERR_FRAME_TOO_LARGE')
    assert.equal(decodeFrame(encodeFrame({ ...SMALL, facts: Array(100).fill(large) })).facts.length, 100)
  })
})

describe('frame: the arithmetic of its bounds', () => {
  /** `length` code units that JSON spells with six bytes each. */
  const dear = (length: number) => '\u0001'.repeat(length)

  it('the largest legal revocation fits into a frame', () => {
    const match = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${i}`.padEnd(128, '\uffff'), dear(1_024)]))
    const largest = revocation(match, 'cutoff', {
      id: dear(64),
      iss: dear(1_024),
      except: { jti: Array(8).fill(dear(1_024)), sid: Array(8).fill(dear(1_024)) },
      reason: 'permissions_changed',
      actor: dear(256),
      onBehalfOf: dear(256),
      note: dear(1_024),
      atMs: limits.MAX_TIME_MS,
      issuedBeforeMs: limits.MAX_TIME_MS,
      expiresAtMs: limits.MAX_TIME_MS,
    })
    const bytes = encodeFrame({ frameId: ID, epoch: EPOCH, publisher: dear(256), facts: [largest] })
    assert.deepEqual(decodeFrame(bytes).facts, [largest])
    assert.ok(bytes.length <= 170_880 + 1_024 + 32, `${bytes.length} bytes`)
    assert.ok(bytes.length > 160_000, `${bytes.length} bytes: this is not the largest`)
    assert.ok(170_880 + 1_024 + 32 < limits.MAX_FRAME_BYTES)
  })

  it('the smallest legal fact has 96 bytes, so bytes run out before facts do', () => {
    const least = { maxExpiryMs: 0, maxSessionMs: 0, clockSkewMs: 0, leewayMs: 0, atMs: 0 }
    const smallest: Fact[] = [
      { kind: 'issuer', iss: 'i', ...least },
      { kind: 'lift', id: 'i', iss: 'i', match: {}, mode: 'block', actor: '', atMs: 0, expiresAtMs: 0 },
      {
        kind: 'revocation',
        id: 'i',
        iss: 'i',
        match: {},
        mode: 'block',
        reason: 'other',
        actor: '',
        atMs: 0,
        expiresAtMs: 0,
      },
    ]
    assert.equal(Math.min(...smallest.map((one) => JSON.stringify(one).length)), 96)
    assert.ok(limits.MAX_FACTS_PER_FRAME * 96 > limits.MAX_FRAME_BYTES)
  })

  it('times of a fact stay within what a frame holds, even for the longest ban', () => {
    assert.ok(T + limits.MAX_BAN_MS + limits.MAX_LIFETIME_MS + limits.MAX_LEEWAY_MS < limits.MAX_TIME_MS)
  })
})
