import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { type MintedToken, startDemoIssuer } from '../src/index.ts'

const ISS = 'https://issuer.example'

test('its tokens verify with the keys that it serves, whoever asked for them', async () => {
  const issuer = await startDemoIssuer(ISS)
  try {
    const keys = createRemoteJWKSet(new URL(issuer.jwksUrl))
    const plain = await (await fetch(`${issuer.tokenUrl}?sub=bob`)).text()
    const asJson = await fetch(`${issuer.tokenUrl}?sub=carol`, { headers: { accept: 'application/json' } })
    assert.equal(asJson.headers.get('cache-control'), 'no-store')
    const json = (await asJson.json()) as MintedToken
    const own = await issuer.mint({ sub: 'ann' })
    for (const [sub, token] of Object.entries({ ann: own.token, bob: plain, carol: json.token })) {
      const { payload } = await jwtVerify(token, keys, { issuer: ISS, audience: issuer.audience })
      assert.equal(payload.sub, sub)
    }
    const { sub, jti, iat } = decodeJwt(json.token)
    assert.deepEqual({ sub, jti, iat }, { sub: json.sub, jti: json.jti, iat: json.iat })
  } finally {
    await issuer.close()
  }
})

test('a session and an application are put into the token if they are asked for, and nothing else is', async () => {
  const issuer = await startDemoIssuer(ISS)
  try {
    const claims = { sub: 'ann', sid: 's1', client_id: 'app' }
    const query = new URLSearchParams({ ...claims, admin: 'true' })
    const answer = await fetch(`${issuer.tokenUrl}?${query}`, { headers: { accept: 'application/json' } })
    for (const { token } of [(await answer.json()) as MintedToken, await issuer.mint(claims)]) {
      const { sub, sid, client_id, admin } = decodeJwt(token)
      assert.deepEqual({ sub, sid, client_id, admin }, { ...claims, admin: undefined })
    }
    assert.equal((await fetch(`${issuer.tokenUrl}?sid=${'a'.repeat(1_025)}`)).status, 414)
  } finally {
    await issuer.close()
  }
})

test('the private key is in no answer, and what is not there is refused', async () => {
  const issuer = await startDemoIssuer(ISS, { audience: 'other' })
  try {
    assert.equal(issuer.audience, 'other')
    const jwks = (await (await fetch(issuer.jwksUrl)).json()) as { keys: object[] }
    assert.deepEqual(
      jwks.keys.map((key) => Object.keys(key).sort()),
      [['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
    )
    const status = async (path: string, init?: RequestInit) => (await fetch(issuer.url + path, init)).status
    assert.equal(await status('/livez'), 200)
    assert.equal(await status('/'), 404)
    assert.equal(await status('/token', { method: 'POST' }), 405)
    assert.equal(await status(`/token?sub=${'a'.repeat(1_025)}`), 414)
    assert.equal(await rawStatus(issuer.url, 'GET :x HTTP/1.1'), 'HTTP/1.1 400 Bad Request')
  } finally {
    await issuer.close()
  }
})

test('a connection that is kept alive does not hold up the stop, which is idempotent', async () => {
  const issuer = await startDemoIssuer(ISS)
  assert.equal((await fetch(`${issuer.url}/livez`)).headers.get('connection'), 'keep-alive')
  await Promise.all([issuer.close(), issuer.close()])
  await assert.rejects(fetch(issuer.url))
})

/** The status line to a request that fetch() would not send. */
async function rawStatus(url: string, requestLine: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  socket.write(`${requestLine}\r\nHost: issuer\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer.split('\r\n')[0] ?? ''
}
