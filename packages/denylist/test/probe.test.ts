import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probe } from '../src/probe.ts'
import { decodeValues } from '../src/value-codec.ts'

const keysOf = (names: string[], payload: Record<string, unknown>) => probe(names, payload).keys.map(decodeValues)
const letters = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `v${from + i}`)

test('R2: a token is looked for under each way to pick one value per name, the last varying fastest', () => {
  assert.deepEqual(keysOf([], { sub: 'a' }), [[]])
  assert.deepEqual(keysOf(['sub'], { sub: 'a', aud: 'b' }), [['a']])
  assert.deepEqual(keysOf(['aud', 'sub'], { sub: ['a', 1], aud: ['x', 'y'] }), [
    ['x', 'a'],
    ['x', 1],
    ['y', 'a'],
    ['y', 1],
  ])
})

test('R2: what no match can hold is nowhere: another type, a value too long, an inherited property', () => {
  const nothing = [undefined, null, {}, 1.5, Number.NaN, 2 ** 53, 'x'.repeat(1_025), 'a\ud800', [], [null, {}, ['a']]]
  for (const sub of nothing) assert.deepEqual(probe(['sub'], { sub }), { keys: [], beyond: false }, JSON.stringify(sub))
  assert.deepEqual(probe(['constructor'], {}), { keys: [], beyond: false })
  assert.deepEqual(probe(['__proto__'], JSON.parse('{"__proto__":"a"}')).keys, ['s1:a'])
})

test('R2: at most 32 elements of an array are looked at, and more are noted', () => {
  assert.equal(probe(['aud'], { aud: letters(32) }).beyond, false)
  const { keys, beyond } = probe(['aud'], { aud: [...letters(32), 'last'] })
  assert.deepEqual([keys.length, beyond, keys.includes('s4:last')], [32, true, false])
  const blank = probe(['aud'], { aud: [...Array(32).fill(null), 'a'] })
  assert.deepEqual(blank, { keys: [], beyond: true }, 'the element that counts may lie beyond')
  const missing = probe(['aud', 'sub'], { aud: letters(33) })
  assert.deepEqual(missing, { keys: [], beyond: false }, 'without a sub nothing can match')
})

test('R2: at most 64 combinations are looked at, the first of them, and more are noted', () => {
  assert.equal(probe(['a', 'b'], { a: letters(8), b: letters(8) }).beyond, false)
  const { keys, beyond } = probe(['a', 'b'], { a: letters(9), b: letters(8) })
  assert.deepEqual([keys.length, beyond], [64, true])
  assert.deepEqual(decodeValues(keys[63] as string), ['v7', 'v7'])
  const many = Object.fromEntries(letters(8).map((name) => [name, letters(32)]))
  assert.equal(probe(letters(8), many).keys.length, 64)
  assert.equal(
    probe(['a', 'b'], { a: [...letters(8), ...letters(8)], b: letters(8) }).beyond,
    false,
    'no value counts twice',
  )
})
