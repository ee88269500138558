import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalExceptions, exceptsNoMore, isExcepted, NO_EXCEPTIONS, statedExceptions } from '../src/exceptions.ts'

test('R7: exceptions have one canonical form, whatever their order and repetition', () => {
  const one = canonicalExceptions({ jti: ['b', 'a', 'a'], sid: ['c'] })
  assert.deepEqual(one, canonicalExceptions({ sid: ['c', 'c'], jti: ['a', 'b'] }))
  assert.equal(canonicalExceptions(undefined), NO_EXCEPTIONS)
  assert.equal(canonicalExceptions({ jti: [] }), NO_EXCEPTIONS)
})

test('R7: a jti and a sid of one value are two exceptions, and so are a text and a number', () => {
  const all = [{ jti: ['1'] }, { jti: [1] }, { sid: ['1'] }, { sid: [1] }, { sid: [true] }].map(canonicalExceptions)
  assert.equal(new Set(all.map(String)).size, all.length)
})

test('R7: what is canonical can be stated again', () => {
  const stated = { jti: ['a', 'jti', 7, true], sid: ['s', 's1:x', 'é'] }
  const again = statedExceptions(canonicalExceptions(stated))
  assert.deepEqual(canonicalExceptions(again), canonicalExceptions(stated))
  assert.deepEqual(new Set(again?.jti), new Set(stated.jti))
  assert.deepEqual(new Set(again?.sid), new Set(stated.sid))
  assert.equal(statedExceptions(NO_EXCEPTIONS), undefined)
})

test('R9: one list excepts no more than another if it is a part of it', () => {
  const [a, ab, c] = [{ jti: ['a'] }, { jti: ['a', 'b'] }, { sid: ['a'] }].map(canonicalExceptions)
  assert.ok(a && ab && c)
  assert.equal(exceptsNoMore(a, ab), true)
  assert.equal(exceptsNoMore(ab, a), false)
  assert.equal(exceptsNoMore(c, ab), false)
  assert.equal(exceptsNoMore(NO_EXCEPTIONS, c), true)
})

test('R7: only the token’s own jti or sid is excepted, exactly, and no element of an array', () => {
  const list = canonicalExceptions({ jti: ['1'], sid: ['s'] })
  assert.equal(isExcepted(list, { jti: '1' }), true)
  assert.equal(isExcepted(list, { jti: 'x', sid: 's' }), true)
  for (const payload of [{}, { jti: 1 }, { jti: ['1'] }, { sid: '1' }, { jti: 's' }, Object.create({ jti: '1' })]) {
    assert.equal(isExcepted(list, payload), false, JSON.stringify(payload))
  }
})
