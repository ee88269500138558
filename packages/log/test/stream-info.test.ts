import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeDescription, encodeDescription, newIdentity, withNewEpoch } from '../src/log-identity.ts'
import { headOf, parseAnswer, sizeOf, streamInfo } from '../src/stream-info.ts'

const identity = newIdentity()
const info = (state: object, config: object = {}, more: object = {}) => ({
  config: { description: encodeDescription(identity), num_replicas: 1, ...config },
  state: { messages: 3, first_seq: 4, last_seq: 6, ...state },
  ...more,
})
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

describe('the head out of an answer about the stream', () => {
  it('holds the identity, the ends, and the age of the proof', () => {
    assert.deepEqual(headOf(info({}), 'S'), { ...identity, firstSeq: 4, lastSeq: 6, ageMs: 0 })
    const cluster = {
      leader: 'n1',
      replicas: [
        { current: true, active: 2_500_000 },
        { current: false, active: 1 },
      ],
    }
    assert.equal(headOf(info({}, { num_replicas: 3 }, { cluster }), 'S').ageMs, 2.5)
  })

  it('tells how full the stream is, if it does; a negative cap is none', () => {
    assert.deepEqual(sizeOf(info({ bytes: 7 }, { max_bytes: 9 })), { bytes: 7, maxBytes: 9 })
    assert.deepEqual(sizeOf(info({ bytes: 0 }, { max_bytes: -1 })), { bytes: 0 })
    for (const odd of [info({}), info({ bytes: '7' }), {}]) assert.equal(sizeOf(odd), undefined)
  })

  it('an empty stream begins after its end, however the server puts it', () => {
    const ends = (state: object) => {
      const { firstSeq, lastSeq } = headOf(info({ messages: 0, ...state }), 'S')
      return [firstSeq, lastSeq]
    }
    assert.deepEqual(ends({ first_seq: 0, last_seq: 0 }), [1, 0])
    assert.deepEqual(ends({ first_seq: 6, last_seq: 5 }), [6, 5])
    assert.deepEqual(ends({ first_seq: 5, last_seq: 5 }), [6, 5])
  })

  it('R19: proves nothing without a leader', () => {
    assert.throws(() => headOf(info({}, {}, { cluster: { name: 'c' } }), 'S'), code('ERR_LOG_UNPROVED'))
    assert.throws(() => headOf(info({}, { num_replicas: 3 }), 'S'), code('ERR_LOG_UNPROVED'))
  })

  it('refuses a stream that Rescind did not make, and says what to do', () => {
    for (const description of [undefined, '', 'orders', '{}', '{"rescind":2}', JSON.stringify({ rescind: 1 })]) {
      assert.throws(
        () => headOf(info({}, { description }), 'ORDERS'),
        /ERR_LOG_MISCONFIGURED.*ORDERS.*another stream name/,
      )
    }
  })

  it('refuses a state that cannot be', () => {
    for (const state of [{ last_seq: -1 }, { first_seq: '4' }, { messages: 1.5 }, { last_seq: 2 ** 60 }]) {
      assert.throws(() => headOf(info(state), 'S'), code('ERR_LOG_UNAVAILABLE'), JSON.stringify(state))
    }
    assert.throws(() => headOf({ config: {} }, 'S'), code('ERR_LOG_UNAVAILABLE'))
    assert.throws(() => headOf({}, 'S'), code('ERR_LOG_UNAVAILABLE'))
  })

  it('tells a missing stream from a broker that cannot say', () => {
    const answer = (error: object) => Buffer.from(JSON.stringify({ error }))
    const missing = answer({ code: 404, err_code: 10059, description: 'stream not found' })
    assert.throws(() => streamInfo(missing, 'S'), code('ERR_LOG_NOT_FOUND'))
    const away = answer({ code: 503, err_code: 10008, description: 'JetStream system temporarily unavailable' })
    assert.throws(() => streamInfo(away, 'S'), /ERR_LOG_UNAVAILABLE.*temporarily unavailable \(10008\)/)
    for (const text of ['', 'x', 'null', '[]', '7']) {
      assert.throws(() => parseAnswer(Buffer.from(text)), code('ERR_LOG_UNAVAILABLE'), text)
    }
  })
})

describe('the identity in the description', () => {
  it('comes back, and is new every time', () => {
    assert.deepEqual(decodeDescription(encodeDescription(identity)), identity)
    assert.notDeepEqual(newIdentity(), newIdentity())
  })

  it('R11: keeps deployment and key in a new epoch', () => {
    const renewed = withNewEpoch(identity)
    assert.notEqual(renewed.epoch, identity.epoch)
    assert.deepEqual({ ...renewed, epoch: identity.epoch }, identity)
  })

  it('is read from nothing else', () => {
    const written = JSON.parse(encodeDescription(identity)) as object
    for (const changes of [{ epoch: 'x' }, { deployment: 7 }, { fingerprintKey: undefined }, { rescind: '1' }]) {
      assert.equal(decodeDescription(JSON.stringify({ ...written, ...changes })), undefined, JSON.stringify(changes))
    }
    for (const value of [undefined, null, 7, {}, '[]', '{', 'null']) assert.equal(decodeDescription(value), undefined)
  })
})
