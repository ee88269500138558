import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { importedSubjects, natsPublisherLog } from '@rescind/log'
import { EventRecorder } from '../conformance/event-recorder.ts'
import { presenceOf } from '../conformance/presence-of.ts'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { NatsSocket } from './nats-socket.ts'
import { newNkey } from './nkeys.ts'
import { questionsOf, settle, TARGETS } from './questions.ts'
import { FRAMES, fillLog, look } from './stream-witness.ts'

let broker: GuardedBroker
before(async () => {
  broker = await startGuardedBroker()
  await fillLog(broker)
})
after(() => broker?.end())

const QUESTIONS = questionsOf('api')

/** Somebody with the credential of the API "api", and no client that holds them back. */
const attacker = () => NatsSocket.connect(broker.server.port, { seed: broker.seeds.api })

/** Lets an attack run and holds that the broker is afterwards as it was before. Returns what the server refused. */
async function harmless(attack: (socket: NatsSocket) => Promise<void> | void): Promise<readonly string[]> {
  const seen = await look(broker)
  assert.equal(seen.frames.length, FRAMES)
  const publisher = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.publisher })
  for (const subject of ['rescind.live', 'rescind.barrier']) publisher.subscribe(subject)
  await publisher.flush()
  const socket = await attacker()
  await attack(socket)
  await settle(socket, '_INBOX_api', QUESTIONS)
  assert.deepEqual(await look(broker), seen)
  await publisher.flush()
  assert.deepEqual(publisher.delivered, [], 'no publisher hears anything forged')
  socket.close()
  publisher.close()
  return socket.refusals
}

/** Why is not always heard: what was sent in the meantime may reset the connection before its last words arrive. */
const ENDED = /the server ended the connection/

const refusedPublish = (subject: string) => `Permissions Violation for Publish to "${subject}"`
const refusedSubscription = (subject: string) => `Permissions Violation for Subscription to "${subject}"`

