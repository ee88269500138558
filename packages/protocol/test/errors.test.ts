import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isRescindError, limits, Mistakes, orThrow, RescindError, toRescindError } from '@rescind/protocol'

describe('errors', () => {
  it('begins its message with its code and keeps its cause', () => {
    const cause = new Error('socket')
    const error = new RescindError('ERR_LOG_UNAVAILABLE', 'no answer', { cause })
    assert.equal(error.message, 'ERR_LOG_UNAVAILABLE: no answer')
    assert.equal(error.name, 'RescindError')
    assert.equal(error.cause, cause)
    assert.deepEqual(error.mistakes, [])
    assert.equal('cause' in new RescindError('ERR_CLOSED', 'closed'), false)
  })

  it('is recognised by name and code, so that two loaded copies understand each other', () => {
    class Copy extends Error {
      override readonly name = 'RescindError'
      readonly code = 'ERR_CLOSED'
    }
    assert.equal(isRescindError(new RescindError('ERR_CLOSED', 'closed')), true)
    assert.equal(isRescindError(new Copy()), true)
    for (const other of [new Error('ERR_CLOSED'), { name: 'RescindError', code: 'ERR_CLOSED' }, null, 'ERR_CLOSED']) {
      assert.equal(isRescindError(other), false)
    }
  })

  it('makes anything thrown its own, without wrapping twice and without throwing', () => {
    const own = new RescindError('ERR_CLOSED', 'closed')
    assert.equal(toRescindError(own, 'ERR_LOG_UNAVAILABLE'), own)
    const thrown = [new Error('socket'), 'text', 7, null, undefined, Symbol('s'), Object.create(null)]
    for (const value of thrown) {
      const error = toRescindError(value, 'ERR_LOG_UNAVAILABLE')
      assert.equal(error.code, 'ERR_LOG_UNAVAILABLE')
      assert.equal(error.cause, value)
    }
    assert.equal(toRescindError(new Error('socket'), 'ERR_CLOSED').message, 'ERR_CLOSED: socket')
  })
})

describe('mistakes', () => {
  it('points as RFC 6901 says, below its base', () => {
    const mistakes = new Mistakes('/3')
    mistakes.add([], 'a', '')
    mistakes.add(['match', 'a/b~c'], 'b', '')
    mistakes.add(['except', 'jti', 0], 'c', '')
    assert.deepEqual(
      mistakes.all.map(({ pointer }) => pointer),
      ['/3', '/3/match/a~1b~0c', '/3/except/jti/0'],
    )
  })

  it('lists so many and no more, and counts them all', () => {
    const mistakes = new Mistakes()
    for (let i = 0; i < limits.MAX_MISTAKES + 5; i += 1) mistakes.add([i], 'unknown_field', 'no')
    assert.equal(mistakes.all.length, limits.MAX_MISTAKES)
    assert.equal(mistakes.count, limits.MAX_MISTAKES + 5)
    assert.equal(mistakes.orValue(() => assert.fail('built from a wrong input')).ok, false)
  })

  it('keeps a pointer readable, however long the name', () => {
    const mistakes = new Mistakes()
    mistakes.add(['x'.repeat(1_000_000)], 'unknown_field', 'no')
    assert.equal(mistakes.all[0]?.pointer, `/${'x'.repeat(128)}`)
  })

  it('gives the value if there are none, and throws all of them otherwise', () => {
    assert.equal(orThrow(new Mistakes().orValue(() => 7)), 7)
    const mistakes = new Mistakes()
    mistakes.add(['iss'], 'required', 'name it')
    mistakes.add([], 'wrong_type', 'an object')
    assert.throws(
      () => orThrow(mistakes.orValue(() => 7)),
      (error) => isRescindError(error) && error.code === 'ERR_INVALID_INPUT' && error.mistakes.length === 2,
    )
  })
})
