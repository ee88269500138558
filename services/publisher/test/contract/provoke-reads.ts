import assert from 'node:assert/strict'
import { memoryLog } from '@rescind/log'
import { type Clock, systemClock } from '@rescind/protocol'
import { openReplica } from '@rescind/subscriber'
import { openEvents } from '../events.ts'
import { type Harness, ISS, withPublisher } from '../harness.ts'
import { until } from '../until.ts'
import { CALLS } from './document.ts'
import { goodBody } from './good-requests.ts'

/** Everything that is answered while all is well. */
export function provokeSuccesses(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const first = await harness.revoke({ iss: ISS, match: { sub: 'ann' } })
    for (const { method, path: template, operation } of CALLS) {
      const path = template.startsWith('/v1/replicas')
        ? template.replace('{id}', await ownReplica(harness))
        : template.replace('{id}', first.body.revocations[0].id)
      if (path === '/v1/events') {
        await using events = await openEvents(harness)
        await events.until('the head of the stream', () => events.text !== '')
        continue
      }
      const reply = await harness.call(method, path, { body: goodBody(operation) })
      assert.ok(reply.status < 300, `${method} ${path}: ${reply.status}`)
      const tag = reply.headers.get('etag')
      if (tag) assert.equal((await harness.call(method, path, { headers: { 'if-none-match': tag } })).status, 304)
    }
    const nowSec = Math.floor(systemClock.now() / 1000)
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, reason: 'password_changed' })
    const times = { iat: nowSec, exp: nowSec + 60 }
    const verdicts = [
      await harness.verdict({ iss: ISS, sub: 'bob', ...times }),
      await harness.verdict({ iss: ISS, sub: 'ann', ...times }),
      await harness.verdict({ iss: 'https://nobody.example', sub: 'ann', ...times }),
    ]
    assert.deepEqual(
      verdicts.map((verdict) => (verdict as { kind: string }).kind),
      ['active', 'revoked', 'unknown'],
    )
    assert.equal((await harness.call('GET', '/readyz?verbose')).body.checks.length, 7)
    await until('the own replica says what it has applied', async () => {
      const [own] = (await harness.call('GET', '/v1/replicas')).body.replicas
      return own?.cursor?.frameId && own.digest
    })
  })
}

/** The id of the replica that is always there. */
async function ownReplica(harness: Harness): Promise<string> {
  const own = await until('the own replica has said something', async () => {
    return (await harness.call('GET', '/v1/replicas')).body.replicas[0]
  })
  return own.id
}

/** A replica that follows, and a request that waits for it. */
export function provokeReceipts(): Promise<void> {
  return withPublisher({ config: { staleAfterMs: 1_000 } }, async (harness) => {
    const given = { name: 'orders', bootstrap: 'log', whenUnknown: 'reject', staleAfterMs: 1_000 } as const
    const replica = await openReplica({ log: harness.log.replicaLog, ...given })
    try {
      const revocation = { iss: ISS, match: { sub: 'ann' }, reason: 'password_changed' }
      const path = '/v1/revocations?wait=enforced&timeoutMs=30000'
      const { status, body } = await harness.call('POST', path, { body: revocation })
      assert.deepEqual([status, body.state, body.receipt.confirmed.length], [201, 'enforced', 1])
      const shown = await harness.call('GET', `/v1/revocations/${body.revocations[0].id}`)
      assert.equal(shown.body.receipt.confirmed.length, 1)
      assert.equal((await harness.call('DELETE', '/v1/replicas/nobody')).status, 404)
    } finally {
      await replica.close()
    }
  })
}

/** A snapshot that nobody can vouch for. */
export function provokeNoSnapshot(): Promise<void> {
  const log = memoryLog()
  log.faults.disconnect()
  return withPublisher({ log, untilReady: false }, async (harness) => {
    for (const method of ['GET', 'HEAD']) assert.equal((await harness.call(method, '/v1/snapshot')).status, 503)
  })
}

/** A clock that fails whoever looks at it in the course of a request, and nobody else. */
function brokenForRoutes(): Clock & { broken: boolean } {
  const check = (): void => {
    if (clock.broken && new Error().stack?.includes('/src/routes/')) throw new TypeError('the clock is broken')
  }
  const clock = {
    broken: false,
    now() {
      check()
      return systemClock.now()
    },
    monotonic() {
      check()
      return systemClock.monotonic()
    },
  }
  return clock
}

/** A defect that nobody foresaw, in every call that depends on anything. */
export function provokeDefects(): Promise<void> {
  const clock = brokenForRoutes()
  return withPublisher({ clock }, async (harness) => {
    clock.broken = true
    for (const { method, path, operation } of CALLS) {
      if (!('500' in operation.responses)) continue
      assert.equal((await harness.call(method, path, { body: goodBody(operation) })).status, 500, `${method} ${path}`)
    }
  })
}
