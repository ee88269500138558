import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { importedSubjects, type LogConnection, natsLog, natsPublisherLog } from '@rescind/log'
import { limits } from '@rescind/protocol'
import { EventRecorder } from '../conformance/event-recorder.ts'
import { presenceOf } from '../conformance/presence-of.ts'
import { eventually } from '../end-to-end/harness.ts'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { GuardedDeployment, verdictOf } from './guarded-deployment.ts'

let broker: GuardedBroker
before(async () => {
  broker = await startGuardedBroker()
})
after(async () => {
  // Also those of a test that failed half-way: a connection that is not closed seeks its broker for ever.
  await Promise.all(connections.map((connection) => connection.close()))
  await broker?.end()
})

const connections: LogConnection[] = []

/** Notes a connection to be closed at the end. */
async function noted<T extends LogConnection>(connecting: Promise<T>): Promise<T> {
  const connection = await connecting
  connections.push(connection)
  return connection
}

/** Connects as a publisher does. */
function publisher(onEvent: EventRecorder['onEvent'] = () => {}, name = 'publisher-1') {
  const options = { servers: broker.server.url, nkeySeed: broker.seeds.publisher, inboxPrefix: '_INBOX_publisher' }
  return noted(natsPublisherLog({ ...options, subjects: importedSubjects() }).connect({ name, onEvent }))
}

/** Connects as a replica of an API does. */
function replica(name: 'api' | 'billing', onEvent: EventRecorder['onEvent'] = () => {}) {
  const options = { servers: broker.server.url, nkeySeed: broker.seeds[name], subjects: importedSubjects() }
  return noted(natsLog(options).connect({ name, onEvent }))
}

describe('the shipped accounts allow', () => {
  it('a publisher to make the log, append the largest frame, tell the time and give a new epoch', async () => {
    const connection = await publisher()
    const { epoch } = await connection.establish()
    const frame = Buffer.alloc(limits.MAX_FRAME_BYTES, 'x')
    const { seq } = await connection.append(frame, { messageId: 'large' })
    assert.deepEqual(await connection.append(frame, { messageId: 'large' }), { seq, duplicate: true })
    assert.equal((await connection.read(seq))?.bytes.length, frame.length)
    assert.ok(Math.abs((await connection.brokerTime()) - Date.now()) < 5_000)
    const renewed = await connection.renewEpoch()
    assert.notEqual(renewed.epoch, epoch)
    assert.equal(renewed.lastSeq, seq)
    assert.deepEqual(await connection.establish(), { ...renewed, maxAgeMs: 0 })
  })

  it('replicas to read, to follow, and to be heard by every publisher', async () => {
    const [first, second] = [new EventRecorder(), new EventRecorder()]
    const publishers = [await publisher(first.onEvent), await publisher(second.onEvent, 'publisher-2')]
    await publishers[0]?.establish()
    for (const name of ['api', 'billing'] as const) {
      const told = new EventRecorder()
      const connection = await replica(name, told.onEvent)
      const { lastSeq } = await connection.head()
      await publishers[0]?.append(Buffer.from(name), { messageId: name })
      await told.until('the live frame', ({ live }) => live.some(({ seq }) => seq === lastSeq + 1))
      const read: string[] = []
      for await (const { bytes } of connection.range(lastSeq + 1, lastSeq + 1)) read.push(Buffer.from(bytes).toString())
      assert.deepEqual(read, [name])
      assert.equal(await connection.read(lastSeq + 2), undefined)
      connection.announce(presenceOf(name))
      for (const heard of [first, second]) {
        await heard.until('its presence', ({ all }) =>
          all.some((event) => event.kind === 'presence' && event.presence.name === name),
        )
      }
    }
  })

  it('a publisher to send barriers, and replicas to hear them and to answer', async () => {
    const [asked, answered] = [new EventRecorder(), new EventRecorder()]
    const sender = await publisher(answered.onEvent)
    const listener = await replica('api', asked.onEvent)
    const barrier = { barrier: '0'.repeat(32), cursor: { epoch: 'e', seq: 7, frameId: 'f' } }
    sender.barrier(barrier)
    await asked.until('the barrier', ({ others }) => others.length > 0)
    assert.deepEqual(asked.all, [{ kind: 'barrier', barrier }])
    const presence = presenceOf('api', barrier)
    listener.announce(presence)
    await answered.until('the answer', ({ others }) => others.length > 0)
    assert.deepEqual(answered.all, [{ kind: 'presence', presence }])
  })

  it('a whole deployment: a revocation over HTTP is in force in a replica of each API', async () => {
    // A log of its own: what the others append are no frames.
    const another = await startGuardedBroker()
    let deployment: GuardedDeployment | undefined
    try {
      deployment = await GuardedDeployment.start(another)
      const replicas = [await deployment.openReplica('api'), await deployment.openReplica('billing')]
      const cursor = await deployment.revoke('ann')
      for (const follower of replicas) {
        await follower.reached(cursor)
        assert.equal(verdictOf(follower, 'ann'), 'revoked')
        assert.equal(verdictOf(follower, 'bob'), 'active')
      }
      await eventually(
        () => 'the publisher lists them and its own replica',
        async () => {
          const names = ((await deployment?.presences()) ?? []).map(({ name }) => name.replace(/-[0-9a-f]{8}$/, ''))
          return names.join() === 'api,billing,publisher-replica'
        },
      )
    } finally {
      await deployment?.stop()
      await another.end()
    }
  })

  it('no replica under another name: the broker says which subject it forbids', async () => {
    const options = { servers: broker.server.url, nkeySeed: broker.seeds.api, subjects: importedSubjects() }
    const misnamed = await noted(natsLog(options).connect({ name: 'other', onEvent() {} }))
    await assert.rejects(misnamed.head(), /ERR_LOG_MISCONFIGURED.*forbids it.*_INBOX_other/)
    const { subjects: _, ...direct } = options
    const notImported = await noted(natsLog(direct).connect({ name: 'api', onEvent() {} }))
    await assert.rejects(notImported.head(), /ERR_LOG_MISCONFIGURED.*forbids it.*\$JS\.API\.STREAM\.INFO\.RESCIND/)
  })
})
