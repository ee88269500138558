import assert from 'node:assert/strict'
import { after, beforeEach, describe, it, type TestContext } from 'node:test'
import { importedSubjects, natsPublisherLog, type PublisherConnection } from '@rescind/log'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { NatsSocket } from './nats-socket.ts'
import { questionsOf, settle, TARGETS } from './questions.ts'
import { FRAMES, fillLog, look } from './stream-witness.ts'

let broker: GuardedBroker | undefined
beforeEach(async () => {
  await broker?.end()
  broker = await startGuardedBroker()
  await fillLog(broker)
  // The stream of the broker's clock is in memory. When the server starts again, whoever is first makes it.
  await broker.server.restart()
})
after(() => broker?.end())

const INBOX = '_INBOX_publisher'
const QUESTIONS = questionsOf('publisher')

/** Lets an attack run with the publishers' credential; the log is to be as before. Returns what the server refused. */
async function harmless(attack: (socket: NatsSocket) => Promise<void> | void): Promise<readonly string[]> {
  assert.ok(broker)
  const { streams, frames } = await look(broker)
  const socket = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.publisher })
  await attack(socket)
  await settle(socket, INBOX, QUESTIONS)
  const after = await look(broker)
  assert.deepEqual([after.streams['LOG RESCIND'], after.frames], [streams['LOG RESCIND'], frames])
  socket.close()
  return socket.refusals
}

describe('with the credential of a publisher', () => {
  it('the stream cannot be deleted or purged, and no frame can be deleted', async () => {
    const calls = ['DELETE', 'PURGE', 'MSG.DELETE', 'MSG.GET', 'SNAPSHOT', 'RESTORE', 'LEADER.STEPDOWN', 'PEER.REMOVE']
    const subjects = calls.map((call) => `$JS.API.STREAM.${call}.RESCIND`)
    subjects.push('rescind.write.delete', '$JS.API.CONSUMER.CREATE.RESCIND', '$JS.API.STREAM.CREATE.OTHER')
    const refusals = await harmless((socket) => {
      for (const subject of subjects) socket.publish(subject, '{"seq":1}', `${INBOX}.answer`)
    })
    assert.deepEqual(
      refusals,
      subjects.map((subject) => `Permissions Violation for Publish to "${subject}"`),
    )
  })

  it('nor through the reply subject of a question', async () => {
    // What a publisher may write by itself is no attack.
    const targets = TARGETS.filter((target) => target !== 'rescind.log')
    const refusals = await harmless((socket) => {
      for (const { subject, payload } of QUESTIONS) {
        for (const target of targets) socket.publish(subject, payload, target)
      }
    })
    assert.deepEqual(refusals, [])
  })

  for (const dest of ['$JS.API.STREAM.DELETE.RESCIND', 'rescind.write.delete']) {
    it(`nor through a stream of its own, which republishes what it is sent to ${dest}`, async () => {
      const refusals = await harmless((socket) => republishTo(socket, dest))
      assert.deepEqual(refusals, [])
    })
  }

  it('though such a stream reaches what a publisher may write anyway (control)', async () => {
    assert.ok(broker)
    const socket = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.publisher })
    await republishTo(socket, 'rescind.log')
    await settle(socket, INBOX, QUESTIONS)
    assert.equal((await look(broker)).frames.length, FRAMES + 3)
    socket.close()
  })

  it('the protection of frames cannot be taken off again', async () => {
    const refusals = await harmless(async (socket) => {
      const config = await configOf(socket)
      for (const change of [{ deny_delete: false }, { deny_purge: false }]) {
        const answer = await socket.request(INBOX, 'rescind.write.update', JSON.stringify({ ...config, ...change }))
        assert.match(answer.text, /can not/, JSON.stringify(change))
      }
    })
    assert.deepEqual(refusals, [])
  })

  it('the log can be made to forget, by its limits: a publisher sees that at its next look, and refuses to go on', async (t) => {
    assert.match(await update({ discard: 'old', max_msgs: 1 }), /"did_create":|"config":/)
    const { frames } = await look(broker ?? assert.fail())
    assert.equal(frames.length, 1, `of ${FRAMES}`)
    const publisher = await connectPublisher(t)
    await assert.rejects(publisher.establish(), /ERR_LOG_MISCONFIGURED.*discard is "old".*max_msgs is 1/)
  })

  it('the broadcast can be turned off on newer servers: a publisher sees that, too', async (t) => {
    const answer = await update({ republish: null })
    const publisher = await connectPublisher(t)
    if (answer.includes('can not change')) await publisher.establish()
    else await assert.rejects(publisher.establish(), /ERR_LOG_MISCONFIGURED.*republish is absent/)
  })
})

/** Changes the configuration of the log's stream, as a publisher may. Returns the server's answer. */
async function update(change: object): Promise<string> {
  assert.ok(broker)
  const socket = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.publisher })
  const config = { ...(await configOf(socket)), ...change }
  const { text } = await socket.request(INBOX, 'rescind.write.update', JSON.stringify(config))
  socket.close()
  return text
}

async function connectPublisher(t: TestContext): Promise<PublisherConnection> {
  assert.ok(broker)
  const options = { servers: broker.server.url, nkeySeed: broker.seeds.publisher, inboxPrefix: INBOX }
  const log = natsPublisherLog({ ...options, subjects: importedSubjects() })
  const publisher = await log.connect({ name: 'publisher', onEvent() {} })
  t.after(() => publisher.close())
  return publisher
}

/** Makes the one stream that publishers may make, the clock's, so that it republishes elsewhere, and sends it something. */
async function republishTo(socket: NatsSocket, dest: string): Promise<void> {
  const config = { name: 'RESCIND_CLOCK', subjects: ['rescind.clock'], storage: 'memory' }
  const withTrap = { ...config, republish: { src: 'rescind.clock', dest } }
  const made = await socket.request(INBOX, '$JS.API.STREAM.CREATE.RESCIND_CLOCK', JSON.stringify(withTrap))
  assert.match(made.text, /"did_create":true/)
  for (let i = 0; i < 3; i += 1) await socket.request(INBOX, 'rescind.clock')
}

async function configOf(socket: NatsSocket): Promise<object> {
  const { text } = await socket.request(INBOX, 'rescind.read.info')
  return (JSON.parse(text) as { config: object }).config
}
