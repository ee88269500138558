import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReplica } from '@rescind/subscriber'
import { manualClock, memoryLog, testPublisher } from '@rescind/subscriber/testing'
import { createVerifier, type Refused } from '../src/index.ts'
import { AUD, ISS, MAX_EXPIRY_MS, mint, mintKey, START_SEC } from './token-mint.ts'

/** A verifier with a real replica behind it, which follows a log in memory. */
async function verifierOnLog() {
  const clock = manualClock(START_SEC * 1_000)
  const log = memoryLog({ clock })
  const publisher = await testPublisher({ log, clock, issuers: [{ iss: ISS, maxExpiryMs: MAX_EXPIRY_MS }] })
  const replica = await openReplica({ log: log.replicaLog, bootstrap: 'log', whenUnknown: 'reject', clock })
  const key = await mintKey('ES256', 'e1')
  const issuer = { iss: ISS, audience: AUD, algorithms: ['ES256'] as const, maxExpiryMs: MAX_EXPIRY_MS }
  const verifier = createVerifier({ replica, clock, issuers: [{ ...issuer, jwks: { keys: [key.publicJwk] } }] })
  return {
    clock,
    log,
    replica,
    mint: (claims?: object) => mint(key, claims),
    revoke: async (body: object) => replica.reached((await publisher.revoke(body)).cursor),
    codeOf: async (token: string, options?: Parameters<typeof verifier.verifyToken>[1]) => {
      const result = await verifier.verifyToken(token, options)
      return result.kind === 'refused' ? result.code : result.kind
    },
    refusalOf: async (token: string) => (await verifier.verifyToken(token)) as Refused,
    async [Symbol.asyncDispose]() {
      await replica.close()
      await publisher.close()
    },
  }
}

test('R22: a token that was verified a moment ago is refused once its revocation is applied', async () => {
  await using it = await verifierOnLog()
  const token = await it.mint({ jti: 'one' })
  assert.equal(await it.codeOf(token), 'verified')
  await it.revoke({ match: { jti: 'one' } })
  const refused = await it.refusalOf(token)
  assert.deepEqual([refused.status, refused.code, refused.verdict?.kind], [401, 'token_revoked', 'revoked'])
  assert.match(refused.challenge, /^Bearer error="invalid_token", error_description="[^"]+"$/)
  assert.equal(await it.codeOf(await it.mint({ jti: 'two' })), 'verified')
})

test('R4: after a cutoff the old tokens die, and one issued from reissueNotBefore on passes', async () => {
  await using it = await verifierOnLog()
  await it.revoke({ match: { sub: 'ann' }, reason: 'password_changed' })
  assert.equal(await it.codeOf(await it.mint()), 'token_revoked')
  it.clock.advance(1_000)
  assert.equal(await it.codeOf(await it.mint({ iat: START_SEC + 1, exp: START_SEC + 600 })), 'verified')
})

test('R5: a revoked key is refused by the kid of the header that chose it', async () => {
  await using it = await verifierOnLog()
  await it.revoke({ match: { kid: 'e1' } })
  assert.equal(await it.codeOf(await it.mint()), 'token_revoked')
})

test('R18: a stale replica is 503 for what is not revoked, unless this call accepts it; a closed one always is', async () => {
  await using it = await verifierOnLog()
  const token = await it.mint()
  it.log.faults.freeze()
  it.clock.advance(16_000)
  const refused = await it.refusalOf(token)
  assert.deepEqual([refused.status, refused.code, refused.challenge], [503, 'revocation_state_unavailable', ''])
  assert.ok((refused.retryAfterSec ?? 0) >= 1)
  assert.equal(await it.codeOf(token, { whenUnknown: 'accept' }), 'verified')
  it.log.faults.thaw()
  await it.replica.close()
  assert.equal(await it.codeOf(token, { whenUnknown: 'accept' }), 'revocation_state_unavailable')
})
