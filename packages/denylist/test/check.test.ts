import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, limits, type Verdict, type VerifiedToken } from '@rescind/protocol'
import { createDenylist } from '../src/index.ts'
import { HOUR, ISS, issuer, lift, MINUTE, revocation, SECOND, T, T_SECONDS, token } from './facts.ts'

const NOW = { nowMs: T + SECOND }

function holding(...facts: readonly Fact[]) {
  const denylist = createDenylist()
  for (const fact of facts) denylist.apply(fact)
  return denylist
}

function answer(verdict: Verdict): string {
  return verdict.kind === 'unknown' ? verdict.cause : verdict.kind
}

test('R18: a verdict names reason, mode and claims of the fact that revokes', () => {
  const denylist = holding(revocation({ match: { sub: 'ann', client_id: 'app' }, reason: 'password_changed' }))
  assert.deepEqual(denylist.check(token({ client_id: 'app' }), NOW), {
    kind: 'revoked',
    reason: 'password_changed',
    mode: 'cutoff',
    claims: ['client_id', 'sub'],
  })
})

test('R1: issuer and values are compared exactly', () => {
  const denylist = holding(issuer(), revocation({ match: { sub: '42' } }))
  assert.equal(answer(denylist.check(token({ sub: '42' }), NOW)), 'revoked')
  for (const sub of [42, ' 42', '42 ', '４２', true, ['4', '2']]) {
    assert.equal(answer(denylist.check(token({ sub }), NOW)), 'active', JSON.stringify(sub))
  }
})

test('R4: an iat in the same second is revoked, the next one is not, and a fraction counts in milliseconds', () => {
  const denylist = holding(issuer(), revocation())
  const answers = [-0.001, 0, 0.4, 0.401, 0.9, 1].map((after) => {
    const iat = Math.round((T_SECONDS + after) * 1_000) / 1_000
    return answer(denylist.check(token({ iat }), NOW))
  })
  assert.deepEqual(answers, ['revoked', 'revoked', 'revoked', 'active', 'active', 'active'])
})

test('R5: a token without a usable iat is cut off; a block does not look at it', () => {
  for (const iat of [undefined, 'soon', Number.NaN, Number.POSITIVE_INFINITY, null]) {
    assert.equal(answer(holding(revocation()).check(token({ iat }), NOW)), 'revoked', String(iat))
  }
  const blocked = holding(revocation({ mode: 'block' }))
  assert.equal(answer(blocked.check(token({ iat: T_SECONDS + 9_999 }), NOW)), 'revoked')
})

test('R5: a revoked key reaches its tokens, those that name no key, and leaves other keys alone', () => {
  const denylist = holding(issuer(), revocation({ match: { kid: 'k1' }, mode: 'block', reason: 'key_compromised' }))
  assert.equal(answer(denylist.check(token({}, { kid: 'k1' }), NOW)), 'revoked')
  assert.equal(answer(denylist.check(token({}, { kid: 7 }), NOW)), 'revoked')
  assert.equal(answer(denylist.check(token({}, { kid: 'k2' }), NOW)), 'active')
  assert.equal(answer(denylist.check(token({}, { kid: 'k1'.repeat(9_999) }), NOW)), 'active')
  assert.equal(answer(denylist.check(token({ kid: 'k1' }, { kid: 'k2' }), NOW)), 'active', 'a claim is no header')
})

test('R5: without a header we do not know, until the last revoked key expires or is lifted', () => {
  const facts = [
    revocation({ match: { kid: 'k1' }, mode: 'block' }),
    revocation({ match: { kid: 'k2' }, mode: 'block' }),
  ]
  const denylist = holding(issuer(), ...facts)
  const headless = { payload: token({ iat: T_SECONDS, exp: T_SECONDS + 60 }).payload }
  assert.equal(answer(denylist.check(headless, NOW)), 'no_header')
  assert.equal(answer(denylist.check(headless, { nowMs: T + HOUR + MINUTE })), 'active', 'expired, though not swept')
  for (const { match } of facts) denylist.apply(lift({ match, mode: 'block' }))
  assert.equal(answer(denylist.check(headless, NOW)), 'active', 'lifted')
})

test('R2: beyond a bound of a claim that a live shape names we do not know', () => {
  const aud = Array.from({ length: 33 }, (_, i) => `aud ${i}`)
  assert.equal(answer(holding(issuer()).check(token({ aud }), NOW)), 'active', 'no shape names it')
  const denylist = holding(issuer(), revocation({ match: { aud: 'aud 32' } }))
  assert.equal(answer(denylist.check(token({ aud }), NOW)), 'bounds')
  assert.equal(answer(denylist.check(token({ aud: aud.toReversed() }), NOW)), 'revoked')
  assert.equal(answer(denylist.check(token({ aud: aud.slice(0, 32) }), NOW)), 'active')
  assert.equal(answer(denylist.check(token({ aud }), { nowMs: T + 2 * HOUR })), 'active', 'expired, though not swept')
  denylist.apply(lift({ match: { aud: 'aud 32' } }))
  assert.equal(answer(denylist.check(token({ aud }), NOW)), 'active', 'lifted')
})

test('R18: of several causes the first in the list is named', () => {
  const aud = Array.from({ length: 33 }, (_, i) => i)
  const shapes = [revocation({ match: { aud: 'x' } }), revocation({ match: { kid: 'k' }, mode: 'block' })]
  const tooLong = { payload: { iss: ISS, aud, iat: T_SECONDS, exp: T_SECONDS + 3_601 } }
  const inTime = { payload: { iss: ISS, aud, iat: T_SECONDS, exp: T_SECONDS + 3_600 } }
  assert.equal(answer(holding(...shapes).check({ payload: { aud } }, NOW)), 'no_issuer')
  assert.equal(answer(holding(...shapes).check(tooLong, NOW)), 'unmanaged_issuer')
  assert.equal(answer(holding(issuer(), ...shapes).check(tooLong, NOW)), 'outlives_facts')
  assert.equal(answer(holding(issuer(), ...shapes).check(inTime, NOW)), 'no_header')
  assert.equal(answer(holding(issuer(), ...shapes).check({ ...inTime, protectedHeader: { kid: 'x' } }, NOW)), 'bounds')
})

