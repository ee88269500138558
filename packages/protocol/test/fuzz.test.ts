import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeFrame,
  decodeSnapshot,
  encodeFrame,
  encodeMatch,
  encodeSnapshot,
  isRescindError,
  type LiftDraft,
  liftFrom,
  parseLift,
  parseRevocation,
  peekFrameId,
  referenceCheck,
  revocationFrom,
} from '@rescind/protocol'
import fc from 'fast-check'
import { claimName, claimValue, fact, json, match, text } from './arbitraries.ts'
import { CONTEXT, FACTS, ISS, T } from './samples.ts'
import { checkSeeded } from './seeded.ts'

const ID = '00112233445566778899aabbccddeeff'

/** Random bytes, and ones that begin rightly and were then altered here and there. */
function bytesLike(right: Uint8Array): fc.Arbitrary<Uint8Array> {
  const altered = fc
    .array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Uint8Array.from(right)
      for (const [place, byte] of changes) bytes[place] = byte
      return bytes
    })
  const cut = fc
    .tuple(fc.nat(right.length), fc.uint8Array())
    .map(([at, tail]) => Buffer.concat([right.subarray(0, at), tail]))
  return fc.oneof(fc.uint8Array({ maxLength: 200 }), altered, cut)
}

/** Bodies of which many are right, and the others nearly. */
const nearlyRight = fc
  .tuple(
    fc.oneof(match, fc.constantFrom({ jti: 'j' }, { sub: 'ann' })),
    fc.array(
      fc.oneof(
        fc.constantFrom('cutoff', 'block').map((mode) => ({ mode })),
        fc.constantFrom('account_blocked', 'password_changed', 'fired').map((reason) => ({ reason })),
        fc.constantFrom('2026-03-14T12:00:00Z', '2026-03-14T12:00:00').map((issuedBefore) => ({ issuedBefore })),
        fc.constantFrom(1_773_489_600, 1_773_489_600.123_456, 2 ** 40).map((tokenExp) => ({ tokenExp })),
        fc.constantFrom('2026-04-14T12:00:00.0000001+14:00', '2030-01-01T00:00:00Z').map((until) => ({ until })),
        fc
          .dictionary(fc.constantFrom('jti', 'sid'), fc.array(claimValue, { maxLength: 9 }), { noNullPrototype: true })
          .map((except) => ({ except })),
        text.map((note) => ({ note })),
        fc.constant({ confirm: ISS }),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([wanted, more]) => Object.assign({ match: wanted }, ...more) as unknown)

/** Bodies that use the right names with any values, so that every reader is reached. */
const bodies = fc.oneof(
  json,
  { weight: 4, arbitrary: nearlyRight },
  fc.dictionary(
    fc.oneof(
      fc.constantFrom('iss', 'match', 'mode', 'reason', 'issuedBefore', 'except', 'tokenExp', 'until', 'note'),
      fc.constantFrom('onBehalfOf', 'confirm', 'id', 'all', '__proto__', 'constructor'),
    ),
    fc.oneof(
      json,
      fc.constantFrom(ISS, 'cutoff', 'block', 'account_blocked', '2026-03-14T12:00:00Z', 1_773_489_600),
      fc.dictionary(fc.oneof(claimName, fc.constantFrom('jti', 'sid', 'kid', 'sub')), fc.oneof(json, fc.array(json))),
    ),
    { noNullPrototype: true },
  ),
)

describe('fuzz', () => {
  it('decodeFrame refuses any bytes with a RescindError and nothing else', (t) => {
    const property = fc.property(
      bytesLike(encodeFrame({ frameId: ID, epoch: ID, publisher: 'p', facts: FACTS })),
      (bytes) => {
        peekFrameId(bytes)
        try {
          decodeFrame(bytes)
        } catch (error) {
          assert.ok(isRescindError(error) && error.code.startsWith('ERR_FRAME_'), String(error))
        }
      },
    )
    checkSeeded(t, property, 2_000)
  })

  it('decodeSnapshot refuses any bytes with a RescindError and nothing else', (t) => {
    const stated = {
      deployment: 'd',
      cursor: { epoch: 'e', seq: 1, frameId: ID },
      newestAtMs: T,
      takenAtMs: T,
      entries: 1,
    }
    const { bytes: right } = encodeSnapshot(stated, Buffer.from('image'))
    const property = fc.property(bytesLike(right), (bytes) => {
      try {
        decodeSnapshot(bytes)
      } catch (error) {
        assert.ok(isRescindError(error) && error.code.startsWith('ERR_SNAPSHOT_'), String(error))
      }
    })
    checkSeeded(t, property, 2_000)
  })

  it('parseRevocation never throws, and what it accepts can be written and read', (t) => {
    let accepted = 0
    const property = fc.property(bodies, (body) => {
      const parsed = parseRevocation(body, CONTEXT)
      if (parsed.ok) {
        accepted += 1
        const revocation = revocationFrom(parsed.value, { id: 'r1', actor: 'a', atMs: T })
        const bytes = encodeFrame({ frameId: ID, epoch: ID, publisher: 'p', facts: [revocation] })
        assert.deepEqual(decodeFrame(bytes).facts, [JSON.parse(JSON.stringify(revocation))])
      } else assert.ok(parsed.mistakes.length > 0)
    })
    checkSeeded(t, property, 2_000)
    t.diagnostic(`${accepted} accepted`)
    assert.ok(accepted > 100, `only ${accepted} accepted`)
  })

  it('parseLift never throws, and what it accepts can be written and read', (t) => {
    const property = fc.property(bodies, (body) => {
      const parsed = parseLift(body, CONTEXT)
      if (parsed.ok && 'id' in parsed.value) assert.equal(typeof parsed.value.all, 'boolean')
      else if (parsed.ok) {
        const lift = liftFrom(parsed.value as LiftDraft, { id: 'l1', actor: 'a', atMs: T, knownExpiresAtMs: undefined })
        decodeFrame(encodeFrame({ frameId: ID, epoch: ID, publisher: 'p', facts: [lift] }))
      } else assert.ok(parsed.mistakes.length > 0)
    })
    checkSeeded(t, property, 2_000)
  })

  it('R21: the reference matcher answers whatever the claims, and for whatever stands in the place of a token', (t) => {
    const facts = fc.array(fact, { maxLength: 4 }).map((some) => some.map((one) => ({ ...one, iss: ISS })))
    const tokens = fc.oneof(
      fc.record({ payload: bodies, protectedHeader: json }, { requiredKeys: [] }),
      fc.record({ payload: fc.object({ maxDepth: 2 }), protectedHeader: fc.anything() }),
      json,
      fc.constant(undefined),
    )
    const property = fc.property(facts, tokens, (some, token) => {
      const context = { nowMs: T, issuer: ISS }
      assert.match(referenceCheck(some, token as never, context).kind, /^(active|revoked|unknown)$/)
    })
    checkSeeded(t, property, 2_000)
  })

  it('R1: matches read from a frame have encodings, and equal ones stay equal', (t) => {
    const property = fc.property(fact, (one) => {
      if (one.kind === 'issuer') return
      const [read] = decodeFrame(encodeFrame({ frameId: ID, epoch: ID, publisher: 'p', facts: [one] })).facts
      assert.ok(read && read.kind !== 'issuer')
      assert.equal(encodeMatch(read.iss, read.match), encodeMatch(one.iss, one.match))
    })
    checkSeeded(t, property, 1_000)
  })
})
