import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Exceptions, REASONS } from '@rescind/protocol'
import { type Kept, keep, keptOf } from '../src/kept-facts.ts'
import { revocation, SECOND, T } from './facts.ts'

function kept(at: number, cut = at, expires = 100, except?: Exceptions, reason: Kept['reason'] = 'other'): Kept {
  const times = { atMs: T + at, issuedBeforeMs: T + cut, expiresAtMs: T + expires * SECOND }
  return keptOf(revocation({ ...times, reason, ...(except ? { except } : {}) }))
}

function keepAll(...facts: readonly Kept[]): readonly Kept[] {
  return facts.reduce<readonly Kept[]>((held, fact) => keep(held, fact).facts, [])
}

test('R9: a fact that another reaches at least as far as is not kept, in either order', () => {
  const less = kept(1, 1, 10, { jti: ['a', 'b'] })
  for (const more of [
    kept(2, 1, 10, { jti: ['a'] }),
    kept(1, 2, 10, { jti: ['a', 'b'] }),
    kept(1, 1, 11),
    kept(9, 9, 99),
  ]) {
    assert.deepEqual(keepAll(less, more), [more])
    assert.deepEqual(keepAll(more, less), [more])
  }
})

test('R9: a fact that is better in one of four stays beside one that is better in another', () => {
  const facts = [kept(1, 9, 9), kept(2, 1, 9), kept(1, 1, 10), kept(1, 9, 8, { jti: ['a'] })]
  const [older, later, longer] = facts as [Kept, Kept, Kept, Kept]
  assert.deepEqual(keepAll(...facts), [older, later, longer], 'the last is dominated by the first')
  const apart = [kept(1, 1, 9, { jti: ['a'] }), kept(1, 1, 9, { jti: ['b'] }), kept(1, 1, 9, { sid: ['a'] })]
  assert.deepEqual(keepAll(...apart), apart, 'none excepts no more than another')
})

test('R9: a block reaches as far as any other block', () => {
  const [older, newer] = [1, 2].map((at) => keptOf(revocation({ mode: 'block', atMs: T + at, expiresAtMs: T + 9 })))
  assert.ok(older && newer)
  assert.deepEqual(keepAll(newer, older), [newer])
})

test('R9, R3: on a tie in all four the reason that is first in the list stays', () => {
  const facts = [...REASONS].map((reason) => kept(1, 1, 1, { jti: ['a'] }, reason))
  assert.equal(keepAll(...facts)[0]?.reason, REASONS[0])
  assert.equal(keepAll(...facts.toReversed())[0]?.reason, REASONS[0])
  const later = kept(2, 1, 1, { jti: ['a'] }, 'other')
  assert.deepEqual(
    keepAll(kept(1, 1, 1, { jti: ['a'] }, 'logged_out'), later),
    [later],
    'no tie, no say for the reason',
  )
})

test('R9: a repetition changes nothing', () => {
  const held = keepAll(kept(1, 9), kept(2, 1))
  assert.equal(keep(held, kept(1, 9)).facts, held)
})

test('R9: beyond four the two oldest fold into one by maximum, without exceptions', () => {
  const four = [
    kept(1, 5, 60, { jti: ['a'] }, 'password_changed'),
    kept(2, 4, 70, { jti: ['b'] }, 'logged_out'),
    kept(3, 3, 80),
    kept(4, 2, 90),
  ]
  assert.deepEqual(keepAll(...four), four, 'four stay as they are')
  const { facts, folded } = keep(four, kept(5, 1, 100))
  assert.equal(folded, true)
  assert.deepEqual(facts, [kept(2, 5, 70, undefined, 'logged_out'), ...four.slice(2), kept(5, 1, 100)])
})

test('R9: what the fold of two reaches as far as goes with them', () => {
  const held = [
    kept(1, 1, 9, { jti: ['a'] }),
    kept(1, 1, 9, { jti: ['b'] }),
    kept(1, 1, 9, { jti: ['c'] }),
    kept(0, 2, 9),
  ]
  const { facts, folded } = keep(held, kept(2, 0, 9))
  assert.deepEqual([facts, folded], [[kept(1, 2, 9), kept(2, 0, 9)], true])
})
