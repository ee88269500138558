import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { natsLog, natsPublisherLog } from '@rescind/log'
import { EventRecorder } from './event-recorder.ts'
import { startTestBroker, type TestBroker } from './nats-harness.ts'
import { presenceOf } from './presence-of.ts'

/** Two accounts: LOG holds the stream and its publishers, REPLICAS imports what a replica may do, under other names. */
const CONFIGURATION = `
jetstream: enabled
accounts {
  LOG: {
    jetstream: enabled
    users: [ { user: publisher, password: secret } ]
    exports: [
      { service: "$JS.API.STREAM.INFO.RESCIND", accounts: [REPLICAS] }
      { service: "$JS.API.DIRECT.GET.RESCIND", accounts: [REPLICAS] }
      { stream: "rescind.live", accounts: [REPLICAS] }
      { stream: "rescind.barrier", accounts: [REPLICAS] }
      { service: "rescind.presence.*", accounts: [REPLICAS] }
    ]
  }
  REPLICAS: {
    users: [
      { user: api1, password: secret, permissions: {
        publish: [ "rescind.read.info", "rescind.read.frame", "rescind.presence.api1" ]
        subscribe: [ "rescind.live", "rescind.barrier", "_INBOX_api1.>" ] } }
      { user: deaf, password: secret, permissions: {
        publish: [ "rescind.read.info" ], subscribe: [ "_INBOX_deaf.>" ] } }
    ]
    imports: [
      { service: { account: LOG, subject: "$JS.API.STREAM.INFO.RESCIND" }, to: "rescind.read.info" }
      { service: { account: LOG, subject: "$JS.API.DIRECT.GET.RESCIND" }, to: "rescind.read.frame" }
      { stream: { account: LOG, subject: "rescind.live" } }
      { stream: { account: LOG, subject: "rescind.barrier" } }
      { service: { account: LOG, subject: "rescind.presence.*" } }
    ]
  }
}
`

let broker: TestBroker
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-accounts-'))
  const configFile = join(folder, 'accounts.conf')
  await writeFile(configFile, CONFIGURATION)
  broker = await startTestBroker(configFile)
})
after(async () => {
  await broker?.end()
  await rm(folder, { recursive: true, force: true })
})

const subjects = { info: 'rescind.read.info', frame: 'rescind.read.frame' }
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

async function connectBoth() {
  const servers = broker.server.url
  const publisherTold = new EventRecorder()
  const publisher = await natsPublisherLog({ servers, user: 'publisher', password: 'secret' }).connect({
    name: 'publisher',
    onEvent: publisherTold.onEvent,
  })
  const told = new EventRecorder()
  const withLogin = servers.replace('nats://', 'nats://api1:secret@')
  const replica = await natsLog({ servers: withLogin, subjects }).connect({ name: 'api1', onEvent: told.onEvent })
  const close = () => Promise.all([publisher.close(), replica.close()])
  return { publisher, publisherTold, replica, told, close }
}

describe('the rights of a replica', () => {
  it('suffice to read, follow and announce through remapped imports of another account', async () => {
    const { publisher, publisherTold, replica, told, close } = await connectBoth()
    const established = await publisher.establish()
    assert.deepEqual({ ...(await replica.head()), maxAgeMs: 0 }, established)
    for (const i of [1, 2, 3]) await publisher.append(Buffer.from(`f${i}`), { messageId: `m${i}` })
    await told.until('three live frames', ({ live }) => live.length === 3)
    assert.deepEqual(
      told.live.map(({ seq }) => seq),
      [1, 2, 3],
    )
    const read: string[] = []
    for await (const { bytes } of replica.range(1, 3)) read.push(Buffer.from(bytes).toString())
    assert.deepEqual(read, ['f1', 'f2', 'f3'])
    assert.equal(await replica.read(9), undefined)
    replica.announce(presenceOf('api1'))
    await publisherTold.until('presence', ({ others }) => others.includes('presence'))
    await close()
  })

  it('do not suffice to append, to change the stream or to speak for another replica', async () => {
    const { publisher, publisherTold, replica, close } = await connectBoth()
    const { epoch, lastSeq } = await publisher.establish()
    const servers = broker.server.url
    const login = { user: 'api1', password: 'secret' }
    const intruder = await natsPublisherLog({ servers, ...login, subjects: { ...subjects, presence: 'rescind.live' } })
      .connect({ name: 'api1', onEvent: () => {}, signal: AbortSignal.timeout(5_000) })
      .catch((error: unknown) => error)
    assert.ok(code('ERR_LOG_MISCONFIGURED')(intruder), 'it may not listen to presence')
    const other = await natsLog({ servers, ...login, subjects }).connect({ name: 'api1', onEvent: () => {} })
    other.announce(presenceOf('api2'))
    other.announce(presenceOf('api1', { version: 'own' }))
    await publisherTold.until('its own presence', ({ all }) =>
      all.some((event) => event.kind === 'presence' && event.presence.version === 'own'),
    )
    assert.ok(!publisherTold.all.some((event) => event.kind === 'presence' && event.presence.name === 'api2'))
    assert.deepEqual(await replica.head().then((head) => [head.epoch, head.lastSeq]), [epoch, lastSeq])
    await other.close()
    await close()
  })

  it('a broker that forbids the live subject, or a question, is named as misconfigured', async () => {
    const servers = broker.server.url
    const deaf = natsLog({ servers, user: 'deaf', password: 'secret', subjects })
    await assert.rejects(deaf.connect({ name: 'deaf', onEvent: () => {} }), /ERR_LOG_MISCONFIGURED.*rescind\.live/)
    const { publisher, close } = await connectBoth()
    await publisher.establish()
    const narrow = natsLog({ servers, user: 'api1', password: 'secret' })
    const replica = await narrow.connect({ name: 'api1', onEvent: () => {} })
    await assert.rejects(replica.head(), /ERR_LOG_MISCONFIGURED.*forbids it/)
    await replica.close()
    await close()
  })

  it('wrong credentials are sought again until the signal fires, and then named', async () => {
    const wrong = natsLog({ servers: broker.server.url, user: 'api1', password: 'wrong' })
    const troubles: string[] = []
    const onTrouble = ({ message }: Error) => void troubles.push(message)
    const connect = wrong.connect({ name: 'api1', onEvent: () => {}, onTrouble, signal: AbortSignal.timeout(1_000) })
    await assert.rejects(connect, /ERR_LOG_UNAVAILABLE.*Authorization Violation/)
    for (const trouble of troubles) assert.match(trouble, /cannot connect to nats:.*Authorization Violation/)
    assert.ok(troubles.length >= 2, 'each try is told')
  })

  it('a broker that is not there is named with its address, at once', async () => {
    const nowhere = natsLog({ servers: 'nats://127.0.0.1:1' })
    const trouble = await new Promise<Error>((onTrouble) => {
      const signal = AbortSignal.timeout(5_000)
      nowhere.connect({ name: 'api1', onEvent: () => {}, onTrouble, signal }).catch(() => {})
    })
    assert.match(trouble.message, /cannot connect to nats:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)
  })
})
