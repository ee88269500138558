import assert from 'node:assert/strict'
import { memoryLog, type PublisherLog } from '@rescind/log'
import { RescindError, systemClock } from '@rescind/protocol'
import type { OpenDatabase } from '../../src/store/database.ts'
import { openLevel } from '../../src/store/level-database.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type Harness, ISS, ISSUERS, intercept, shiftedClock, withPublisher } from '../harness.ts'
import { until } from '../until.ts'
import { CALLS, type DocumentedCall } from './document.ts'
import { goodBody } from './good-requests.ts'

const WRITES = CALLS.filter(
  ({ operation }) => operation.requestBody && operation.security[0]?.bearer?.includes('revocations:write'),
)

/** In the words of NATS. */
const FULL = 'the broker did not store the frame: maximum bytes exceeded (10077)'

const MATCH = { iss: ISS, match: { sub: 'ann' } }

async function allAnswer(harness: Harness, status: number, code?: string, headers: object = {}): Promise<void> {
  for (const { method, path, operation } of WRITES) {
    const reply = await harness.call(method, path, { body: goodBody(operation), headers })
    assert.deepEqual([reply.status, reply.body.code], [status, code], `${path}: ${reply.text}`)
  }
}

/** Bodies that break the rules, each in the way that its example shows. */
export function provokeRules(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const refused: [string, unknown, string][] = [
      ['/v1/revocations', { iss: ISS, match: { sub: 1.5 }, mode: 'ban' }, 'invalid_revocation'],
      ['/v1/revocations', Array(5_000).fill(MATCH), 'frame_too_large'],
      ['/v1/revocations', { iss: ISS, match: {} }, 'confirmation_required'],
      ['/v1/lifts', MATCH, 'invalid_lift'],
      ['/v1/check', {}, 'invalid_check'],
    ]
    for (const [path, body, code] of refused) {
      assert.equal((await harness.call('POST', path, { body })).body.code, code)
    }
    for (const { method, path, operation } of WRITES) {
      const reply = await harness.call(method, `${path}?wait=enforced&timeoutMs=60000`, { body: goodBody(operation) })
      assert.equal(reply.body.code, 'invalid_parameter')
    }
  })
}

/** Keys that are none, that are repeated, that belong to another body, and whose first request is still running. */
export function provokeIdempotency(): Promise<void> {
  return withPublisher({ config: { staleAfterMs: 60_000 } }, async (harness) => {
    await allAnswer(harness, 422, 'invalid_idempotency_key', { 'idempotency-key': 'a b' })
    for (const call of WRITES) await repeat(harness, call)
  })
}

async function repeat(harness: Harness, { method, path, operation }: DocumentedCall): Promise<void> {
  const ask = (body: unknown, key: string) => harness.call(method, path, { body, headers: { 'idempotency-key': key } })
  const body = goodBody(operation)
  assert.equal((await ask(body, path)).status, 201)
  assert.equal((await ask(body, path)).headers.get('idempotency-replayed'), 'true')
  assert.equal((await ask({}, path)).body.code, 'idempotency_key_reused')
  harness.log.faults.freeze()
  const slow = `slow:${path}`
  const running = ask(body, slow)
  await until('the first came in', async () => (await ask({}, slow)).body.code === 'idempotency_key_reused')
  assert.equal((await ask(body, slow)).body.code, 'idempotency_key_in_use')
  harness.log.faults.thaw()
  assert.equal((await running).status, 201)
}

/** What is expired already is nothing to do, also the second time. */
export function provokeNothingToDo(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const ask = () =>
      harness.revoke({ iss: ISS, match: { jti: '8f0e3c1a' }, tokenExp: 1_769_000_000 }, { 'idempotency-key': 'k' })
    assert.equal((await ask()).body.state, 'nothing_to_do')
    assert.equal((await ask()).headers.get('idempotency-replayed'), 'true')
  })
}

