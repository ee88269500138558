import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { importedSubjects, type NatsLogOptions, natsLog, natsOptionsFrom, natsPublisherLog } from '@rescind/log'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { Authority } from './certificates.ts'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { operatorMode } from './operator-mode.ts'

let folder: string
let ours: Authority
let foreign: Authority
const closing: (() => Promise<unknown>)[] = []
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-credentials-'))
  ours = new Authority(join(folder, 'ours'), 'ca')
  foreign = new Authority(join(folder, 'foreign'), 'ca')
})
after(async () => {
  await Promise.all(closing.map((close) => close()))
  await rm(folder, { recursive: true, force: true })
})

/** A broker with a configuration of its own, without accounts. */
async function startPlain(name: string, configuration: string): Promise<NatsServer> {
  const configFile = join(folder, `${name}.conf`)
  await writeFile(configFile, configuration)
  const binary = await findNatsServer({ env: process.env })
  const server = await startNatsServer({ binary, storeDir: join(folder, name), jetstream: true, configFile })
  closing.push(() => server.stop())
  return server
}

/** The shipped configuration with TLS, as its README says. */
async function startWithTls(addresses: readonly string[], more = ''): Promise<GuardedBroker> {
  const { cert, key } = ours.issue(`broker-${addresses.join('-')}`, addresses)
  const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ours.cert}", timeout: 5\n ${more} }`
  const broker = await startGuardedBroker({ name: 'with-tls.conf', content: `include ./nats.conf\n${tls}\n` })
  closing.push(broker.end)
  return broker
}

/** Writes a frame as a publisher and reads it as a replica, by these options. */
async function writeAndRead(publisher: NatsLogOptions, replica: NatsLogOptions): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  const writing = await natsPublisherLog(publisher).connect({ name: 'publisher', onEvent() {}, signal })
  try {
    await writing.establish()
    await writing.append(Buffer.from('frame'), { messageId: crypto.randomUUID() })
    assert.equal(writing.unguarded, false)
    const reading = await natsLog(replica).connect({ name: 'api', onEvent() {}, signal })
    try {
      const { lastSeq } = await reading.head()
      assert.equal(Buffer.from((await reading.read(lastSeq))?.bytes ?? []).toString(), 'frame')
    } finally {
      await reading.close()
    }
  } finally {
    await writing.close()
  }
}

/** Tries until it fails once, and resolves with why; or with `it got in`. */
async function refusal(options: NatsLogOptions): Promise<string> {
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(20_000)])
  const onTrouble = () => failed.abort()
  const connecting = natsLog(options).connect({ name: 'api', onEvent() {}, onTrouble, signal })
  const connection = await connecting.catch((error: unknown) => error as Error)
  if (connection instanceof Error) return connection.message
  await connection.close()
  return 'it got in'
}

describe('over TLS', () => {
  let broker: GuardedBroker
  let servers: string
  before(async () => {
    broker = await startWithTls(['localhost'], 'verify: true')
    servers = `nats://localhost:${broker.server.port}`
  })

  const nkeyOf = (name: 'publisher' | 'api') => ({ nkeySeed: broker.seeds[name], subjects: importedSubjects() })

  it("an nkey, a private authority and a client's certificate get in, by environment variables and files", async () => {
    const { cert, key } = ours.issue('client')
    const environment = (name: 'publisher' | 'api') => ({
      NATS_URL: servers,
      NATS_NKEY_FILE: join(broker.secrets, `${name}/nats.nk`),
      NATS_INBOX_PREFIX: `_INBOX_${name}`,
      NATS_TLS_CA_FILE: ours.cert,
      NATS_TLS_CERT_FILE: cert,
      NATS_TLS_KEY_FILE: key,
      RESCIND_IMPORTED: 'true',
    })
    await writeAndRead(natsOptionsFrom(environment('publisher')), natsOptionsFrom(environment('api')))
  })

  it("a broker that asks for a client's certificate lets nobody in without one, or with one of somebody else", async () => {
    const stranger = foreign.issue('client')
    const client = { certFile: stranger.cert, keyFile: stranger.key }
    const found = await Promise.all(
      [{}, client].map((tls) => refusal({ servers, ...nkeyOf('api'), tls: { caFile: ours.cert, ...tls } })),
    )
    for (const message of found) assert.match(message, /ERR_LOG_UNAVAILABLE.*did not let us in.*our certificate/)
  })

  it('a broker with the certificate of another authority, or for another name, is not spoken to', async () => {
    const { cert: certFile, key: keyFile } = ours.issue('client')
    const client = { certFile, keyFile }
    const unknown = await refusal({ servers, ...nkeyOf('api'), tls: { ...client, caFile: foreign.cert } })
    assert.match(unknown, /certificate|verify/i)
    const byAddress = `nats://127.0.0.1:${broker.server.port}`
    const misnamed = await refusal({ servers: byAddress, ...nkeyOf('api'), tls: { ...client, caFile: ours.cert } })
    assert.match(misnamed, /altnames.*IP: 127\.0\.0\.1/)
    assert.match(await refusal({ servers, ...nkeyOf('api') }), /cannot connect/, "nor by the system's authorities")
  })

  it('a broker is known by the address in its certificate, too', async () => {
    const addressed = await startWithTls(['127.0.0.1'])
    const options = (name: 'publisher' | 'api') => ({
      servers: addressed.server.url,
      nkeySeed: addressed.seeds[name],
      inboxPrefix: `_INBOX_${name}`,
      subjects: importedSubjects(),
      tls: { caFile: ours.cert },
    })
    await writeAndRead(options('publisher'), options('api'))
    const byName = { ...options('api'), servers: `nats://localhost:${addressed.server.port}` }
    assert.match(await refusal(byName), /altnames/i)
  })

  it('TLS that is demanded is not gone without', async () => {
    const open = await startPlain('open', '')
    assert.match(await refusal({ servers: open.url, tls: {} }), /does not support 'tls'/)
  })
})

