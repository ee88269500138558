import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimValue } from '@rescind/protocol'
import { decodeValues, encodeValues, inOnePiece } from '../src/value-codec.ts'

const LISTS: ClaimValue[][] = [
  [],
  [''],
  ['ann', 42, true, false],
  ['42', 42, -42, 0],
  ['s3:abc', 'i42;', 't', ':', ';'],
  ['é', '\u{1f600}', '\u0000', '__proto__'],
  [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 'x'.repeat(1_024)],
]

test('R1: what is encoded can be read back, whatever it looks like', () => {
  for (const values of LISTS) assert.deepEqual(decodeValues(encodeValues(values)), values)
})

test('R1: no two lists of values have one encoding', () => {
  const encoded = [...LISTS, ['ann4', 2], ['a', 'b'], ['ab'], ['1', 1], [1, '1'], ['t'], [true]].map(encodeValues)
  assert.equal(new Set(encoded).size, encoded.length)
})

test('R1: a text in one piece is the same text', () => {
  for (const values of LISTS) assert.equal(inOnePiece(encodeValues(values)), encodeValues(values))
})
