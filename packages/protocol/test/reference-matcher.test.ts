import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fact, Match, VerifiedToken } from '@rescind/protocol'
import { answer, NOW } from './answering.ts'
import { at, HOUR, ISS, ISSUER, lift, MINUTE, revocation, SECOND, T, token } from './samples.ts'

/** Does the block of this match revoke a token with these claims? */
const blocks = (match: Match, claims: Record<string, unknown>) =>
  answer([revocation(match, 'block')], token(claims)) === 'revoked'

describe('does this token match?', () => {
  it('R1: values are compared exactly, their type included', () => {
    const values = ['42', 42, true, 'true', 1, '1', 'ann', 'Ann', 'ann ', 'é', 'e\u0301', '', 0, false]
    for (const one of values)
      for (const other of values) assert.equal(blocks({ sub: one }, { sub: other }), one === other)
    assert.equal(blocks({ n: 0 }, { n: -0 }), true)
    assert.equal(blocks({ n: 42 }, { n: 42.0 }), true)
  })

  it('R1: the issuer is compared exactly', () => {
    const facts = [revocation({ sub: 'ann' }, 'block')]
    for (const iss of [`${ISS}/`, ISS.toUpperCase(), ` ${ISS}`, '']) {
      assert.equal(answer(facts, token({ iss, sub: 'ann' })), 'unmanaged_issuer')
    }
  })

  it('R1: an ill-formed string in a claim matches nothing', () => {
    assert.equal(blocks({ sub: '\ufffd' }, { sub: '\ud800' }), false)
    assert.equal(blocks({ sub: 'a\ufffd' }, { sub: 'a\udc00' }), false)
  })

  it('R1: __proto__ and constructor are values like any other, and inherited names are no claims', () => {
    assert.equal(blocks({ sub: '__proto__' }, { sub: '__proto__' }), true)
    assert.equal(blocks({ constructor: 'x' }, { sub: 'ann' }), false)
    assert.equal(blocks({ constructor: 'x' }, { constructor: 'x' }), true)
  })

  it('R2: all claims must match, and an array matches by an element', () => {
    assert.equal(blocks({ sub: 'ann', aud: 'api' }, { sub: 'ann', aud: ['web', 'api'] }), true)
    assert.equal(blocks({ sub: 'ann', aud: 'api' }, { sub: 'ann', aud: ['web'] }), false)
    assert.equal(blocks({ sub: 'ann', aud: 'api' }, { aud: 'api' }), false)
    assert.equal(blocks({ aud: 'api' }, { aud: [['api']] }), false)
    assert.equal(blocks({}, {}), true)
  })

  it('R2: beyond 32 elements the answer is unknown, unless one of the first 32 matches', () => {
    const audience = (length: number) => Array.from({ length }, (_, i) => `a${i}`)
    const facts = [revocation({ aud: 'a31' }, 'block')]
    assert.equal(answer(facts, token({ aud: audience(32) })), 'revoked')
    assert.equal(answer(facts, token({ aud: audience(31) })), 'active')
    assert.equal(answer(facts, token({ aud: audience(33) })), 'revoked')
    assert.equal(answer([revocation({ aud: 'a32' }, 'block')], token({ aud: audience(33) })), 'bounds')
    assert.equal(answer([revocation({ aud: 'x', sub: 'ann' }, 'block')], token({ aud: audience(33) })), 'active')
    assert.equal(answer([revocation({ sub: 'ann' }, 'block')], token({ aud: audience(33) })), 'active')
    assert.equal(answer([], token({ aud: audience(1_000) })), 'active')
  })

  it('R2: beyond 64 combinations the answer is unknown, unless one of the first 64 matches', () => {
    const eight = Array.from({ length: 8 }, (_, i) => i)
    const nine = [...eight, 8]
    const facts = [revocation({ a: 7, b: 7 }, 'block')]
    assert.equal(answer(facts, token({ a: eight, b: eight })), 'revoked')
    assert.equal(answer(facts, token({ a: eight.slice(1, 7), b: eight })), 'active')
    assert.equal(answer(facts, token({ a: nine, b: eight })), 'revoked')
    assert.equal(answer(facts, token({ a: eight, b: nine })), 'bounds')
    assert.equal(answer(facts, token({ a: [...eight, ...eight], b: eight })), 'revoked')
    assert.equal(answer([revocation({ a: 8, b: 9 }, 'block')], token({ a: [...eight, ...eight], b: eight })), 'active')
  })

  it('R2: eight arrays of 32 are bounded in time and memory', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const all = Array.from({ length: 32 }, (_, i) => i)
    const claims = Object.fromEntries(names.map((name) => [name, all]))
    const match = (value: number) => Object.fromEntries(names.map((name) => [name, value]))
    assert.equal(answer([revocation(match(31), 'block')], token(claims)), 'bounds')
    assert.equal(answer([revocation(match(0), 'block')], token(claims)), 'revoked')
  })

  it('R2: a claim of another type, or longer than a match may hold, does not match and is within bounds', () => {
    for (const sub of [null, {}, 0.5, 'x'.repeat(1_000_000), Number.NaN, [[]], undefined]) {
      assert.equal(answer([revocation({ sub: 'ann' }, 'block')], token({ sub })), 'active')
    }
  })

  it('R4: an iat in the same second is revoked, one in the next is not', () => {
    const facts = [revocation({ sub: 'ann' }, 'cutoff', { issuedBeforeMs: T })]
    const answers: [number, string][] = [
      [at('11:59:59'), 'revoked'],
      [at('12:00:00'), 'revoked'],
      [at('12:00:01'), 'active'],
      [at('12:00:00.4'), 'revoked'],
      [at('12:00:00.401'), 'active'],
    ]
    for (const [iat, expected] of answers) assert.equal(answer(facts, token({ sub: 'ann', iat })), expected, `${iat}`)
  })

  it('R4: a cutoff at a whole second reaches that second and not the one before it only', () => {
    const facts = [revocation({ sub: 'ann' }, 'cutoff', { issuedBeforeMs: at('12:00') * SECOND })]
    assert.equal(answer(facts, token({ sub: 'ann', iat: at('12:00') })), 'revoked')
    assert.equal(answer(facts, token({ sub: 'ann', iat: at('12:00:01') })), 'active')
    assert.equal(
      answer(
        [{ ...facts[0], issuedBeforeMs: at('12:00') * SECOND - 1 } as Fact],
        token({ sub: 'ann', iat: at('12:00') }),
      ),
      'active',
    )
  })

  it('R4: no leeway enters the comparison, on either side', () => {
    const generous = { ...ISSUER, leewayMs: 600_000, clockSkewMs: 60_000, atMs: T }
    const facts = [generous, revocation({ sub: 'ann' }, 'cutoff', { issuedBeforeMs: T })]
    assert.equal(answer(facts, token({ sub: 'ann', iat: at('12:00:01') })), 'active')
    assert.equal(answer(facts, token({ sub: 'ann', iat: at('12:00:00') })), 'revoked')
  })

  it('R5: a cutoff revokes a token without a usable iat, a block does not look at it', () => {
    for (const iat of [undefined, null, '1', {}, Number.NaN, Infinity, [at('12:30')]]) {
      const seen = { ...token({ sub: 'ann' }), payload: { iss: ISS, sub: 'ann', iat, exp: at('13:00') } }
      assert.equal(answer([revocation({ sub: 'ann' }, 'cutoff')], seen), 'revoked')
      assert.equal(answer([revocation({ sub: 'ann' }, 'block')], seen), 'revoked')
      assert.equal(answer([revocation({ sub: 'bob' }, 'cutoff')], seen), 'outlives_facts')
    }
    assert.equal(answer([revocation({ sub: 'ann' }, 'block')], token({ sub: 'ann', iat: at('12:09') })), 'revoked')
  })

  it('R5: a key is looked for in the header, and nowhere else', () => {
    const facts = [revocation({ kid: 'k1' }, 'block')]
    assert.equal(answer(facts, token({}, { kid: 'k1' })), 'revoked')
    assert.equal(answer(facts, token({}, { kid: 'k2' })), 'active')
    assert.equal(answer(facts, token({ kid: 'k1' }, { kid: 'k2' })), 'active')
    assert.equal(answer(facts, token({}, { kid: 'x'.repeat(1_000_000) })), 'active')
  })

  it('R5: a header without a string kid matches every revoked key of its issuer', () => {
    const facts = [revocation({ kid: 'k1' }, 'block')]
    for (const header of [{}, { alg: 'ES256' }, { kid: 7 }, { kid: null }, { kid: ['k2'] }]) {
      assert.equal(answer(facts, token({}, header)), 'revoked')
    }
    const elsewhere = [revocation({ kid: 'k1' }, 'block', { iss: 'https://other.example' })]
    assert.equal(answer(elsewhere, token({}, {})), 'active')
    assert.equal(answer([...facts, lift({ kid: 'k1' }, 'block', T + 1)], token({}, {})), 'active')
    assert.equal(answer(facts, token({}, {}), { nowMs: facts[0]?.expiresAtMs ?? 0 }), 'active')
  })

  it('R5: without any header the answer is unknown while a key is revoked, and only then', () => {
    const bare = { payload: token({}).payload }
    assert.equal(answer([revocation({ kid: 'k1' }, 'block')], bare), 'no_header')
    assert.equal(answer([revocation({ kid: 'k1' }, 'block'), lift({ kid: 'k1' }, 'block', T + 1)], bare), 'active')
    assert.equal(answer([revocation({ sub: 'ann' }, 'block')], bare), 'active')
    assert.equal(answer([revocation({ kid: 'k1' }, 'block'), revocation({}, 'block')], bare), 'revoked')
  })

  it('R6: one fact that revokes is enough; no other fact takes it back', () => {
    const reaching = revocation({}, 'cutoff')
    const older = { issuedBeforeMs: at('11:00') * SECOND, expiresAtMs: NOW + HOUR }
    const others = [
      revocation({ sub: 'ann' }, 'cutoff', { ...older, atMs: T + 2 * MINUTE }),
      revocation({ sub: 'ann' }, 'cutoff', { except: { sid: ['s1'] }, atMs: T + 2 * MINUTE }),
      revocation({ sub: 'ann' }, 'block', { iss: 'https://other.example' }),
      lift({ sub: 'ann' }, 'cutoff', T + MINUTE),
      lift({}, 'block', T + MINUTE),
    ]
    const seen = token({ sub: 'ann', sid: 's1', iat: at('11:30') })
    assert.equal(answer(others, seen), 'active')
    for (const facts of [
      [reaching, ...others],
      [...others, reaching],
    ]) {
      assert.equal(answer(facts, seen), 'revoked')
    }
  })

  it('R7: an exception belongs to its own fact', () => {
    const excepting = revocation({ sub: 'ann' }, 'cutoff', { except: { sid: ['s1', 7], jti: ['j1'] } })
    for (const spared of [{ sid: 's1' }, { sid: 7 }, { jti: 'j1' }, { sid: 's2', jti: 'j1' }]) {
      assert.equal(answer([excepting], token({ sub: 'ann', ...spared })), 'active')
      assert.equal(
        answer([excepting, revocation({ sub: 'ann' }, 'cutoff')], token({ sub: 'ann', ...spared })),
        'revoked',
      )
      assert.equal(answer([excepting, revocation({}, 'cutoff')], token({ sub: 'ann', ...spared })), 'revoked')
    }
    for (const other of [
      {},
      { sid: 's2' },
      { sid: '7' },
      { sid: 'j1' },
      { jti: 's1' },
      { sid: ['s1'] },
      { sid: null },
    ]) {
      assert.equal(answer([excepting], token({ sub: 'ann', ...other })), 'revoked')
    }
  })

  it('R8: the answer depends on the verified payload and header, and nothing else is read', () => {
    const read = new Set<string | symbol>()
    const watch = (seen: object) =>
      new Proxy(seen, {
        get: (target, name) => {
          read.add(name)
          return Reflect.get(target, name)
        },
      }) as VerifiedToken
    const facts = [revocation({ jti: 'j1' }, 'block')]
    const two = ['eyJh.eyJq.c2ln', 'eyJh.eyJq.c2lo'].map((jwt) => ({
      ...token({ jti: 'j1' }),
      token: jwt,
      signature: jwt,
    }))
    for (const seen of two) assert.equal(answer(facts, watch(seen)), 'revoked')
    for (const seen of two) assert.equal(answer([revocation({ jti: 'j2' }, 'block')], watch(seen)), 'active')
    assert.deepEqual(
      [...read].filter((name) => name !== 'payload' && name !== 'protectedHeader'),
      [],
    )
  })
})
