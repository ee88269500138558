import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ISS, KEYS, withPublisher } from './harness.ts'
import { until } from './until.ts'

const BODY = { iss: ISS, match: { sub: 'ann' } }
const key = (value: string) => ({ 'idempotency-key': value })

test('the same request again: the first answer again, byte for byte, and nothing recorded twice', () =>
  withPublisher({}, async (harness) => {
    const first = await harness.revoke(BODY, key('order-7'))
    const frames = (await harness.frames()).length
    const again = await harness.revoke(BODY, key('order-7'))
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.equal(again.text, first.text)
    assert.equal(first.headers.get('idempotency-replayed'), null)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal((await harness.frames()).length, frames)
    const lift = { ...BODY, mode: 'cutoff' }
    const lifted = await harness.lift(lift, key('order-8'))
    assert.equal((await harness.lift(lift, key('order-8'))).text, lifted.text)
  }))

test('another body, or another call, under the key is 422; another principal has its own', () =>
  withPublisher({}, async (harness) => {
    await harness.revoke(BODY, key('k'))
    const other = await harness.revoke({ ...BODY, reason: 'logged_out' }, key('k'))
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused'])
    const elsewhere = await harness.lift({ ...BODY, mode: 'block' }, key('k'))
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [422, 'idempotency_key_reused'])
    const foreign = await harness.revoke({ ...BODY, reason: 'logged_out' }, key('k'), KEYS.second.key)
    assert.equal(foreign.status, 201)
  }))

test('while the first is running, the same is 409', () =>
  withPublisher({}, async (harness) => {
    harness.log.faults.freeze()
    const first = harness.revoke(BODY, key('slow'))
    const second = await harness.revoke(BODY, key('slow'))
    harness.log.faults.thaw()
    const statuses = [(await first).status, second.status].sort()
    assert.deepEqual(statuses, [201, 409])
  }))

test('a refusal is not remembered: mended, it may be asked again under its key', () =>
  withPublisher({}, async (harness) => {
    assert.equal((await harness.revoke({ iss: ISS, match: {} }, key('k'))).status, 428)
    assert.equal((await harness.revoke({ iss: ISS, match: {}, confirm: ISS }, key('k'))).status, 201)
    harness.log.faults.full(true)
    assert.equal((await harness.revoke(BODY, key('l'))).status, 507)
    harness.log.faults.full(false)
    const mended = await until('there is room again', async () => {
      const reply = await harness.revoke(BODY, key('l'))
      return reply.status === 507 ? undefined : reply
    })
    assert.deepEqual([mended.status, mended.headers.get('idempotency-replayed')], [201, null])
  }))

test('a key is 1 to 255 visible characters', () =>
  withPublisher({}, async (harness) => {
    for (const wrong of ['a b', 'x'.repeat(256)]) {
      const reply = await harness.revoke(BODY, key(wrong))
      assert.deepEqual([reply.status, reply.body.code], [422, 'invalid_idempotency_key'])
    }
    assert.equal((await harness.revoke(BODY, key('x'.repeat(255)))).status, 201)
  }))
