import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from '@rescind/protocol'
import { createLogger } from '../src/logger.ts'
import { type Harness, ISS, KEYS, withPublisher } from './harness.ts'
import { identityProvider } from './identity-provider.ts'

const BODY = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }

/** The machine's clocks until it stops: from then on no rate recovers, however busy the machine is. */
function stoppable(): Clock & { stop(): void } {
  let stoppedAtMs: number | undefined
  return {
    now: () => systemClock.now(),
    monotonic: () => stoppedAtMs ?? systemClock.monotonic(),
    stop() {
      stoppedAtMs = systemClock.monotonic()
    },
  }
}

async function statuses(harness: Harness, key: string, times: number): Promise<number[]> {
  const found: number[] = []
  for (let n = 0; n < times; n++) found.push((await harness.call('GET', '/v1/replicas', { key })).status)
  return found
}

test('whoever asks too often gets 429 with Retry-After, and nobody else does', async () => {
  await using idp = await identityProvider()
  const clock = stoppable()
  const lines: string[] = []
  const logger = createLogger('warn', { write: (line) => void lines.push(line) })
  const config = { rateLimit: 3, admin: idp.admin, staleAfterMs: 600_000 }
  await withPublisher({ clock, config, logger }, async (harness) => {
    clock.stop()
    assert.deepEqual(await statuses(harness, KEYS.admin.key, 5), [200, 200, 200, 429, 429])
    const reply = await harness.revoke(BODY)
    assert.deepEqual([reply.status, reply.body.code, reply.headers.get('retry-after')], [429, 'rate_limited', '1'])
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
    // The key "admin" and the token of "admin" are two, as are two tokens of one admin not.
    const token = () => idp.mint({ sub: 'admin' })
    assert.deepEqual(await statuses(harness, token(), 2), [200, 200])
    assert.deepEqual(await statuses(harness, token(), 2), [200, 429])
    assert.deepEqual(await statuses(harness, KEYS.reader.key, 1), [200])
    for (const path of ['/livez', '/readyz']) {
      for (let n = 0; n < 5; n++) assert.equal((await harness.call('GET', path)).status, 200, 'health is not limited')
    }
  })
  const about = lines.filter((line) => line.includes('"rate_limited"'))
  assert.equal(about.length, 2, 'one line about each of them')
  assert.match(about[0] ?? '', /"principal":"admin"/)
})

test('what lacks the scope counts, too; before the body is looked at', async () => {
  const clock = stoppable()
  await withPublisher({ clock, config: { rateLimit: 2, staleAfterMs: 600_000 } }, async (harness) => {
    clock.stop()
    const found: number[] = []
    for (let n = 0; n < 3; n++) found.push((await harness.revoke('{', {}, KEYS.reader.key)).status)
    assert.deepEqual(found, [403, 403, 429])
  })
})

test('0 turns it off', async () => {
  const clock = stoppable()
  await withPublisher({ clock, config: { rateLimit: 0, staleAfterMs: 600_000 } }, async (harness) => {
    clock.stop()
    const found = new Set(await statuses(harness, KEYS.admin.key, 50))
    assert.deepEqual([...found], [200])
  })
})

test('refusals are counted by the peer; by what X-Forwarded-For says only if the peer is a trusted proxy', async () => {
  const ask = async (harness: Harness, from: string, times: number) => {
    const asked = Array.from({ length: times }, (_, n) => {
      const headers = { 'x-forwarded-for': from.replace('#', String(n)) }
      return harness.call('GET', '/v1/replicas', { key: 'rsk_wrong', headers })
    })
    return (await Promise.all(asked)).filter(({ status }) => status === 429).length
  }
  const clock = stoppable()
  const trusting = { trustedProxies: ['127.0.0.0/8'], staleAfterMs: 600_000 }
  await withPublisher({ clock, config: trusting }, async (harness) => {
    clock.stop()
    assert.equal(await ask(harness, '198.51.100.1', 101), 1)
    assert.equal(await ask(harness, '198.51.100.2', 100), 0)
    // Only the last address was written by the proxy.
    assert.equal(await ask(harness, '203.0.113.9, 198.51.100.2', 1), 1)
    assert.equal(await ask(harness, 'unknown-#', 101), 1, 'that is no address: the peer counts')
  })
  const other = stoppable()
  await withPublisher({ clock: other, config: { staleAfterMs: 600_000 } }, async (harness) => {
    other.stop()
    assert.equal(await ask(harness, '198.51.100.1', 100), 0)
    assert.equal(await ask(harness, '198.51.100.2', 1), 1)
  })
})