describe('a broker with', () => {
  it('users and passwords', async () => {
    const users = '[{ user: publisher, password: "p w" }, { user: api, password: secret }]'
    const { url: servers } = await startPlain('passwords', `authorization { users: ${users} }`)
    const as = (user: string, password: string) => ({ servers, user, password })
    await writeAndRead(as('publisher', 'p w'), as('api', 'secret'))
    assert.match(await refusal(as('api', 'wrong')), /Authorization Violation/)
  })

  it('a token', async () => {
    const { url: servers } = await startPlain('token', 'authorization { token: s3cret }')
    await writeAndRead({ servers, token: 's3cret' }, { servers, token: 's3cret' })
    assert.match(await refusal({ servers, token: 'wrong' }), /Authorization Violation/)
  })

  it('JWTs of an operator (.creds)', async () => {
    const { configuration, creds } = operatorMode()
    const { url: servers } = await startPlain('operator', configuration)
    await writeAndRead({ servers, creds: creds.publisher }, { servers, creds: creds.api })
    const path = join(folder, 'api.creds')
    await writeFile(path, creds.api)
    const fromFile = natsOptionsFrom({ NATS_URL: servers, NATS_CREDS_FILE: path })
    await writeAndRead({ servers, creds: creds.publisher }, fromFile)
    const limited = await natsPublisherLog({ servers, creds: creds.api })
      .connect({ name: 'api', onEvent() {}, signal: AbortSignal.timeout(20_000) })
      .catch((error: unknown) => error as Error)
    assert.match(String(limited), /ERR_LOG_MISCONFIGURED.*rescind\.presence/, 'the permissions in the JWT hold')
    assert.match(await refusal({ servers, creds: operatorMode().creds.api }), /Authorization Violation/)
  })

  it("clients' certificates alone lets not everyone in", async () => {
    const { cert, key } = ours.issue('broker', ['127.0.0.1'])
    const { cert: certFile, key: keyFile } = ours.issue('client')
    const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ours.cert}", verify: true, timeout: 5 }`
    const { url: servers } = await startPlain('certificates', tls)
    const options = { servers, tls: { caFile: ours.cert, certFile, keyFile } }
    await writeAndRead(options, options)
  })

  it('nobody to ask for is open to everyone, and says so', async () => {
    const { url: servers } = await startPlain('unguarded', '')
    const publisher = await natsPublisherLog({ servers }).connect({ name: 'publisher', onEvent() {} })
    closing.push(() => publisher.close())
    assert.equal(publisher.unguarded, true)
    const anyone = 'authorization { users: [{ user: anyone, password: x }] }\nno_auth_user: anyone'
    const { url } = await startPlain('no-auth-user', anyone)
    const other = await natsPublisherLog({ servers: url }).connect({ name: 'publisher', onEvent() {} })
    closing.push(() => other.close())
    assert.equal(other.unguarded, true)
  })
})
