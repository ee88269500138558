import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { type Harness, ISS, withPublisher } from '../harness.ts'
import { until } from '../until.ts'

const BLOCK = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }

async function made(harness: Harness, body: object = BLOCK): Promise<string> {
  return (await harness.revoke(body)).body.revocations[0].id
}

const liftedIds = ({ body }: { body: { lifted: { id: string }[] } }) => body.lifted.map(({ id }) => id)

test('a lift by id takes match and mode of its revocation, and says what it took back', () =>
  withPublisher({}, async (harness) => {
    const id = await made(harness, { ...BLOCK, reason: 'account_blocked' })
    await made(harness, { ...BLOCK, mode: 'cutoff' })
    const reply = await harness.lift({ id, note: 'cleared' })
    assert.equal(reply.status, 201)
    const { lift, lifted, liftedCount } = reply.body
    assert.deepEqual([lift.iss, lift.match, lift.mode], [ISS, { sub: 'ann' }, 'block'])
    assert.deepEqual([liftedCount, lifted.length, lifted[0].id, lifted[0].reason], [1, 1, id, 'account_blocked'])
    const again = await harness.lift({ id })
    assert.deepEqual([again.status, again.body.lifted, again.body.liftedCount], [201, [], 0])
    assert.equal((await harness.lift({ id: `${id}x` })).status, 404)
  }))

test('others that stand there make it ambiguous, unless all may go, or they are lifted already', () =>
  withPublisher({}, async (harness) => {
    const [first, second] = [await made(harness), await made(harness, { ...BLOCK, except: { sid: ['s'] } })]
    const frames = (await harness.frames()).length
    const refused = await harness.lift({ id: first })
    assert.deepEqual([refused.status, refused.body.code], [409, 'lift_ambiguous'])
    assert.ok(refused.body.detail.includes(second) && !refused.body.detail.includes(first), refused.body.detail)
    assert.equal(refused.body.errors.length, 1)
    assert.equal((await harness.lift({ id: first, all: false })).status, 409)
    assert.equal((await harness.frames()).length, frames, 'nothing was recorded')
    assert.deepEqual(liftedIds(await harness.lift({ id: first, all: true })), [second, first])
    const third = await made(harness)
    assert.deepEqual(liftedIds(await harness.lift({ id: third })), [third], 'the lifted ones do not count')
    const fourth = await made(harness)
    assert.equal((await harness.lift({ id: first })).status, 409, 'what stands is another one')
    assert.deepEqual(liftedIds(await harness.lift(BLOCK)), [fourth], 'a match says all that it means')
  }))

test('a repeated key gets the first answer, also about a revocation that stands no more', () =>
  withPublisher({}, async (harness) => {
    const id = await made(harness)
    const first = await harness.lift({ id }, { 'idempotency-key': 'k' })
    await made(harness)
    const again = await harness.lift({ id }, { 'idempotency-key': 'k' })
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal(again.text, first.text)
  }))

test('another publisher answers the repeat of a lift with what it took back', () =>
  withPublisher({}, (harness) =>
    withPublisher({ log: harness.log }, async (other) => {
      const id = await made(harness)
      const first = await harness.lift(BLOCK, { 'idempotency-key': 'k' })
      assert.deepEqual(liftedIds(first), [id])
      await until('the other has applied it', async () => {
        return (await other.call('GET', `/v1/revocations/${id}`)).body.state === 'lifted'
      })
      const again = await other.lift(BLOCK, { 'idempotency-key': 'k' })
      assert.equal(again.headers.get('idempotency-replayed'), 'true')
      assert.deepEqual(again.body, first.body)
    }),
  ))

test('what waits for the log can be lifted, and makes another lift ambiguous', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  log.faults.disconnect()
  await withPublisher({ log, untilReady: false, config: { staleAfterMs: 1_000 } }, async (harness) => {
    const first = await made(harness)
    const second = await made(harness)
    assert.equal((await harness.lift({ id: first })).body.code, 'lift_ambiguous')
    const reply = await harness.lift({ id: first, all: true })
    assert.deepEqual([reply.status, reply.body.state], [202, 'recorded'])
    log.faults.reconnect()
    await until('both are out, and lifted', async () => {
      const { body } = await harness.call('GET', '/v1/revocations?state=lifted')
      return body.revocations.length === 2 && body.revocations.some(({ id }: { id: string }) => id === second)
    })
  })
})

test('a dry run says what would be recorded, and records nothing', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const dry = (path: string, body: unknown, query = '') =>
      harness.call('POST', `${path}?dryRun=true${query}`, { body, headers: { 'idempotency-key': 'k' } })
    const { status, body } = await dry('/v1/revocations', [
      { iss: ISS, match: { sub: 'ann' }, reason: 'password_changed' },
      { iss: ISS, match: { jti: 'j' }, tokenExp: 1_769_000_000 },
    ])
    assert.deepEqual([status, body.dryRun, body.replicas], [200, true, 0])
    const [cutoff, gone] = body.revocations
    assert.deepEqual(
      [cutoff.mode, cutoff.liveFacts, 'nothingToDo' in cutoff, 'id' in cutoff],
      ['cutoff', 0, false, false],
    )
    assert.ok(cutoff.reissueNotBefore > 0 && cutoff.expiresAt)
    assert.deepEqual([gone.mode, gone.nothingToDo], ['block', true])
    assert.equal((await dry('/v1/revocations', { iss: ISS, match: {} })).body.code, 'confirmation_required')
    assert.equal((await dry('/v1/revocations', { iss: ISS, match: { sub: 1.5 } })).body.code, 'invalid_revocation')
    const waiting = await dry('/v1/revocations', BLOCK, '&wait=enforced&timeoutMs=-1')
    assert.deepEqual([waiting.body.code, waiting.body.errors.length], ['invalid_parameter', 2])
    const wrong = await harness.call('POST', '/v1/lifts?dryRun=yes', { body: BLOCK })
    assert.equal(wrong.body.code, 'invalid_parameter')
    assert.equal((await harness.frames()).length, before)

    const id = (await harness.revoke(BLOCK, { 'idempotency-key': 'k' })).body.revocations[0].id
    assert.equal((await dry('/v1/revocations', BLOCK)).body.revocations[0].liveFacts, 1)
    const lift = await dry('/v1/lifts', { id })
    assert.deepEqual([lift.status, liftedIds(lift), lift.body.lift.mode], [200, [id], 'block'])
    assert.equal((await dry('/v1/lifts', { id: 'nothing' })).status, 404)
    assert.equal((await harness.frames()).length, before + 1)
    assert.equal((await harness.call('GET', `/v1/revocations/${id}`)).body.state, 'live')
  }))
