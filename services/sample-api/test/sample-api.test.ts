import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { manualClock, memoryLog, testPublisher } from '@rescind/subscriber/testing'
import { serviceLogger } from '@rescind/telemetry'
import type { SampleApiConfig } from '../src/config.ts'
import { startSampleApi } from '../src/index.ts'
import { AUD, demoIssuer, ISS } from './demo-issuer.ts'
import { until } from './until.ts'

function configFor(jwksUrl: string, changes: Partial<SampleApiConfig> = {}): SampleApiConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    name: 'api-1',
    issuer: ISS,
    audience: AUD,
    algorithms: ['ES256'],
    jwksUrl,
    maxExpiryMs: 3_600_000,
    whenUnknown: 'reject',
    ...changes,
  }
}

/** An issuer, a log with a publisher on it, and one API that is live. */
async function house(changes: Partial<SampleApiConfig> = {}, logger?: ReturnType<typeof serviceLogger>) {
  const clock = manualClock()
  const log = memoryLog({ clock })
  const issuer = await demoIssuer()
  const publisher = await testPublisher({ log, clock, issuers: [{ iss: ISS }] })
  const config = configFor(issuer.jwksUrl, changes)
  const api = await startSampleApi({ config, log: log.replicaLog, clock, ...(logger && { logger }) })
  await until('the replica is live', () => api.replica.status.state === 'live')
  const get = (path: string, token?: string) =>
    fetch(api.url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  return {
    api,
    clock,
    log,
    issuer,
    publisher,
    get,
    mint: (claims?: object) => issuer.mint(clock.now(), claims),
    async [Symbol.asyncDispose]() {
      await api.close()
      await publisher.close()
      await issuer[Symbol.asyncDispose]()
    },
  }
}

test('a good token is told who it is, and by which replica', async () => {
  await using it = await house()
  const response = await it.get('/whoami', it.mint())
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { sub: 'ann', replica: 'api-1' })
})

test('without a token the answer is 401 with a bare challenge (RFC 6750 section 3.1)', async () => {
  await using it = await house()
  const response = await it.get('/whoami')
  assert.equal(response.status, 401)
  assert.equal(response.headers.get('www-authenticate'), 'Bearer')
  assert.equal(response.headers.get('content-type')?.split(';')[0], 'application/problem+json')
  const { code } = (await response.json()) as { code: string }
  assert.equal(code, 'no_credentials')
})

test('a token that is not valid is refused, and what is wrong is named', async () => {
  await using it = await house()
  const response = await it.get('/whoami', it.mint({ aud: 'https://other.example' }))
  assert.equal(response.status, 401)
  assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/)
  assert.deepEqual(await response.json(), {
    type: 'urn:rescind:problem:audience_mismatch',
    title: 'The token is for another audience',
    status: 401,
    code: 'audience_mismatch',
  })
})

test('R22: a revoked token is refused from the next request on, others are not, and a lift takes it back', async () => {
  await using it = await house()
  const [token, other] = [it.mint({ jti: 'one' }), it.mint({ jti: 'two' })]
  assert.equal((await it.get('/whoami', token)).status, 200)
  const { cursor } = await it.publisher.revoke({ match: { jti: 'one' }, reason: 'logged_out' })
  await it.api.replica.reached(cursor)
  const refused = await it.get('/whoami', token)
  assert.equal(refused.status, 401)
  assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/)
  assert.equal(refused.headers.get('cache-control'), 'no-store')
  const problem = (await refused.json()) as Record<string, unknown>
  assert.equal(problem.code, 'token_revoked')
  assert.ok(!JSON.stringify(problem).includes('logged_out'), 'the reason is not for the client')
  assert.equal((await it.get('/whoami', other)).status, 200)
  const lifted = await it.publisher.lift({ match: { jti: 'one' }, mode: 'block' })
  await it.api.replica.reached(lifted.cursor)
  assert.equal((await it.get('/whoami', token)).status, 200)
})

test('R18: a stale replica answers 503 with Retry-After, never 401; what is revoked stays 401', async () => {
  await using it = await house()
  const [good, revoked] = [it.mint(), it.mint({ jti: 'one' })]
  const { cursor } = await it.publisher.revoke({ match: { jti: 'one' } })
  await it.api.replica.reached(cursor)
  it.log.faults.freeze()
  it.clock.advance(16_000)
  const response = await it.get('/whoami', good)
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('www-authenticate'), null)
  assert.ok(Number(response.headers.get('retry-after')) >= 1)
  assert.equal((await it.get('/whoami', revoked)).status, 401)
  const ready = await it.get('/readyz')
  assert.equal(ready.status, 503)
  assert.equal(((await ready.json()) as { state: string }).state, 'stale')
  assert.equal((await it.get('/livez')).status, 200)
  it.log.faults.thaw()
})

test('R18: with whenUnknown accept a stale replica lets unrevoked tokens pass', async () => {
  await using it = await house({ whenUnknown: 'accept' })
  it.log.faults.freeze()
  it.clock.advance(16_000)
  assert.equal((await it.get('/whoami', it.mint())).status, 200)
  it.log.faults.thaw()
})

