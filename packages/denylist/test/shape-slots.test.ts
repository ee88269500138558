import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@rescind/protocol'
import { keptOf } from '../src/kept-facts.ts'
import { ShapeSlots } from '../src/shape-slots.ts'
import { EMPTY_SLOT, withFact, withLift } from '../src/slot.ts'
import { revocation } from './facts.ts'

const slot = (expiresAtMs: number) => withFact(EMPTY_SLOT, keptOf(revocation({ atMs: 1, expiresAtMs })))

test('R2: a shape lives until the last of its facts has expired, swept or not', () => {
  const shape = new ShapeSlots(['sub'])
  assert.equal(shape.hasLive(0), false)
  shape.put('cutoff', 's1:a', slot(10))
  shape.put('block', 's1:a', slot(20))
  assert.deepEqual([shape.hasLive(19), shape.hasLive(20)], [true, false])
  assert.equal(shape.revocations, 2)
})

test('R2: a shape whose longest fact was lifted lives as long as the others', () => {
  const shape = new ShapeSlots(['sub'])
  shape.put('cutoff', 's1:a', slot(10))
  shape.put('cutoff', 's1:b', slot(20))
  shape.put('cutoff', 's1:b', withLift(slot(20), { atMs: 2, expiresAtMs: 30 }))
  assert.deepEqual([shape.hasLive(9), shape.hasLive(10)], [true, false])
  shape.put('cutoff', 's1:a', EMPTY_SLOT)
  assert.deepEqual([shape.hasLive(9), shape.isEmpty, shape.revocations], [false, false, 0])
  shape.put('cutoff', 's1:b', EMPTY_SLOT)
  assert.equal(shape.isEmpty, true)
})

test('R2: among thousands of expired facts that no sweep has met, the answer is yes after one slice', () => {
  const shape = new ShapeSlots(['sub'])
  for (let i = 0; i < limits.SLICE_ENTRIES - 1; i++) shape.put('block', `i${i};`, slot(10))
  shape.put('cutoff', 's1:b', withLift(slot(20), { atMs: 2, expiresAtMs: 30 }))
  assert.equal(shape.hasLive(10), false, 'the longest that is held expired')
  shape.put('cutoff', 's1:c', slot(20))
  shape.put('cutoff', 's1:c', withLift(slot(20), { atMs: 2, expiresAtMs: 30 }))
  assert.equal(shape.hasLive(10), true, 'cannot tell within a slice')
})