test('R17: a token that outlives the facts is unknown, unless a fact revokes it', () => {
  const claims = { iat: T_SECONDS + 2, exp: T_SECONDS + 2 + 3_601 }
  const denylist = holding(issuer(), revocation({ match: { sub: 'bob' } }))
  assert.equal(answer(denylist.check(token(claims), NOW)), 'outlives_facts')
  assert.equal(answer(denylist.check(token({ ...claims, exp: undefined }), NOW)), 'outlives_facts')
  assert.equal(answer(denylist.check(token({ ...claims, exp: claims.exp - 1 }), NOW)), 'active')
  assert.equal(answer(denylist.check(token({ sub: 'bob', exp: 2 ** 40 }), NOW)), 'revoked')
})

test('R18: the issuer is the token’s own, else the option, and needs an Issuer fact or a word from the application', () => {
  const denylist = holding(issuer())
  const anonymous = { payload: { iat: T_SECONDS, exp: T_SECONDS + 60 } }
  assert.equal(answer(denylist.check(anonymous, NOW)), 'no_issuer')
  assert.equal(answer(denylist.check(anonymous, { ...NOW, issuer: ISS })), 'active')
  assert.equal(answer(denylist.check(anonymous, { ...NOW, issuer: 'other' })), 'unmanaged_issuer')
  assert.equal(
    answer(denylist.check(anonymous, { ...NOW, issuer: 'other', unmanagedIssuers: new Set(['other']) })),
    'active',
  )
})

/** What a caller in plain JavaScript, or one who means ill, may pass as claims. */
function hostilePayloads(): unknown[] {
  const trap = new Proxy({}, { get: boom, has: boom, getOwnPropertyDescriptor: boom, ownKeys: boom })
  const getter = { iss: ISS }
  Object.defineProperty(getter, 'sub', { get: boom, enumerable: true })
  const cyclic: Record<string, unknown> = { iss: ISS }
  cyclic.sub = cyclic
  const elements = new Proxy(['ann'], { get: (list, name) => (name === 'slice' ? boom() : Reflect.get(list, name)) })
  return [
    ...[undefined, null, 0, 42n, 'text', Symbol('s'), () => {}, [], [ISS], new Map(), trap, getter, cyclic],
    ...[{ iss: { toString: boom } }, { iss: ISS, sub: { toJSON: boom, toString: boom, valueOf: boom } }],
    ...[
      { iss: ISS, sub: elements },
      { iss: ISS, sub: 'x'.repeat(2 ** 20) },
      { iss: 'x'.repeat(2 ** 20), sub: 1n },
    ],
    ...['__proto__', 'constructor', '\ud800', 7, ['__proto__'], [[['ann']]]].map((sub) => ({
      iss: ISS,
      sub,
      jti: sub,
    })),
    Object.assign(Object.create(null), { iss: ISS, sub: 'x', iat: {}, exp: 'never' }),
    JSON.parse(`{"__proto__":{"iss":"${ISS}","sub":"ann"},"iss":"${ISS}"}`),
    { iss: ISS, sub: new Array(2 ** 32 - 1) },
  ]
}

function boom(): never {
  throw new Error('hostile')
}

test('R5, R2: without a kid, thousands of keys that expired unswept are not all looked at', () => {
  const denylist = createDenylist()
  denylist.apply(issuer())
  for (let n = 0; n < limits.SLICE_ENTRIES + 1; n += 1) {
    denylist.apply(revocation({ match: { kid: `k${n}` }, mode: 'block', expiresAtMs: T + 1_000 }))
  }
  const later = { nowMs: T + 2_000 }
  assert.deepEqual(denylist.check(token({}, {}), later), { kind: 'active' }, 'all have expired')
  denylist.apply(revocation({ match: { kid: 'last' }, mode: 'block', expiresAtMs: T + 5_000 }))
  assert.deepEqual(denylist.check(token({}, {}), later), { kind: 'unknown', cause: 'bounds' })
  assert.equal(denylist.check(token({}, { kid: 'last' }), later).kind, 'revoked')
})

test('R21: a check answers whatever the claims, and never that they are active when they cannot be read', () => {
  const denylist = holding(issuer(), revocation(), revocation({ match: { jti: '__proto__' }, mode: 'block' }))
  denylist.apply(revocation({ match: { kid: 'k1' }, mode: 'block' }))
  const header = new Proxy({}, { getOwnPropertyDescriptor: boom })
  for (const payload of hostilePayloads()) {
    for (const protectedHeader of [undefined, null, {}, 'text', header]) {
      const verdict = denylist.check({ payload, protectedHeader } as unknown as VerifiedToken, NOW)
      assert.ok(['revoked', 'unknown'].includes(verdict.kind), `${typeof payload}: ${verdict.kind}`)
    }
  }
  for (const nothing of [undefined, null, 7, 'token']) {
    assert.equal(answer(denylist.check(nothing as unknown as VerifiedToken, NOW)), 'no_issuer')
  }
  const byName = denylist.check(token({ jti: '__proto__', sub: 'x' }), NOW)
  assert.equal(byName.kind, 'revoked', 'as a value __proto__ is ordinary')
})
