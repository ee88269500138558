import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Fact,
  type Issuer,
  isLifted,
  joinIssuers,
  newestIssuer,
  referenceCheck,
  UNKNOWN_CAUSES,
  type VerifiedToken,
} from '@rescind/protocol'
import fc from 'fast-check'
import { answer, NOW } from './answering.ts'
import { at, HOUR, ISS, ISSUER, lift, revocation, SECOND, T, token } from './samples.ts'
import { checkSeeded } from './seeded.ts'

describe('order, age and loss', () => {
  it('R9: order and repetition do not change the answer', (t) => {
    const sub = fc.constantFrom('ann', 'bob')
    const time = fc.integer({ min: 0, max: 5 }).map((seconds) => T + seconds * SECOND)
    const mode = fc.constantFrom('cutoff', 'block')
    const facts = fc.oneof(
      fc
        .tuple(sub, mode, time, fc.boolean())
        .map(([who, how, atMs, spare]) =>
          revocation({ sub: who }, how, { atMs, ...(spare ? { except: { sid: ['s1'] } } : {}) }),
        ),
      fc.tuple(sub, mode, time).map(([who, how, atMs]) => lift({ sub: who }, how, atMs)),
      fc
        .tuple(time, fc.integer({ min: 0, max: 3 }))
        .map(([atMs, n]): Fact => ({ ...ISSUER, atMs, maxExpiryMs: n * HOUR })),
    )
    const histories = fc
      .array(facts, { maxLength: 8 })
      .chain((some) =>
        fc.tuple(fc.constant(some), fc.shuffledSubarray([...some, ...some], { minLength: some.length * 2 })),
      )
    const tokens = fc.tuple(sub, fc.constantFrom('s1', 's2'), fc.integer({ min: -2, max: 6 }))
    const property = fc.property(histories, tokens, ([some, shuffled], [who, sid, iat]) => {
      const seen = token({ sub: who, sid, iat: Math.floor(T / SECOND) + iat })
      assert.equal(answer(shuffled, seen), answer(some, seen))
    })
    checkSeeded(t, property, 5_000)
  })

  it('R9: of two Issuer facts the newer counts, and of two with one time the larger values', (t) => {
    const issuers = fc.record(
      {
        kind: fc.constant('issuer' as const),
        iss: fc.constant(ISS),
        maxExpiryMs: fc.nat(3),
        maxSessionMs: fc.nat(3),
        clockSkewMs: fc.nat(3),
        leewayMs: fc.nat(3),
        atMs: fc.nat(2),
      },
      { noNullPrototype: true },
    )
    const property = fc.property(issuers, issuers, issuers, (a: Issuer, b: Issuer, c: Issuer) => {
      const joined = joinIssuers(joinIssuers(a, b), c)
      assert.deepEqual(joined, joinIssuers(a, joinIssuers(b, c)))
      assert.deepEqual(joined, joinIssuers(c, joinIssuers(b, a)))
      assert.deepEqual(joinIssuers(a, a), a)
      assert.deepEqual(newestIssuer([b, c, a, b], ISS), joined)
      assert.equal(newestIssuer([a, b, c], `${ISS}/`), undefined)
    })
    checkSeeded(t, property, 2_000)
    const newer = { ...ISSUER, atMs: T, maxExpiryMs: 2 * HOUR, leewayMs: 0 }
    assert.deepEqual(joinIssuers(ISSUER, newer), newer)
    assert.deepEqual(joinIssuers(newer, { ...newer, maxExpiryMs: HOUR, leewayMs: 7 }), { ...newer, leewayMs: 7 })
  })

  it('R10: a lift removes what is older than itself, and on a tie the revocation wins', () => {
    const block = revocation({ sub: 'ann' }, 'block')
    for (const [atMs, expected] of [
      [T - 1, 'revoked'],
      [T, 'revoked'],
      [T + 1, 'active'],
    ] as const) {
      const facts = [block, lift({ sub: 'ann' }, 'block', atMs)]
      assert.equal(answer(facts, token({ sub: 'ann' })), expected)
      assert.equal(answer(facts.reverse(), token({ sub: 'ann' })), expected)
      assert.equal(isLifted(block, facts), expected === 'active')
    }
    const again = revocation({ sub: 'ann' }, 'block', { atMs: T + 2 })
    assert.equal(answer([block, lift({ sub: 'ann' }, 'block', T + 1), again], token({ sub: 'ann' })), 'revoked')
  })

  it('R10: a lift reaches exactly its issuer, match and mode', () => {
    const block = revocation({ sub: 'ann' }, 'block')
    const others = [
      lift({ sub: 'ann' }, 'cutoff', T + 1),
      lift({ sub: 'bob' }, 'block', T + 1),
      lift({}, 'block', T + 1),
      lift({ sub: 'ann', client_id: 'app' }, 'block', T + 1),
      lift({ sub: 'ann' }, 'block', T + 1, { iss: `${ISS}/` }),
    ]
    for (const other of others) assert.equal(answer([block, other], token({ sub: 'ann', client_id: 'app' })), 'revoked')
  })

  it('R13: a fact counts while the clock is below its expiry, and not from then on', () => {
    const block = revocation({ sub: 'ann' }, 'block')
    assert.equal(answer([block], token({ sub: 'ann' }), { nowMs: block.expiresAtMs - 1 }), 'revoked')
    assert.equal(answer([block], token({ sub: 'ann' }), { nowMs: block.expiresAtMs }), 'active')
  })
})

