import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, limits } from '@rescind/protocol'
import { createDenylist } from '../src/index.ts'
import { digestOf, drain, imageOf, issuer, joinAll, lift, revocation, T } from './facts.ts'

function digestAfter(facts: readonly Fact[], asOfMs = T): string {
  const denylist = createDenylist()
  for (const fact of facts) denylist.apply(fact)
  return digestOf(denylist, asOfMs)
}

const FACTS: readonly Fact[] = [
  revocation(),
  revocation({ atMs: T + 2, issuedBeforeMs: T - 1 }),
  revocation({ mode: 'block' }),
  revocation({ match: { sub: 'bob' }, except: { jti: ['a', 'b'] } }),
  lift({ atMs: T + 1, match: { sub: 'bob' }, mode: 'block' }),
  lift({ atMs: T - 1 }),
]

test('the digest is 16 hexadecimal digits, and of nothing it is zero', () => {
  assert.equal(digestAfter([]), '0'.repeat(16))
  assert.equal(digestAfter([issuer()]), '0'.repeat(16), 'Issuer facts are no entries')
  assert.match(digestAfter(FACTS), /^[0-9a-f]{16}$/)
})

test('R9: any order and repetition of the same facts has one digest', () => {
  const digest = digestAfter(FACTS)
  assert.equal(digestAfter(FACTS.toReversed()), digest)
  assert.equal(digestAfter([...FACTS, ...FACTS]), digest)
})

test('every field that counts changes the digest; ids, actors and notes do not', () => {
  const changed: Fact[] = [
    ...[{ iss: 'x' }, { match: { sub: 'an' } }, { match: { su: 'bann' } }, { match: {} }].map(revocation),
    ...[{ atMs: T + 1, issuedBeforeMs: T, expiresAtMs: revocation().expiresAtMs }, { issuedBeforeMs: T + 1 }].map(
      revocation,
    ),
    ...[{ expiresAtMs: T + 1 }, { except: { jti: ['x'] } }, { except: { sid: ['x'] } }].map(revocation),
    revocation({ reason: 'logged_out' }),
    revocation({ mode: 'block' }),
    lift(),
    lift({ mode: 'block' }),
  ]
  const digests = [[], [revocation()], ...changed.map((fact) => [fact])].map((facts) => digestAfter(facts))
  assert.equal(new Set(digests).size, digests.length)
  assert.equal(digestAfter([revocation({ id: 'other', actor: 'else', note: 'n' })]), digestAfter([revocation()]))
})

test('only what expires after the time asked about enters, so a sweep up to it changes nothing', () => {
  const expired = revocation({ match: { sub: 'old' }, expiresAtMs: T })
  assert.equal(digestAfter([...FACTS, expired]), digestAfter(FACTS))
  assert.notEqual(digestAfter([...FACTS, expired], T - 1), digestAfter(FACTS, T - 1))
  const denylist = createDenylist()
  for (const fact of [...FACTS, expired]) denylist.apply(fact)
  denylist.sweep({ deleteUpToMs: T, budget: 100 })
  assert.equal(digestOf(denylist, T), digestAfter([...FACTS, expired]))
  const afterAll = Math.max(...FACTS.map((fact) => (fact.kind === 'issuer' ? 0 : fact.expiresAtMs)))
  assert.equal(digestAfter(FACTS, afterAll), digestAfter([]))
})

test('R10: a lift enters as long as it lives, with nothing left to lift', () => {
  const only = [lift({ expiresAtMs: T + 5 })]
  assert.notEqual(digestAfter(only, T + 4), digestAfter([]))
  assert.equal(digestAfter(only, T + 5), digestAfter([]))
})

test('R9: keys that folded are left out, and only they', () => {
  const five = [1, 2, 3, 4, 5].map((i) => revocation({ match: {}, atMs: T + i, issuedBeforeMs: T - i }))
  assert.notEqual(digestAfter([...FACTS, ...five.slice(1)]), digestAfter(FACTS))
  assert.equal(digestAfter([...FACTS, ...five]), digestAfter(FACTS))
})

test('another key gives another digest', () => {
  const denylist = createDenylist()
  denylist.apply(revocation())
  assert.notEqual(drain(denylist.digest(T, 'one key')), drain(denylist.digest(T, 'another')))
})

test('the digest of many is taken in slices, and an image carries it', () => {
  const denylist = createDenylist()
  for (let i = 0; i < limits.SLICE_ENTRIES; i++) denylist.apply(revocation({ match: { sub: i } }))
  const slices = denylist.digest(T, 'a fingerprint key')
  let count = 0
  let step = slices.next()
  for (; !step.done; step = slices.next()) count++
  assert.ok(count >= 2)
  const joined = createDenylist()
  joinAll(joined, imageOf(denylist))
  assert.equal(digestOf(joined, T), step.value)
})