test('it listens before its replica is live, says so, and becomes ready by itself', async () => {
  const clock = manualClock()
  const log = memoryLog({ clock })
  await using issuer = await demoIssuer()
  const api = await startSampleApi({ config: configFor(issuer.jwksUrl), log: log.replicaLog, clock })
  try {
    const ready = await fetch(`${api.url}/readyz`)
    assert.equal(ready.status, 503)
    assert.equal(((await ready.json()) as { state: string }).state, 'starting')
    const headers = { authorization: `Bearer ${issuer.mint(clock.now())}` }
    assert.equal((await fetch(`${api.url}/whoami`, { headers })).status, 503)
    await using _publisher = await testPublisher({ log, clock, issuers: [{ iss: ISS }] })
    await until('ready', async () => (await fetch(`${api.url}/readyz`)).status === 200)
    assert.equal((await fetch(`${api.url}/whoami`, { headers })).status, 200)
  } finally {
    await api.close()
  }
})

test('/replica tells the status, and unknown routes are 404', async () => {
  await using it = await house()
  const status = (await (await it.get('/replica')).json()) as Record<string, unknown>
  assert.equal(status.name, 'api-1')
  assert.equal(status.state, 'live')
  assert.equal(status.entries, 0)
  assert.equal(typeof status.lagMs, 'number')
  assert.equal((await it.get('/nowhere')).status, 404)
})

test('closing answers what is under way first, and is idempotent', async () => {
  await using it = await house()
  const release = it.issuer.hold()
  const underWay = it.get('/whoami', it.mint())
  await until('the request waits for the keys', () => it.issuer.asked() === 1)
  const closed = Promise.all([it.api.close(), it.api.close()])
  await until('nobody new is served', () =>
    it.get('/livez').then(
      () => false,
      () => true,
    ),
  )
  assert.notEqual(it.api.replica.status.state, 'closed', 'the request under way still needs it')
  release()
  const response = await underWay
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('connection'), 'close', 'a connection that stays would hold up the stop')
  await closed
  assert.equal(it.api.replica.status.state, 'closed')
})

test('a port that is taken ends the start, and nothing stays open', async () => {
  const taken = createServer()
  await once(taken.listen(0, '127.0.0.1'), 'listening')
  await using issuer = await demoIssuer()
  try {
    const { port } = taken.address() as AddressInfo
    const config = configFor(issuer.jwksUrl, { port })
    await assert.rejects(
      startSampleApi({ config, log: memoryLog().replicaLog }),
      /ERR_INVALID_OPTION: port \d+ of 127.0.0.1 is taken: set RESCIND_PORT/,
    )
  } finally {
    taken.close()
  }
})

test('GET /metrics tells checks by verdict, how the replica is, tokens by outcome and requests; and no subject', async () => {
  await using it = await house()
  await it.get('/whoami', it.mint({ sub: 'marked-subject' }))
  await it.get('/whoami')
  await it.get('/marked-path')
  const response = await it.get('/metrics')
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  for (const line of [
    // The verifier asks, and the plugin once more (R22).
    'rescind_checks_total{verdict="active"} 2',
    'rescind_checks_total{verdict="unknown",cause="stale"} 0',
    'rescind_replica_state{state="live"} 1',
    'rescind_verifications_total{outcome="verified"} 1',
    'rescind_verifications_total{outcome="no_credentials"} 1',
    'rescind_http_request_duration_seconds_count{method="GET",route="/whoami",status="200"} 1',
    'rescind_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is not in ${text}`)
  }
  assert.match(text, /\nrescind_replica_lag_seconds [\d.e-]+\n/)
  assert.ok(!text.includes('marked'), text)
})

test('whatever is sent, no token, subject or path of it stands in the log, at any level', async () => {
  const lines: string[] = []
  const logger = serviceLogger({ name: 'api', level: 'trace', destination: { write: (line) => void lines.push(line) } })
  await using it = await house({}, logger)
  const tokens = [
    it.mint({ sub: 'marked-sub', jti: 'marked-jti', sid: 'marked-sid' }),
    it.mint({ sub: 'marked-sub', aud: 'marked-aud' }),
    it.mint({ sub: 'marked-sub', iss: 'marked-iss' }),
    it.mint({ sub: 'marked-sub', exp: 1 }),
    it.mint({ sub: 'marked-sub', iat: 'marked' }),
    'marked.marked.marked',
  ]
  for (const token of tokens) await it.get('/whoami', token)
  const { cursor } = await it.publisher.revoke({ match: { sub: 'marked-sub' } })
  await it.api.replica.reached(cursor)
  for (const token of tokens) {
    await it.get('/whoami', token)
    await it.get(`/marked-path/${token}?access_token=${token}`)
    await it.get(`/whoami?access_token=${token}`, token)
    await fetch(`${it.api.url}/whoami`, { method: 'POST', headers: { 'content-type': 'text/marked' }, body: token })
    await fetch(`${it.api.url}/livez`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"marked`,
    })
    await fetch(`${it.api.url}/%marked`)
  }
  assert.ok(lines.length > 5)
  const parts = tokens.flatMap((token) => token.split('.').filter((part) => part.length > 20))
  assert.deepEqual(
    lines.filter((line) => ['marked', ...parts].some((part) => line.includes(part))),
    [],
  )
})
