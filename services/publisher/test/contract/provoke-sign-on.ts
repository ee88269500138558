import assert from 'node:assert/strict'
import { type Clock, systemClock } from '@rescind/protocol'
import { type Harness, KEYS, withPublisher } from '../harness.ts'
import { identityProvider } from '../identity-provider.ts'
import { until } from '../until.ts'
import { CALLS } from './document.ts'
import { goodBody } from './good-requests.ts'
import { RawCall } from './raw-call.ts'

const GUARDED = CALLS.filter(({ operation }) => operation.security.length > 0)

async function allAnswer(harness: Harness, status: number, key: string): Promise<void> {
  for (const { method, path, operation } of GUARDED) {
    const reply = await harness.call(method, path, { body: goodBody(operation), key })
    assert.equal(reply.status, status, `${method} ${path}`)
  }
}

/** Callers without a key, with a wrong one, and with one that may do other things. */
export function provokeCredentials(): Promise<void> {
  return withPublisher({}, async (harness) => {
    await allAnswer(harness, 401, '')
    await allAnswer(harness, 401, 'rsk_unknown')
    for (const { method, path, operation } of GUARDED) {
      const other = Object.values(KEYS).find(({ kept }) => {
        return !kept.scopes.some((scope) => operation.security[0]?.bearer?.includes(scope))
      })
      assert.ok(other)
      const reply = await harness.call(method, path, { body: goodBody(operation), key: other.key })
      assert.equal(reply.status, 403)
    }
    for (const { method, path, operation } of CALLS) {
      if (operation.security.length > 0) continue
      assert.equal((await harness.call(method, path, { key: '' })).status, 200, `${path} is open to all`)
    }
  })
}

/** Tokens whose issuer hides its keys, and tokens of which nobody can tell whether they were revoked. */
export async function provokeTokenOutages(): Promise<void> {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin, staleAfterMs: 1_000, proveEveryMs: 100 } }, async (harness) => {
    const stale = async () => (await harness.notReady()).replica
    const key = idp.mint()
    assert.equal((await harness.call('GET', '/v1/replicas', { key })).status, 200)
    harness.log.faults.freeze()
    await until('the own replica is stale', stale)
    await allAnswer(harness, 503, key)
    harness.log.faults.thaw()
  })
  await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
    idp.breakDown()
    await allAnswer(harness, 503, idp.mint())
  })
}

/** Principals who ask too often, while no time passes, and connections with too many requests at once. */
export async function provokeRates(): Promise<void> {
  let stoppedAtMs: number | undefined
  const clock: Clock = { now: () => systemClock.now(), monotonic: () => stoppedAtMs ?? systemClock.monotonic() }
  await withPublisher({ clock, config: { rateLimit: 1, staleAfterMs: 600_000 } }, async (harness) => {
    stoppedAtMs = systemClock.monotonic()
    assert.equal((await harness.call('GET', '/v1/replicas')).status, 200)
    await allAnswer(harness, 429, KEYS.admin.key)
  })
  await withPublisher({ config: { http: { maxUnanswered: 1 } } }, async ({ publisher }) => {
    for (const { method, path } of CALLS) {
      const call = await RawCall.open(publisher.url, method, path)
      call.beginBehindAnother('\r\n')
      assert.equal(await call.answer(), 429)
    }
  })
}
