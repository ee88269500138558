import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenylist } from '../src/index.ts'
import { HOUR, ISS, imageOf, issuer, joinAll, lift, MINUTE, revocation, T } from './facts.ts'

test('R10: what became of a fact: in force, as what it repeats or what reaches further; or lifted', () => {
  const denylist = createDenylist()
  assert.equal(denylist.apply(revocation()), 'in_force')
  assert.equal(denylist.apply(revocation()), 'in_force')
  assert.equal(denylist.apply(revocation({ atMs: T - 1, expiresAtMs: T })), 'in_force', 'dominated')
  assert.equal(denylist.apply(lift({ atMs: T + 5 })), 'in_force')
  assert.equal(denylist.apply(lift({ atMs: T + 4 })), 'in_force', 'a newer lift reaches further')
  assert.equal(denylist.apply(revocation({ atMs: T + 4 })), 'lifted')
  assert.equal(denylist.apply(revocation({ atMs: T + 5 })), 'in_force', 'on a tie the revocation wins')
  assert.equal(denylist.apply(revocation({ atMs: T + 4, mode: 'block' })), 'in_force', 'a lift has a mode')
  assert.equal(denylist.apply(issuer()), 'in_force')
})

test('R10: the latest expiry on a key is that of the revocations held there', () => {
  const denylist = createDenylist()
  assert.equal(denylist.latestExpiry(ISS, { sub: 'ann' }, 'cutoff'), undefined)
  denylist.apply(revocation({ atMs: T, issuedBeforeMs: T, expiresAtMs: T + 9 }))
  denylist.apply(revocation({ atMs: T + 1, issuedBeforeMs: T - 1, expiresAtMs: T + 8 }))
  assert.equal(denylist.latestExpiry(ISS, { sub: 'ann' }, 'cutoff'), T + 9)
  assert.equal(denylist.latestExpiry(ISS, { sub: 'ann' }, 'block'), undefined)
  denylist.apply(lift({ atMs: T + 1 }))
  assert.equal(denylist.latestExpiry(ISS, { sub: 'ann' }, 'cutoff'), T + 8)
  denylist.apply(lift({ atMs: T + 2 }))
  assert.equal(denylist.latestExpiry(ISS, { sub: 'ann' }, 'cutoff'), undefined)
})

test('R2: shapes are those of the revocations held, names in sorted order, not of lifts alone', () => {
  const denylist = createDenylist()
  const matches = [{ sub: 'a', aud: 'b' }, { aud: 'x', sub: 1 }, {}, { sub: 'a' }]
  for (const match of matches) denylist.apply(revocation({ match }))
  denylist.apply(lift({ match: { sid: 's' } }))
  assert.deepEqual(denylist.shapes(ISS), [['aud', 'sub'], [], ['sub']])
  denylist.apply(lift({ match: { sub: 'a' } }))
  assert.deepEqual(denylist.shapes(ISS), [['aud', 'sub'], []])
  assert.deepEqual(denylist.shapes('unheard of'), [])
})

test('R9: of two Issuer facts the newer counts; with one `at`, the larger values', () => {
  for (const turn of [1, -1]) {
    const denylist = createDenylist()
    const facts = [issuer({ atMs: 1, maxExpiryMs: HOUR }), issuer({ atMs: 2, maxExpiryMs: MINUTE, leewayMs: 9 })]
    for (const fact of turn === 1 ? facts : facts.toReversed()) denylist.apply(fact)
    assert.equal(denylist.issuer(ISS)?.maxExpiryMs, MINUTE)
    denylist.apply(issuer({ atMs: 2, maxExpiryMs: 2, leewayMs: 10 }))
    assert.deepEqual([denylist.issuer(ISS)?.maxExpiryMs, denylist.issuer(ISS)?.leewayMs], [MINUTE, 10])
  }
  assert.equal(createDenylist().issuer(ISS), undefined)
})

test('the size counts revocations kept and lifts, one per key, and no Issuer fact', () => {
  const denylist = createDenylist()
  for (const fact of [issuer(), revocation(), revocation(), revocation({ mode: 'block' }), lift({ atMs: T }), lift()]) {
    denylist.apply(fact)
  }
  assert.equal(denylist.size, 2, 'the block, and the lift that took the cutoff')
})

test('counts the lifts among its entries, also of those that a lift, a join or a sweep takes away', () => {
  const denylist = createDenylist()
  denylist.apply(revocation({ match: { sub: 'ann' } }))
  denylist.apply(revocation({ match: { sub: 'bob' } }))
  assert.deepEqual([denylist.size, denylist.lifts], [2, 0])
  const taken = lift({ match: { sub: 'ann' } })
  denylist.apply(taken)
  denylist.apply(taken)
  assert.deepEqual([denylist.size, denylist.lifts], [2, 1])
  const joined = createDenylist()
  joinAll(joined, imageOf(denylist))
  assert.deepEqual([joined.size, joined.lifts], [2, 1])
  denylist.sweep({ deleteUpToMs: taken.expiresAtMs, budget: 100 })
  assert.deepEqual([denylist.size, denylist.lifts], [0, 0])
})
