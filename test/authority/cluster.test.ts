import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { importedSubjects, type LogConnection, natsLog, natsPublisherLog, type PublisherConnection } from '@rescind/log'
import { EventRecorder } from '../conformance/event-recorder.ts'
import { eventually } from '../end-to-end/harness.ts'
import { GuardedCluster } from './guarded-cluster.ts'
import { NatsSocket } from './nats-socket.ts'
import { questionsOf, settle, TARGETS } from './questions.ts'

let cluster: GuardedCluster
let publisher: PublisherConnection
const told = new EventRecorder()
before(async () => {
  cluster = await GuardedCluster.start()
  const log = natsPublisherLog({
    servers: cluster.servers,
    nkeySeed: cluster.seeds.publisher,
    inboxPrefix: '_INBOX_publisher',
    subjects: importedSubjects(),
    replicas: 3,
  })
  publisher = await log.connect({ name: 'publisher', onEvent: told.onEvent })
})
after(async () => {
  await Promise.all([...replicas, publisher].map((connection) => connection?.close()))
  await cluster?.stop()
})

/** Tries until it works: servers that have just started elect their leaders first. */
async function once<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  let result: T | undefined
  let last: unknown
  await eventually(
    () => `${what}: ${String(last)}`,
    async () => {
      try {
        result = await attempt()
        return true
      } catch (error) {
        last = error
        return false
      }
    },
  )
  return result as T
}

const replicas: LogConnection[] = []

async function replicaOn(servers: string | readonly string[], onEvent: EventRecorder['onEvent'] = () => {}) {
  const log = natsLog({ servers, nkeySeed: cluster.seeds.api, subjects: importedSubjects() })
  const replica = await log.connect({ name: 'api', onEvent })
  replicas.push(replica)
  return replica
}

describe('three servers that share cluster.conf', () => {
  it('find each other, and keep a log of three copies that the imports reach on every server', async () => {
    for (const { name, routes } of cluster.members) {
      await eventually(
        () => `${name} has routes to both others`,
        async () => (await routes()) === 2,
      )
    }
    const established = await once('the log is made', () => publisher.establish())
    assert.ok(Math.abs((await once('the clock', () => publisher.brokerTime())) - Date.now()) < 5_000)
    for (const { server } of cluster.members) {
      const seen = new EventRecorder()
      const replica = await replicaOn(server.url, seen.onEvent)
      const { lastSeq, epoch } = await once('R19: the head is proved', () => replica.head())
      assert.equal(epoch, established.epoch)
      const { seq } = await publisher.append(Buffer.from(server.url), { messageId: server.url })
      assert.equal(seq, lastSeq + 1)
      await seen.until('the live frame', ({ live }) => live.some((frame) => frame.seq === seq))
      for await (const { bytes } of replica.range(seq, seq)) assert.equal(Buffer.from(bytes).toString(), server.url)
      assert.deepEqual(await publisher.append(Buffer.from('again'), { messageId: server.url }), {
        seq,
        duplicate: true,
      })
    }
  })

  it('stand up to the reply subjects of a replica, whichever server it is connected to', async () => {
    const { lastSeq, epoch } = await once('the head', () => publisher.head())
    for (const { server } of cluster.members) {
      const attacker = await NatsSocket.connect(server.port, { seed: cluster.seeds.api })
      for (const { subject, payload } of questionsOf('api')) {
        for (const target of TARGETS) attacker.publish(subject, payload, target)
      }
      await settle(attacker, '_INBOX_api', questionsOf('api'))
      assert.deepEqual(attacker.refusals, [])
      attacker.close()
    }
    const after = await publisher.head()
    assert.deepEqual([after.lastSeq, after.epoch], [lastSeq, epoch])
  })

  it('go on without any one of them', async () => {
    const [first] = cluster.members
    const replica = await replicaOn(cluster.servers)
    await first?.server.kill()
    const messageId = crypto.randomUUID()
    const { seq } = await once('an append', () => publisher.append(Buffer.from('on two'), { messageId }))
    assert.equal(await once('the head', async () => (await replica.head()).lastSeq), seq)
    await first?.server.restart()
    await eventually(
      () => 'it is back',
      async () => (await first?.routes()) === 2,
    )
  })

  it('do not take in a server that does not know their password', async () => {
    const stranger = await cluster.startStranger()
    const [first] = cluster.members
    await eventually(
      () => `it was refused: ${stranger.lines.join('\n')}`,
      async () => stranger.lines.some((line) => line.includes('Authorization Violation')),
    )
    const listener = await NatsSocket.connect(first?.server.port ?? 0, { seed: cluster.seeds.api })
    listener.subscribe('rescind.barrier')
    await listener.flush()
    const within = await NatsSocket.connect(stranger.server.port, { seed: stranger.seeds.publisher })
    for (let i = 1; i <= 20; i += 1) {
      within.publish('rescind.barrier', 'forged')
      await within.flush()
      assert.equal(await first?.routes(), 2)
    }
    const known = await NatsSocket.connect(cluster.members[1]?.server.port ?? 0, { seed: cluster.seeds.publisher })
    known.publish('rescind.barrier', 'true')
    await listener.next(() => listener.delivered.length > 0)
    assert.deepEqual(
      listener.delivered.map(({ text }) => text),
      ['true'],
    )
    for (const client of [listener, within, known]) client.close()
  })
})
