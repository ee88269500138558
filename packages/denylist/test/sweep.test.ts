import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenylist } from '../src/index.ts'
import { ISS, issuer, lift, revocation, T, token } from './facts.ts'

const NAMES = Array.from({ length: 50 }, (_, i) => `sub ${i}`)

/** One revocation per name, the i-th expiring i milliseconds after T. */
function filled() {
  const denylist = createDenylist()
  for (const [i, sub] of NAMES.entries()) {
    denylist.apply(revocation({ match: { sub }, mode: i % 2 ? 'block' : 'cutoff', expiresAtMs: T + i }))
  }
  return denylist
}

test('R13, R15: a sweep removes what expired at or before the time it is given, and nothing else', () => {
  const denylist = filled()
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T - 1, budget: 1_000 }), { removed: 0, done: true })
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 9, budget: 1_000 }), { removed: 10, done: true })
  assert.equal(denylist.size, 40)
  for (const [i, sub] of NAMES.entries()) {
    const verdict = denylist.check(token({ sub }), { nowMs: T - 1 })
    assert.equal(verdict.kind === 'revoked', i > 9, `${sub}, by a clock that is behind`)
  }
})

test('a sweep looks at no more than its budget and goes on where it ended', () => {
  const denylist = filled()
  for (let round = 1; round <= 7; round++) {
    assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 100, budget: 7 }), { removed: 7, done: false })
    assert.equal(denylist.size, 50 - 7 * round)
  }
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 100, budget: 7 }), { removed: 1, done: true })
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 100, budget: 0 }), { removed: 0, done: false })
})

test('a sweep meets what came while it was under way, and shapes that went and came back', () => {
  const denylist = filled()
  denylist.sweep({ deleteUpToMs: T + 100, budget: 20 })
  denylist.apply(revocation({ match: { tenant: 't' }, expiresAtMs: T + 1 }))
  denylist.apply(revocation({ match: { sub: 'new' }, expiresAtMs: T + 1 }))
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 100, budget: 1_000 }), { removed: 32, done: true })
  denylist.apply(revocation({ match: { sub: 'again' }, expiresAtMs: T + 1 }))
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 100, budget: 1_000 }), { removed: 1, done: true })
  assert.equal(denylist.size, 0)
})

test('R10: a lift is kept until its own expiry, after what it lifted', () => {
  const denylist = createDenylist()
  denylist.apply(lift({ atMs: T, expiresAtMs: T + 50 }))
  denylist.sweep({ deleteUpToMs: T + 49, budget: 10 })
  assert.equal(denylist.apply(revocation({ atMs: T - 1 })), 'lifted')
  assert.deepEqual(denylist.sweep({ deleteUpToMs: T + 50, budget: 10 }), { removed: 1, done: true })
  assert.equal(denylist.size, 0)
})

test('an empty shape leaves no trace; an Issuer fact never expires', () => {
  const denylist = filled()
  denylist.apply(issuer())
  denylist.sweep({ deleteUpToMs: Number.MAX_SAFE_INTEGER, budget: 1_000 })
  assert.deepEqual(denylist.shapes(ISS), [])
  assert.deepEqual(denylist.issuer(ISS), issuer())
})
