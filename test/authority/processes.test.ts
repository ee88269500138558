import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually } from '../end-to-end/harness.ts'
import { Calls } from '../launcher/calls.ts'
import { Cleanup } from '../launcher/cleanup.ts'
import { type DemoIssuer, MAX_EXPIRY, startDemoIssuer } from '../launcher/demo-issuer.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { startNatsServer } from '../launcher/nats-server.ts'
import { runProgram } from '../launcher/run-program.ts'
import { type ServiceProcess, startService } from '../launcher/service-process.ts'
import { Authority, type CertificateFiles } from './certificates.ts'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'

const PUBLISHER = 'services/publisher/src/main.ts'

const cleanup = new Cleanup()
let folder: string
let issuer: DemoIssuer
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-processes-'))
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  issuer = await startDemoIssuer('https://issuer.example')
  cleanup.add('issuer', () => issuer.close())
})
after(() => cleanup.run())

/** The publisher's own program, as a container's one-shot service runs it. */
async function setUpByProgram(secrets: string): Promise<void> {
  const args = ['--conditions=@rescind/source', '--import', 'tsx', PUBLISHER, '--setup', secrets]
  const { failure } = await runProgram(process.execPath, args, {
    cwd: process.cwd(),
    env: process.env,
    timeoutMs: 60_000,
  })
  assert.equal(failure, undefined)
}

function start(stage: 'publisher' | 'replica', name: string, env: Record<string, string>): Promise<ServiceProcess> {
  return startService({
    name,
    program: stage === 'publisher' ? PUBLISHER : 'services/sample-api/src/main.ts',
    env: {
      RESCIND_PORT: '0',
      RESCIND_STORE_DIR: join(folder, `${name}-store`),
      RESCIND_ISSUER: issuer.iss,
      RESCIND_MAX_EXPIRY: MAX_EXPIRY,
      ...env,
    },
    folder,
    onSpawned: (service) => cleanup.add(stage, () => service.stop()),
  })
}

const outputOf = (name: string) => readFile(join(folder, `${name}.log`), 'utf8')

/** A broker with TLS, the secrets that `--setup` made, and a certificate for whoever connects. */
async function startBroker(): Promise<{ broker: GuardedBroker; client: CertificateFiles; ca: string }> {
  const authority = new Authority(join(folder, 'ca'), 'ca')
  const { cert, key } = authority.issue('broker', ['localhost'])
  const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${authority.cert}", verify: true, timeout: 5 }`
  const content = `include ./nats.conf\n${tls}\n`
  const broker = await startGuardedBroker({ name: 'with-tls.conf', content }, setUpByProgram)
  cleanup.add('broker', () => broker.end())
  return { broker, client: authority.issue('client'), ca: authority.cert }
}

describe('both services, as processes that are told files alone,', () => {
  it('revoke and refuse over TLS, each as the user that --setup made for it', async () => {
    const { broker, client, ca } = await startBroker()
    const natsEnvironment = (name: string) => ({
      NATS_URL: `nats://localhost:${broker.server.port}`,
      NATS_NKEY_FILE: join(broker.secrets, name, 'nats.nk'),
      NATS_TLS_CA_FILE: ca,
      NATS_TLS_CERT_FILE: client.cert,
      NATS_TLS_KEY_FILE: client.key,
      RESCIND_IMPORTED: 'true',
    })
    const publisher = await start('publisher', 'guarded-publisher', {
      ...natsEnvironment('publisher'),
      RESCIND_KEYS_FILE: join(broker.secrets, 'publisher/keys.json'),
    })
    const apis = ['first-api', 'second-api'].map((name) =>
      start('replica', name, {
        ...natsEnvironment('api'),
        RESCIND_NAME: 'api',
        RESCIND_SNAPSHOT_URL: `${publisher.url}/v1/snapshot`,
        RESCIND_SNAPSHOT_TOKEN_FILE: join(broker.secrets, 'api/snapshot.key'),
        RESCIND_AUDIENCE: issuer.audience,
        RESCIND_JWKS_URL: issuer.jwksUrl,
        RESCIND_WHEN_UNKNOWN: 'reject',
      }),
    )
    const admin = (await readFile(join(broker.secrets, 'admin/admin.key'), 'utf8')).trim()
    const calls = new Calls(publisher, admin, new AbortController().signal)
    const replicas = await Promise.all(apis)
    await Promise.all([publisher, ...replicas].map((part) => calls.ready(part)))

    const { token } = await issuer.mint({ sub: 'ann' })
    const statuses = () => Promise.all(replicas.map(async (api) => (await calls.whoami(api, token)).status))
    assert.deepEqual(await statuses(), [200, 200])
    assert.equal((await calls.revoke({ match: { sub: 'ann' }, reason: 'account_blocked' })).status, 201)
    await eventually(
      () => '401 from both',
      async () => (await statuses()).join() === '401,401',
    )
    await eventually(
      () => 'the publisher knows its own replica and both others',
      async () => (await namesOf(publisher, admin)).filter((name) => name === 'api').length === 2,
    )
    for (const name of ['guarded-publisher', 'first-api', 'second-api']) {
      const output = await outputOf(name)
      assert.doesNotMatch(output, /LETS EVERYONE IN|forbids|SU[A-Z2-7]{56}|rsk_/, name)
    }
  })

  it('a publisher on a broker that lets everyone in says so once, and what that means', async () => {
    const storeDir = join(folder, 'jetstream')
    const server = await startNatsServer({
      binary: await findNatsServer({ env: process.env }),
      storeDir,
      jetstream: true,
    })
    cleanup.add('broker', () => server.stop())
    const publisher = await start('publisher', 'open-publisher', { NATS_URL: server.url })
    await new Calls(publisher, '', new AbortController().signal).ready(publisher)
    await server.restart()
    const ready = (output: string) => output.split('"log ready"').length - 1
    await eventually(
      () => 'it establishes the log again after the broker was away',
      async () => (await outputOf('open-publisher')).includes('the broker is away'),
    )
    await new Calls(publisher, '', new AbortController().signal).ready(publisher)
    const output = await outputOf('open-publisher')
    assert.ok(ready(output) >= 1, output)
    const warnings = output.split('\n').filter((line) => line.includes('THE BROKER LETS EVERYONE IN'))
    assert.equal(warnings.length, 1, output)
    const { level, msg } = JSON.parse(warnings[0] ?? '{}') as { level?: number; msg?: string }
    assert.equal(level, 40, 'a warning')
    assert.match(
      msg ?? '',
      /can write the log, and so lift every revocation, or delete it.*services\/broker\/README\.md/,
    )
  })
})

async function namesOf({ url }: ServiceProcess, key: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/v1/replicas`, { headers: { authorization: `Bearer ${key}` } })
  const { replicas } = (await response.json()) as { replicas: { name: string }[] }
  return replicas.map(({ name }) => name)
}
