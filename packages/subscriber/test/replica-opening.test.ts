import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openReplica, type Replica, type RescindError } from '../src/index.ts'
import { memoryLog, testPublisher } from '../src/testing.ts'
import { house, ISS, untilStatus } from './house.ts'

describe('opening and closing', () => {
  it('waits in starting while there is no stream, and becomes live when a publisher creates it', async (context) => {
    const log = memoryLog()
    const replica = await openReplica({ log, bootstrap: 'log', whenUnknown: 'reject', waitUntilLive: false })
    context.after(() => replica.close())
    await untilStatus(replica, 'told why', (status) => status.cause?.code === 'ERR_LOG_NOT_FOUND')
    assert.equal(replica.status.state, 'starting')
    assert.deepEqual(replica.check({ payload: { iss: ISS } }), { kind: 'unknown', cause: 'starting' })
    const publisher = await testPublisher({ log, issuers: [{ iss: ISS }] })
    context.after(() => publisher.close())
    await untilStatus(replica, 'live', (status) => status.state === 'live')
  })

  it('a signal bounds opening, and leaves nothing open', async () => {
    const log = memoryLog()
    let closed = 0
    const opening = openReplica({
      log: {
        async connect(options) {
          const connection = await log.connect(options)
          const close = connection.close.bind(connection)
          return Object.assign(connection, { close: () => close().finally(() => void closed++) })
        },
      },
      bootstrap: 'log',
      whenUnknown: 'reject',
      signal: AbortSignal.timeout(50),
    })
    await assert.rejects(opening, (error: RescindError) => {
      assert.equal(error.code, 'ERR_LOG_NOT_FOUND')
      assert.match(error.detail, /did not become live in time: there is no stream/)
      assert.equal((error.cause as Error).name, 'TimeoutError')
      return true
    })
    assert.equal(closed, 1)
  })

  it('R18: a closed replica always rejects, also under accept; closing twice is once', async (context) => {
    const { open, token } = await house(context)
    const replica = await open({ whenUnknown: 'accept' })
    assert.equal(replica.refusal(token()), undefined)
    await Promise.all([replica.close(), replica.close()])
    assert.deepEqual(replica.check(token()), { kind: 'unknown', cause: 'closed' })
    assert.equal(replica.refusal(token(), { whenUnknown: 'accept' })?.status, 503)
    assert.equal(replica.status.state, 'closed')
    await assert.rejects(replica.reached({ epoch: 'e', seq: 1, frameId: 'f' }), { code: 'ERR_CLOSED' })
  })

  it('closing ends those who wait', async (context) => {
    const { open } = await house(context)
    const replica = await open()
    const waiting = replica.reached({ epoch: replica.status.cursor?.epoch as string, seq: 1_000, frameId: 'f' })
    const facts = replica.facts()[Symbol.asyncIterator]().next()
    await replica.close()
    await assert.rejects(waiting, { code: 'ERR_CLOSED' })
    assert.equal((await facts).done, true)
  })

  it('facts() tells what is applied, for those who hold connections open', async (context) => {
    const { publisher, open } = await house(context)
    const replica = await open()
    const facts = replica.facts()[Symbol.asyncIterator]()
    const { revocation } = await publisher.revoke({ match: { sid: 's1' } })
    assert.deepEqual((await facts.next()).value, revocation)
  })

  it('unmanagedIssuers and issuer do what they say', async (context) => {
    const { open, token } = await house(context)
    const replica = await open({ unmanagedIssuers: ['https://other.example'], issuer: ISS })
    assert.equal(replica.check(token({ iss: 'https://other.example' })).kind, 'active')
    assert.deepEqual(replica.check(token({ iss: 'https://third.example' })), {
      kind: 'unknown',
      cause: 'unmanaged_issuer',
    })
    assert.equal(replica.check(token({ iss: undefined })).kind, 'active')
  })

  it('R21: a check never throws, whatever the claims', async (context) => {
    const { open } = await house(context)
    const replica = await open()
    const hostile = new Proxy({}, { getOwnPropertyDescriptor: () => assert.fail('trap') })
    for (const payload of [
      null,
      undefined,
      7,
      [],
      hostile,
      { iss: ISS, sub: { toString: null } },
      { iss: ISS, aud: [[[]]] },
    ]) {
      for (const protectedHeader of [undefined, null, 3, hostile]) {
        const token = { payload, protectedHeader } as unknown as Parameters<Replica['check']>[0]
        assert.equal(replica.check(token).kind, 'unknown')
        assert.equal(replica.refusal(token)?.status, 503)
      }
    }
    assert.equal(replica.check(null as never).kind, 'unknown')
  })
})
