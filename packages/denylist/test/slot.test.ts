import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptOf } from '../src/kept-facts.ts'
import { EMPTY_SLOT, entriesIn, isLiftedIn, withFact, withLift, withoutExpired } from '../src/slot.ts'
import { revocation } from './facts.ts'

const fact = (atMs: number, cutMs: number, expiresAtMs = 100) =>
  keptOf(revocation({ atMs, issuedBeforeMs: cutMs, expiresAtMs }))

test('R10: a lift removes what is older than itself; on a tie the revocation wins', () => {
  const three = [fact(4, 9), fact(5, 8), fact(6, 7)].reduce(withFact, EMPTY_SLOT)
  const lifted = withLift(three, { atMs: 5, expiresAtMs: 200 })
  assert.deepEqual(
    lifted.facts.map(({ atMs }) => atMs),
    [5, 6],
  )
  assert.equal(isLiftedIn(lifted, 4), true)
  assert.equal(isLiftedIn(lifted, 5), false)
  assert.equal(isLiftedIn(EMPTY_SLOT, 0), false)
})

test('R10: of two lifts the latest `at` and the latest expiry stay, in either order', () => {
  const marks = [
    { atMs: 5, expiresAtMs: 200 },
    { atMs: 7, expiresAtMs: 150 },
  ]
  assert.deepEqual(marks.reduce(withLift, EMPTY_SLOT).lift, { atMs: 7, expiresAtMs: 200 })
  assert.deepEqual(marks.toReversed().reduce(withLift, EMPTY_SLOT).lift, { atMs: 7, expiresAtMs: 200 })
})

test('R13: what expired goes, a lift by its own expiry', () => {
  const slot = withLift([fact(5, 9, 50), fact(6, 8, 51)].reduce(withFact, EMPTY_SLOT), { atMs: 1, expiresAtMs: 60 })
  assert.equal(entriesIn(slot), 3)
  assert.equal(withoutExpired(slot, 49), slot)
  assert.deepEqual(
    withoutExpired(slot, 50).facts.map(({ atMs }) => atMs),
    [6],
  )
  assert.deepEqual(withoutExpired(slot, 51), { facts: [], lift: slot.lift, folded: false })
  assert.equal(entriesIn(withoutExpired(slot, 60)), 0)
})

test('R9: a slot that folded stays marked, through lifts and sweeps', () => {
  const five = [fact(1, 9), fact(2, 8), fact(3, 7), fact(4, 6), fact(5, 5, 101)].reduce(withFact, EMPTY_SLOT)
  assert.equal(five.folded, true)
  assert.equal(withLift(five, { atMs: 9, expiresAtMs: 200 }).folded, true)
  assert.equal(withoutExpired(five, 100).folded, true)
})
