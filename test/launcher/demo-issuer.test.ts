import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { demoIssuerAt, startDemoIssuer } from './demo-issuer.ts'

test('an issuer that runs elsewhere is asked over HTTP, and knows what one revokes its tokens by', async () => {
  const running = await startDemoIssuer('https://issuer.example')
  try {
    const { iss, audience } = running
    const remote = demoIssuerAt(running.url, { iss, audience })
    const { token, sub, jti, iat } = await remote.mint({ sub: 'a & b' })
    const keys = createRemoteJWKSet(new URL(remote.jwksUrl))
    const { payload } = await jwtVerify(token, keys, { issuer: iss, audience })
    assert.deepEqual({ sub: payload.sub, jti: payload.jti, iat: payload.iat }, { sub: 'a & b', jti, iat })
    assert.equal(sub, 'a & b')
    await assert.rejects(remote.mint({ sub: 'a'.repeat(5_000) }), /answers 414/)
    await remote.close()
    assert.equal((await fetch(remote.jwksUrl)).status, 200, 'it goes on: who started it closes it')
  } finally {
    await running.close()
  }
})