describe('with the credential of a replica', () => {
  it('the log, live frames, barriers and the clock cannot be written', async () => {
    const subjects = ['rescind.log', 'rescind.live', 'rescind.barrier', 'rescind.clock']
    const refusals = await harmless((socket) => {
      for (const subject of subjects) socket.publish(subject, 'forged', '_INBOX_api.ack')
    })
    assert.deepEqual(refusals, subjects.map(refusedPublish))
  })

  for (const { name, subject, payload } of QUESTIONS) {
    it(`the reply subject of a question (${name}) reaches neither the log nor JetStream`, async () => {
      const refusals = await harmless((socket) => {
        for (const target of TARGETS) socket.publish(subject, payload, target)
      })
      assert.deepEqual(refusals, [], 'the server does not check reply subjects: only the accounts stand in between')
    })
  }

  it('streams cannot be made, changed, purged, deleted, copied or moved', async () => {
    const calls = [
      ...['CREATE', 'UPDATE', 'PURGE', 'DELETE', 'MSG.DELETE', 'MSG.GET', 'SNAPSHOT', 'RESTORE', 'INFO'],
      ...['LEADER.STEPDOWN', 'PEER.REMOVE'],
    ].map((call) => `$JS.API.STREAM.${call}.RESCIND`)
    const others = ['$JS.API.STREAM.CREATE.MINE', '$JS.API.STREAM.LIST', '$JS.API.META.LEADER.STEPDOWN', '$JS.API.INFO']
    const aliases = ['rescind.write.create', 'rescind.write.update', 'rescind.write.delete', 'rescind.read.other']
    const subjects = [...calls, ...others, ...aliases]
    const refusals = await harmless((socket) => {
      for (const subject of subjects) socket.publish(subject, '{"name":"MINE","seq":1}', '_INBOX_api.answer')
    })
    assert.deepEqual(refusals, subjects.map(refusedPublish))
  })

  it('no consumer can be made, so none delivers old frames to a subject of its choice', async () => {
    const config = { stream_name: 'RESCIND', config: { deliver_subject: 'rescind.live', ack_policy: 'none' } }
    const subjects = [
      'CREATE.RESCIND',
      'CREATE.RESCIND.x.rescind.log',
      'DURABLE.CREATE.RESCIND.x',
      'MSG.NEXT.RESCIND.x',
    ]
    const calls = subjects.map((call) => `$JS.API.CONSUMER.${call}`)
    const refusals = await harmless((socket) => {
      for (const call of calls) socket.publish(call, JSON.stringify(config), '_INBOX_api.answer')
    })
    assert.deepEqual(refusals, calls.map(refusedPublish))
  })

  it('neither the answers of other users nor presence nor the log can be heard', async () => {
    const hidden = ['>', '*.>', '_INBOX.>', '_INBOX_billing.>', '_INBOX_publisher.>', '_R_.>', '$JS.>', '$SYS.>']
    const subjects = [
      ...hidden,
      'rescind.>',
      'rescind.*',
      'rescind.log',
      'rescind.presence.*',
      'rescind.presence.billing',
    ]
    const socket = await attacker()
    for (const subject of subjects) socket.subscribe(subject)
    await socket.flush()
    assert.deepEqual(socket.refusals, subjects.map(refusedSubscription))
    const other = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.billing })
    for (const { subject, payload } of questionsOf('billing').slice(0, 3)) {
      await other.request('_INBOX_billing', subject, payload)
    }
    other.publish('rescind.presence.billing', '{}')
    await other.flush()
    await settle(socket, '_INBOX_api', QUESTIONS)
    const inboxes = socket.delivered.map(({ subject }) => subject)
    assert.ok(
      inboxes.length > 0 && inboxes.every((subject) => subject.startsWith('_INBOX_api.')),
      `its own answers: ${inboxes}`,
    )
    for (const client of [other, socket]) client.close()
  })

  it('nobody speaks for a replica of another user', async (t) => {
    const told = new EventRecorder()
    const options = { servers: broker.server.url, nkeySeed: broker.seeds.publisher, inboxPrefix: '_INBOX_publisher' }
    const log = natsPublisherLog({ ...options, subjects: importedSubjects() })
    const publisher = await log.connect({ name: 'publisher', onEvent: told.onEvent })
    t.after(() => publisher.close())
    const bytes = (name: string, version: string) => JSON.stringify({ ...presenceOf(name), version })
    const refusals = await harmless((socket) => {
      socket.publish('rescind.presence.billing', bytes('billing', 'direct'))
      socket.publish('rescind.presence.api', bytes('billing', 'by content'))
      for (const { subject, payload } of QUESTIONS) socket.publish(subject, payload, 'rescind.presence.billing')
      socket.publish('rescind.presence.api', bytes('api', 'its own'))
    })
    assert.deepEqual(refusals, [refusedPublish('rescind.presence.billing')])
    await told.until('its own presence', ({ others }) => others.includes('presence'))
    const heard = told.all.flatMap((event) => (event.kind === 'presence' ? [event.presence] : []))
    assert.deepEqual(heard, [presenceOf('api', { version: 'its own' })])
  })

  it('a connection holds 64 subscriptions, and sends 8 KB at once', async () => {
    const many = await attacker()
    for (let i = 1; i <= 65; i += 1) many.subscribe(`_INBOX_api.${i}`)
    await many.flush().catch(() => {})
    assert.match(many.refusals.join(), /maximum subscriptions exceeded/i)
    const large = await attacker()
    large.publish('rescind.presence.api', 'x'.repeat(8_193))
    await assert.rejects(large.flush(), ENDED)
    for (const client of [many, large]) client.close()
  })
})

describe('without a credential', () => {
  it('nobody gets in, nor with a key that the broker does not know, nor with a known one and no signature', async () => {
    const { port } = broker.server
    await assert.rejects(NatsSocket.connect(port), ENDED)
    await assert.rejects(NatsSocket.connect(port, { seed: newNkey('user').seed }), ENDED)
    const { publicKey } = newNkey('user')
    await assert.rejects(NatsSocket.connect(port, { fields: { nkey: publicKey, sig: 'AAAA' } }), ENDED)
    await assert.rejects(NatsSocket.connect(port, { fields: { user: 'publisher', pass: '' } }), ENDED)
  })
})