/** A log that was never reached, that is full, a replica that is, and a disk that fails. */
export async function provokeOutages(): Promise<void> {
  const away = memoryLog()
  away.faults.disconnect()
  await withPublisher({ log: away, untilReady: false }, async (harness) => {
    for (const { path, operation } of WRITES) {
      const ask = () =>
        harness.call('POST', path, { body: goodBody(operation), headers: { 'idempotency-key': `k:${path}` } })
      const { status, body } = await ask()
      assert.equal(status, 202)
      assert.equal((await ask()).headers.get('idempotency-replayed'), 'true')
      if (path !== '/v1/revocations') continue
      const shown = await harness.call('GET', `/v1/revocations/${body.revocations[0].id}`)
      assert.equal(shown.body.state, 'recorded')
    }
  })

  let isFull = false
  const wrap = (log: PublisherLog): PublisherLog =>
    intercept(log, (connection) => ({
      async append(bytes, options) {
        if (isFull) throw new RescindError('ERR_LOG_FULL', FULL)
        return connection.append(bytes, options)
      },
    }))
  await withPublisher({ wrap }, (harness) => {
    isFull = true
    return allAnswer(harness, 507, 'log_full')
  })

  await withPublisher({ config: { maxEntries: 1, issuers: ISSUERS.slice(0, 1) } }, async (harness) => {
    assert.equal((await harness.revoke({ match: { sub: 'a' } })).status, 201)
    await allAnswer(harness, 507, 'store_full')
  })

  const disk = failingDisk()
  await withPublisher({ openStore: disk.openStore }, (harness) => {
    disk.fail()
    return allAnswer(harness, 503, 'store_unavailable')
  })
}

/** A Store whose writes fail from now on. */
function failingDisk() {
  let fails = false
  const failing: typeof openStore = async (options) => {
    const store = await openStore(options)
    const { write } = store
    store.write = async (change, how) => {
      if (fails) throw new RescindError('ERR_STORE_FAILED', 'the disk failed: input/output error')
      await write.call(store, change, how)
    }
    return store
  }
  const fail = () => {
    fails = true
  }
  return { openStore: failing, fail }
}

/** A clock that is set off. */
export function provokeClockSkew(): Promise<void> {
  const clock = shiftedClock()
  return withPublisher({ clock }, async (harness) => {
    clock.offsetMs = 7_000
    await allAnswer(harness, 202)
    assert.equal((await harness.call('GET', '/readyz')).status, 503)
  })
}

/** A disk that fails whoever asks it. */
export function provokeDiskFailures(): Promise<void> {
  let isBroken = false
  const check = (): void => {
    if (isBroken) throw new Error('input/output error')
  }
  const openDatabase: OpenDatabase = async (folder) => {
    check()
    const database = await openLevel(folder)
    return {
      async write(operations, durably) {
        check()
        await database.write(operations, durably)
      },
      async getMany(keys) {
        check()
        return await database.getMany(keys)
      },
      getNow: (key) => database.getNow(key),
      entries(range) {
        check()
        return database.entries(range)
      },
      close: () => database.close(),
    }
  }
  return withPublisher({ openStore: (options) => openStore(options, openDatabase) }, async (harness) => {
    await harness.revoke({ iss: ISS, match: { sub: 'ann' } })
    const own = await until('the own replica has said something', async () => {
      return (await harness.call('GET', '/v1/replicas')).body.replicas[0]
    })
    isBroken = true
    // First who only reads: a write that fails closes the database for a while.
    const nowSec = Math.floor(systemClock.now() / 1000)
    const claims = { iss: ISS, sub: 'ann', iat: nowSec - 60, exp: nowSec + 60 }
    const asked = [
      await harness.call('GET', '/v1/revocations'),
      await harness.call('GET', '/v1/revocations/nothing'),
      await harness.call('GET', '/v1/audit'),
      await harness.call('POST', '/v1/check', { body: { claims } }),
      await harness.call('DELETE', `/v1/replicas/${own.id}`),
    ]
    assert.deepEqual(
      asked.map(({ body }) => body.code),
      Array(asked.length).fill('store_unavailable'),
    )
    await allAnswer(harness, 503, 'store_unavailable')
    isBroken = false
  })
}
