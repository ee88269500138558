import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@rescind/protocol'
import { createDenylist, type Denylist } from '../src/index.ts'
import { ISS, imageOf, issuer, joinAll, lift, revocation, T, token } from './facts.ts'

const NOW = { nowMs: T + 1, unmanagedIssuers: new Set([ISS]) }

/** Holds as much as it can: one cutoff each of sub 0, 1 and 2. */
function full(): Denylist {
  const denylist = createDenylist({ maxEntries: 3 })
  for (let sub = 0; sub < 3; sub++) assert.equal(denylist.apply(revocation({ match: { sub } })), 'in_force')
  return denylist
}

test('R16: a full index refuses what needs another entry, holds none of it, and keeps what it has', () => {
  const denylist = full()
  const before = imageOf(denylist)
  assert.equal(denylist.apply(revocation()), 'full')
  assert.equal(denylist.apply(revocation({ match: { tenant: 1 } })), 'full')
  assert.equal(denylist.apply(revocation({ iss: 'new' })), 'full')
  assert.equal(denylist.apply(revocation({ match: { sub: 0 }, atMs: T + 1, issuedBeforeMs: T - 1 })), 'full')
  assert.equal(denylist.apply(lift()), 'full')
  assert.deepEqual(imageOf(denylist), before)
  assert.deepEqual([denylist.size, denylist.shapes(ISS).length, denylist.shapes('new').length], [3, 1, 0])
})

test('R16: what joins into an entry that is held needs no room', () => {
  const denylist = full()
  assert.equal(denylist.apply(revocation({ match: { sub: 0 } })), 'in_force')
  assert.equal(denylist.apply(revocation({ match: { sub: 0 }, atMs: T + 5 })), 'in_force')
  assert.equal(denylist.latestExpiry(ISS, { sub: 0 }, 'cutoff'), revocation({ atMs: T + 5 }).expiresAtMs)
  assert.equal(denylist.apply(issuer()), 'in_force')
  assert.equal(denylist.size, 3)
})

test('R16: a fifth fact on a key of a full index folds: it needs no room', () => {
  const denylist = createDenylist({ maxEntries: 4 })
  const five = [1, 2, 3, 4, 5].map((i) => revocation({ atMs: T + i, issuedBeforeMs: T - i }))
  assert.deepEqual(
    five.map((fact) => denylist.apply(fact)),
    Array(5).fill('in_force'),
  )
  assert.equal(denylist.size, 4)
})

test('R16: a lift that removes facts always works, and makes room', () => {
  const denylist = full()
  assert.equal(denylist.apply(lift({ match: { sub: 1 } })), 'in_force')
  assert.equal(denylist.check(token({ sub: 1 }), NOW).kind, 'active')
  assert.equal(
    denylist.apply(lift({ match: { sub: 1 }, atMs: T + 120_000 })),
    'in_force',
    'and again, where one stands',
  )
  const two = createDenylist({ maxEntries: 2 })
  for (const i of [1, 2]) two.apply(revocation({ atMs: T + i, issuedBeforeMs: T - i }))
  two.apply(lift())
  assert.deepEqual([two.size, two.apply(revocation({ match: { sub: 'bob' } }))], [1, 'in_force'])
})

test('R16: a join says if not all could be held, and goes on with what can', () => {
  const from = createDenylist()
  const facts = [
    revocation({ match: { sub: 'new' } }),
    lift({ match: { sub: 2 } }),
    revocation({ match: { sub: 0 }, atMs: T + 9 }),
  ]
  for (const fact of facts) from.apply(fact)
  const denylist = full()
  assert.equal(joinAll(denylist, imageOf(from)), false)
  assert.equal(denylist.check(token({ sub: 2 }), NOW).kind, 'active')
  assert.equal(denylist.latestExpiry(ISS, { sub: 0 }, 'cutoff'), revocation({ atMs: T + 9 }).expiresAtMs)
  assert.equal(joinAll(full(), imageOf(full())), true, 'what is held already is all held')
})

test('R16: a sweep makes room', () => {
  const denylist = full()
  denylist.sweep({ deleteUpToMs: revocation().expiresAtMs, budget: 1 })
  assert.equal(denylist.apply(revocation()), 'in_force')
})

test('maxEntries is an integer from 1 to MAX_ENTRIES', () => {
  for (const maxEntries of [0, -1, 1.5, Number.NaN, limits.MAX_ENTRIES + 1, '3' as unknown as number]) {
    assert.throws(() => createDenylist({ maxEntries }), { code: 'ERR_INVALID_OPTION' })
  }
  assert.equal(createDenylist({ maxEntries: limits.MAX_ENTRIES }).size, 0)
})
