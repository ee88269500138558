import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenylist } from '@rescind/denylist'
import { type Fact, limits } from '@rescind/protocol'
import { shapeMistakes } from '../src/shape-bound.ts'
import { ISS } from './harness.ts'

const requested = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ iss: ISS, match: { [`claim${i}`]: 1 }, base: `/${i}` }))

test('R2: what waits is looked at once, however many new shapes are asked for, and mistakes are bounded', () => {
  let walks = 0
  function* waiting(): Generator<Fact> {
    walks += 1
    yield { kind: 'revocation', iss: ISS, match: { waits: 1 } } as unknown as Fact
  }
  const mistakes = shapeMistakes(requested(4_000), createDenylist(), waiting)
  assert.equal(walks, 1)
  assert.equal(mistakes.length, limits.MAX_MISTAKES)
  assert.equal(mistakes[0]?.pointer, `/${limits.MAX_SHAPES - 1}/match`, 'the one that waits took a place')
})
