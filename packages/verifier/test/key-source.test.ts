import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { JWK } from 'jose'
import { createVerifier, type Refused } from '../src/index.ts'
import { AUD, clockAtStart, ISS, MAX_EXPIRY_MS, mint, mintKey, replicaThat } from './token-mint.ts'

/** An issuer's JWKS endpoint whose answer the test chooses. */
async function jwksServer(answer: { status: number; body: string }) {
  let fetched = 0
  const server: Server = createServer((_request, response) => {
    fetched += 1
    response.writeHead(answer.status, { 'Content-Type': 'application/json', Connection: 'close' }).end(answer.body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    uri: `http://127.0.0.1:${port}/jwks?key=secret`,
    fetched: () => fetched,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const answerWith = (...keys: JWK[]) => ({ status: 200, body: JSON.stringify({ keys }) })

function verifierAt(jwksUri: string, jwksTimeoutMs = 5_000) {
  const clock = clockAtStart()
  const { replica } = replicaThat()
  const issuer = { iss: ISS, audience: AUD, algorithms: ['ES256'] as const, maxExpiryMs: MAX_EXPIRY_MS, jwksUri }
  return { verifier: createVerifier({ replica, clock, jwksTimeoutMs, issuers: [issuer] }), clock }
}

test('keys are fetched once, chosen by kid, and kept', async () => {
  const [one, two] = await Promise.all([mintKey('ES256', 'k1'), mintKey('ES256', 'k2')])
  await using server = await jwksServer(answerWith(one.publicJwk, two.publicJwk))
  const { verifier } = verifierAt(server.uri)
  const results = await Promise.all(
    [one, two, one].map(async (key) => (await verifier.verifyToken(await mint(key))).kind),
  )
  assert.deepEqual(results, ['verified', 'verified', 'verified'])
  assert.equal(server.fetched(), 1)
  const unknown = (await verifier.verifyToken(await mint(one, {}, { kid: 'k3' }))) as Refused
  assert.deepEqual([unknown.status, unknown.code], [401, 'key_unknown'])
  const ambiguous = (await verifier.verifyToken(await mint(one, {}, { kid: undefined }))) as Refused
  assert.deepEqual([ambiguous.status, ambiguous.code], [401, 'key_unknown'])
})

test('an issuer whose keys cannot be had is our outage: 503 with Retry-After, never 401', async () => {
  const key = await mintKey('ES256', 'k1')
  const token = await mint(key)
  for (const answer of [
    { status: 500, body: '' },
    { status: 302, body: '' },
    { status: 200, body: 'no json' },
    { status: 200, body: '{"keys":1}' },
  ]) {
    await using server = await jwksServer(answer)
    const refused = (await verifierAt(server.uri).verifier.verifyToken(token)) as Refused
    assert.deepEqual([refused.status, refused.code, refused.challenge], [503, 'keys_unavailable', ''], answer.body)
    assert.ok((refused.retryAfterSec ?? 0) >= 1)
    assert.doesNotMatch(String(refused.cause), /secret/, 'the query of the JWKS URL may hold a credential')
  }
})

test('an issuer that is down or hangs is our outage too', async () => {
  const token = await mint(await mintKey('ES256', 'k1'))
  const gone = await jwksServer(answerWith())
  await gone[Symbol.asyncDispose]()
  assert.equal(((await verifierAt(gone.uri).verifier.verifyToken(token)) as Refused).code, 'keys_unavailable')

  const silent = createServer(() => {})
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = silent.address() as AddressInfo
    const { verifier } = verifierAt(`http://127.0.0.1:${port}/`, 100)
    assert.equal(((await verifier.verifyToken(token)) as Refused).code, 'keys_unavailable')
  } finally {
    silent.closeAllConnections()
    silent.close()
  }
})

test('while the issuer is down it is asked at most once a second, and then it heals', async () => {
  const key = await mintKey('ES256', 'k1')
  const token = await mint(key)
  const answer = { status: 500, body: '' }
  await using server = await jwksServer(answer)
  const { verifier, clock } = verifierAt(server.uri)
  for (let call = 0; call < 5; call += 1) {
    assert.equal(((await verifier.verifyToken(token)) as Refused).code, 'keys_unavailable')
  }
  assert.equal(server.fetched(), 1)
  Object.assign(answer, answerWith(key.publicJwk))
  clock.advance(1_000)
  assert.equal((await verifier.verifyToken(token)).kind, 'verified')
  assert.equal(server.fetched(), 2)
})
