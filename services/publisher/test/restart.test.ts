import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../src/store/open-store.ts'
import { ISS } from './harness.ts'
import { block, isRevoked, revocationsIn, untilRevoked, withLog } from './publishers.ts'
import { until } from './until.ts'

const key = (value: string) => ({ 'idempotency-key': value })

test('R12: what was recorded while the broker was away goes out after a restart: all, once, in order, as it was answered', () =>
  withLog(async (log, start) => {
    const first = start(0)
    const before = await first.harness
    log.faults.disconnect()
    const bodies = ['a', 'b', 'c'].map((sub) => ({ iss: ISS, match: { sub }, mode: 'cutoff' }))
    const answers = []
    for (const body of bodies) answers.push(await before.revoke(body, key(body.match.sub)))
    const lifted = await before.lift({ iss: ISS, match: { sub: 'b' }, mode: 'cutoff' }, key('lift'))
    for (const { status } of [...answers, lifted]) assert.equal(status, 202)
    await first.close()

    const harness = await start(0, { untilReady: false }).harness
    assert.ok((await harness.notReady()).log)
    assert.equal(await isRevoked(harness, 'x'), false)
    const again = await harness.revoke(bodies[0], key('a'))
    assert.deepEqual([again.text, again.headers.get('idempotency-replayed')], [answers[0]?.text, 'true'])
    const other = await harness.revoke(bodies[1], key('a'))
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused'])
    log.faults.reconnect()
    await until('all are in the log', async () => (await revocationsIn(harness).catch(() => [])).length === 3)
    await until('the lift, too', async () =>
      (await harness.frames()).some(({ facts }) => facts.some(({ kind }) => kind === 'lift')),
    )
    await harness.untilReady()
    const told = answers.map(({ body }) => body.revocations[0])
    assert.deepEqual(
      (await revocationsIn(harness)).map(({ id, issuedBeforeMs }) => [id, issuedBeforeMs]),
      told.map(({ id, issuedBefore }) => [id, Date.parse(issuedBefore)]),
    )
    const facts = (await harness.frames()).flatMap((frame) => frame.facts).filter(({ kind }) => kind !== 'issuer')
    assert.deepEqual(
      facts.map(({ kind }) => kind),
      ['revocation', 'revocation', 'revocation', 'lift'],
    )
    assert.equal((await harness.revoke(bodies[2], key('c'))).text, answers[2]?.text, 'the first answer, byte for byte')
  }))

/** A Store that loses what is written without an fsync, as in a power cut. */
const forgetful: typeof openStore = async (options) => {
  const store = await openStore(options)
  const { write } = store
  store.write = async (change, how) => {
    if (how.sync) await write.call(store, change, how)
  }
  return store
}

test('R12: a frame that got to the log before its end was noted is not appended again, and its request is known', () =>
  withLog(async (_log, start) => {
    const first = start(0, { openStore: forgetful })
    const before = await first.harness
    const answers = []
    for (const sub of ['a', 'b']) answers.push(await before.revoke(block(sub), key(sub)))
    for (const { status } of answers) assert.equal(status, 201)
    await first.close()

    const harness = await start(0).harness
    assert.deepEqual((await harness.notReady()).backlog, undefined)
    assert.deepEqual(
      (await revocationsIn(harness)).map(({ id }) => id),
      answers.map(({ body }) => body.revocations[0].id),
    )
    const again = await until('it is known where they lie', async () => {
      const reply = await harness.revoke(block('b'), key('b'))
      return reply.status === 201 ? reply : undefined
    })
    assert.deepEqual([again.text, again.headers.get('idempotency-replayed')], [answers[1]?.text, 'true'])
    await harness.revoke(block('c'))
    assert.equal((await revocationsIn(harness)).length, 3)
  }))

test('R12: any publisher answers the repeat of a request, by what the frames say of it', () =>
  withLog(async (_log, start) => {
    const [one, other] = [await start(0).harness, await start(1).harness]
    const body = [block('a'), block('b')]
    const asked = { iss: ISS, match: { sub: 'z' }, mode: 'block' }
    const lift = await one.lift(asked, key('l'))
    const first = await one.revoke(body, key('k'))
    await untilRevoked(other, 'b')
    assert.equal((await other.revoke(block('d'))).status, 201, 'its Store has all that came before')
    const again = await other.lift(asked, key('l'))
    assert.deepEqual([again.status, again.body.lift.id], [201, lift.body.lift.id])
    const repeated = await other.revoke(body, key('k'))
    assert.deepEqual([repeated.status, repeated.headers.get('idempotency-replayed')], [201, 'true'])
    assert.deepEqual(repeated.body, first.body)
    const reused = await other.revoke(block('c'), key('k'))
    assert.deepEqual([reused.status, reused.body.code], [422, 'idempotency_key_reused'])
    assert.equal((await revocationsIn(one)).length, 3)
  }))

test('R12: what was in force is so at once after a restart, whether or not the log is there', () =>
  withLog(async (log, start) => {
    const first = start(0)
    assert.equal((await (await first.harness).revoke(block('ann'))).status, 201)
    await first.close()
    log.faults.disconnect()
    const harness = await start(0, { untilReady: false }).harness
    assert.equal(await isRevoked(harness, 'ann'), true)
    log.faults.reconnect()
    await harness.untilReady()
  }))