describe('the answer', () => {
  it('R17: a token that may outlive the facts is unknown, but a fact that matches still revokes', () => {
    const long = token({ sub: 'ann', exp: at('11:30') + 3_601 })
    assert.equal(answer([], long), 'outlives_facts')
    assert.equal(answer([revocation({ sub: 'ann' }, 'block')], long), 'revoked')
    assert.equal(answer([], token({ sub: 'ann', exp: at('11:30') + 3_600 })), 'active')
    for (const claims of [{ exp: undefined }, { exp: '1' }, { exp: Infinity }, { exp: null }]) {
      assert.equal(answer([], token({ sub: 'ann', ...claims })), 'outlives_facts')
    }
    assert.equal(answer([], { payload: { iss: ISS, exp: at('12:30') } }), 'outlives_facts')
    assert.equal(answer([{ ...ISSUER, maxExpiryMs: 2 * HOUR, atMs: T }], long), 'active')
  })

  it('R17: an issuer without an Issuer fact has no maxExpiry to outlive', () => {
    const elsewhere = token({ iss: 'https://other.example', exp: undefined })
    assert.equal(answer([], elsewhere, { unmanagedIssuers: new Set(['https://other.example']) }), 'active')
    assert.equal(answer([], elsewhere), 'unmanaged_issuer')
  })

  it('R18: names reason, mode and claims of a fact that revokes, and never its id', () => {
    const facts = [ISSUER, revocation({ sub: 'ann', client_id: 'app' }, 'block', { reason: 'account_blocked' })]
    assert.deepEqual(referenceCheck(facts, token({ sub: 'ann', client_id: 'app' }), { nowMs: NOW }), {
      kind: 'revoked',
      reason: 'account_blocked',
      mode: 'block',
      claims: ['client_id', 'sub'],
    })
  })

  it('R18: the causes stand in their order', () => {
    assert.deepEqual(UNKNOWN_CAUSES, [
      'starting',
      'stale',
      'closed',
      'no_issuer',
      'unmanaged_issuer',
      'outlives_facts',
      'no_header',
      'bounds',
      'poison_frame',
      'full',
    ])
  })

  it('R18: of several causes the first in the list is named', () => {
    const claims = { iss: ISS, iat: at('11:30'), exp: at('23:00'), aud: Array.from({ length: 33 }, (_, i) => i) }
    const facts = [revocation({ kid: 'k1' }, 'block'), revocation({ aud: 'x' }, 'block')]
    const verdict = (some: readonly Fact[], seen: VerifiedToken) => referenceCheck(some, seen, { nowMs: NOW })
    const short = { ...claims, exp: at('12:00') }
    const named: [readonly Fact[], VerifiedToken, string][] = [
      [[ISSUER, ...facts], { payload: { ...claims, iss: undefined } }, 'no_issuer'],
      [facts, { payload: claims }, 'unmanaged_issuer'],
      [[ISSUER, ...facts], { payload: claims }, 'outlives_facts'],
      [[ISSUER, ...facts], { payload: short }, 'no_header'],
      [[ISSUER, ...facts], { payload: short, protectedHeader: { kid: 'k2' } }, 'bounds'],
    ]
    for (const [some, seen, cause] of named) assert.deepEqual(verdict(some, seen), { kind: 'unknown', cause })
  })

  it('R18: an issuer that is missing is taken from the option, one that is unmanaged may be allowed by name', () => {
    const nameless = token({ iss: undefined })
    assert.equal(answer([], nameless), 'no_issuer')
    assert.equal(answer([], nameless, { issuer: ISS }), 'active')
    assert.equal(answer([revocation({}, 'block')], nameless, { issuer: ISS }), 'revoked')
    const allowed = { unmanagedIssuers: new Set(['https://other.example']) }
    assert.equal(answer([], token({ iss: 'https://other.example' }), allowed), 'active')
    assert.equal(answer([], token({ iss: 'https://other.example/' }), allowed), 'unmanaged_issuer')
  })

  it('R18: revoked stands whatever else is not known', () => {
    const facts = [revocation({ sub: 'ann' }, 'block'), revocation({ kid: 'k1' }, 'block')]
    const payload = { iss: ISS, sub: 'ann' }
    assert.equal(referenceCheck(facts, { payload }, { nowMs: NOW }).kind, 'revoked')
  })

  it('R21: is total, whatever the claims', () => {
    const facts = [
      revocation({ sub: 'ann' }, 'cutoff'),
      revocation({ jti: 7 }, 'block'),
      revocation({ kid: 'k' }, 'block'),
    ]
    const claims = [
      { sub: '__proto__' },
      { jti: 8 },
      { sub: 'x'.repeat(1_000_000) },
      { sub: [] },
      { sub: null, jti: null, iat: null, exp: null },
      JSON.parse('{"__proto__":{"sub":"ann"}}'),
    ]
    for (const some of claims) assert.match(answer(facts, token(some)), /^(active|outlives_facts)$/)
    for (const seen of [
      null,
      undefined,
      {},
      { payload: null },
      { payload: 'ann' },
      { payload: [], protectedHeader: 7 },
    ]) {
      assert.equal(answer(facts, seen as never), 'no_issuer')
    }
  })
})
