import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock, systemClock } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import { AdminTokens } from '../src/admin-tokens.ts'
import { KeyRing } from '../src/keys.ts'
import { Problem } from '../src/problems.ts'
import { RateLimit } from '../src/rate-limit.ts'
import { SignOn } from '../src/sign-on.ts'
import { ISSUERS, KEYS } from './harness.ts'
import { goodClaims, identityProvider, signed, signingKey } from './identity-provider.ts'

type Refusal = ReturnType<Replica['refusal']>

const REVOKED: Refusal = {
  status: 401,
  code: 'token_revoked',
  challenge: '',
  verdict: { kind: 'revoked', reason: 'other', mode: 'block', claims: ['sub'] },
}
const STALE: Refusal = {
  status: 503,
  code: 'revocation_state_unavailable',
  challenge: '',
  retryAfterSec: 5,
  verdict: { kind: 'unknown', cause: 'stale' },
}

/** Signing on with two refusals a second for each network, and a replica that says what it is told. */
async function signOn() {
  const clock = manualClock()
  const key = signingKey('k1')
  const idp = await identityProvider([key])
  const it = { clock, idp, refusal: undefined as Refusal, forge: () => signed(signingKey('k1'), goodClaims()) }
  const replica: Pick<Replica, 'refusal'> = {
    refusal: (_token, options) =>
      it.refusal?.status === 503 && options?.whenUnknown !== 'reject' ? undefined : it.refusal,
  }
  const tokens = new AdminTokens({ admin: idp.admin, issuers: ISSUERS, replica, clock: systemClock })
  const refusals = new RateLimit({ perSec: 2, maxNames: 10, clock })
  const signing = new SignOn({ keys: new KeyRing([KEYS.admin.kept]), tokens, refusals })
  return {
    ...it,
    tokens,
    refuse(refusal: Refusal) {
      it.refusal = refusal
    },
    /** Name of the principal, or status of the refusal. */
    async as(credential: string, address = '192.0.2.1'): Promise<string | number> {
      try {
        return (await signing.authenticate(`Bearer ${credential}`, address)).name
      } catch (error) {
        assert.ok(error instanceof Problem)
        if (error.status === 429) assert.equal(error.headers['retry-after'], '1')
        return error.status
      }
    },
    async [Symbol.asyncDispose]() {
      await idp[Symbol.asyncDispose]()
    },
  }
}

test('after so many refusals a network gets 429 without a look, until a second has passed', async () => {
  await using it = await signOn()
  assert.deepEqual([await it.as(it.forge()), await it.as('rsk_wrong')], [401, 401])
  assert.deepEqual([await it.as(it.forge()), await it.as('rsk_wrong')], [429, 429])
  assert.equal(await it.as(it.forge(), '192.0.2.2'), 401, 'another network has its own')
  it.clock.advance(500)
  assert.deepEqual([await it.as(it.forge()), await it.as(it.forge())], [401, 429])
})

test('a thousand at once are no way around it: a look is taken before, not after', async () => {
  await using it = await signOn()
  const asked = await Promise.all(Array.from({ length: 50 }, () => it.as(it.forge())))
  assert.equal(asked.filter((status) => status === 401).length, 2)
  assert.equal(asked.filter((status) => status === 429).length, 48)
})

test('whoever is known goes on, however many strangers come through the same load balancer', async () => {
  await using it = await signOn()
  const [known, fresh] = [it.idp.mint(), it.idp.mint()]
  assert.equal(await it.as(known), 'jwt:root')
  for (let n = 0; n < 5; n++) await it.as(it.forge())
  assert.equal(await it.as(known), 'jwt:root', 'a token that was good')
  assert.equal(await it.as(KEYS.admin.key), 'admin', 'a configured key')
  assert.equal(await it.as(fresh), 429, 'a token that was never seen waits')
  it.clock.advance(1_000)
  assert.equal(await it.as(fresh), 'jwt:root')
})

test('good tokens cost no refusal, however many there are', async () => {
  await using it = await signOn()
  for (let n = 0; n < 10; n++) assert.equal(await it.as(it.idp.mint()), 'jwt:root')
})

test('R22: a token that was good is verified again on every call, and once refused is known no more', async () => {
  await using it = await signOn()
  const token = it.idp.mint()
  assert.equal(await it.as(token), 'jwt:root')
  it.refuse(REVOKED)
  assert.equal(await it.as(token), 401)
  assert.deepEqual([await it.as(token), await it.as(token), await it.as(token)], [401, 401, 429])
})

test('an outage of ours is no refusal of theirs', async () => {
  await using it = await signOn()
  const token = it.idp.mint()
  assert.equal(await it.as(token), 'jwt:root')
  it.refuse(STALE)
  for (let n = 0; n < 5; n++) assert.equal(await it.as(it.idp.mint()), 503)
  for (let n = 0; n < 5; n++) assert.equal(await it.as(token), 503)
  it.refuse(undefined)
  assert.deepEqual([await it.as(token), await it.as(it.idp.mint())], ['jwt:root', 'jwt:root'])
})

test('R22: a principal can be asked again whether its token is revoked by now', async () => {
  await using it = await signOn()
  const principal = await it.tokens.principalOf(it.idp.mint())
  principal.confirm?.()
  it.refuse(REVOKED)
  assert.throws(() => principal.confirm?.(), { code: 'invalid_credentials', status: 401 })
  it.refuse(STALE)
  assert.throws(() => principal.confirm?.(), { code: 'revocation_state_unavailable', headers: { 'retry-after': '5' } })
})
