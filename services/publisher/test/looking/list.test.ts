import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { openReplica } from '@rescind/subscriber'
import { type Harness, ISS, KEYS, OTHER_ISS, withPublisher } from '../harness.ts'
import { until } from '../until.ts'

const nowSec = () => Math.floor(systemClock.now() / 1000)

async function idsOf(harness: Harness, query: string): Promise<string[]> {
  const { status, text, body } = await harness.call('GET', `/v1/revocations?${query}`)
  assert.equal(status, 200, text)
  return body.revocations.map(({ id }: { id: string }) => id)
}

async function made(harness: Harness, body: object, key = KEYS.admin.key): Promise<string> {
  const reply = await harness.revoke(body, {}, key)
  assert.equal(reply.status, 201, reply.text)
  return reply.body.revocations[0].id
}

test('revocations are found by issuer, claims of their match, mode, reason, actor, time and state, the newest first', () =>
  withPublisher({}, async (harness) => {
    const ann = await made(harness, { iss: ISS, match: { sub: 'ann' }, reason: 'password_changed', note: 'asked for' })
    const app = await made(harness, { iss: ISS, match: { sub: 'ann', client_id: 'app' }, onBehalfOf: 'eve' })
    const text = await made(harness, { iss: ISS, match: { sub: '42' }, mode: 'block' }, KEYS.second.key)
    const number = await made(harness, { iss: ISS, match: { n: 42, vip: true } })
    const other = await made(harness, { iss: OTHER_ISS, match: { sub: 'ann' }, except: { sid: ['s1'] } })
    await harness.lift({ iss: ISS, match: { sub: '42' }, mode: 'block' })
    const cases: [string, string[]][] = [
      ['', [other, number, text, app, ann]],
      [`iss=${encodeURIComponent(ISS)}`, [number, text, app, ann]],
      ['claim.sub=ann', [other, app, ann]],
      ['claim.sub=ann&claim.client_id=app', [app]],
      ['claim.sub=%22ann%22', [other, app, ann]],
      ['claim.sub=42', []],
      ['claim.sub=%2242%22', [text]],
      ['claim.n=42&claim.vip=true', [number]],
      ['claim.n=%2242%22', []],
      ['claim.vip=false', []],
      ['mode=block', [text]],
      ['reason=password_changed', [ann]],
      ['actor=second', [text]],
      ['state=lifted', [text]],
      ['state=live&claim.sub=ann', [other, app, ann]],
      ['state=expired', []],
      ['from=2099-01-01T00:00:00Z', []],
      ['to=2020-01-01T00:00:00Z', []],
      ['from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z&mode=block', [text]],
    ]
    for (const [query, expected] of cases) assert.deepEqual(await idsOf(harness, query), expected, query)
    const { body } = await harness.call('GET', '/v1/revocations')
    const [first, , , second, last] = body.revocations
    assert.deepEqual(first.except, { sid: ['s1'] })
    assert.equal(second.onBehalfOf, 'eve')
    assert.deepEqual([last.actor, last.note, last.state, typeof last.at], ['admin', 'asked for', 'live', 'string'])
    assert.equal(body.next, undefined)
  }))

test('pages follow each other without a hole or a double', () =>
  withPublisher({}, async (harness) => {
    const bodies = Array.from({ length: 7 }, (_, n) => ({ iss: ISS, match: { sub: `s${n}` } }))
    await harness.revoke(bodies)
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 4; page++) {
      const { body } = await harness.call('GET', `/v1/revocations?limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.revocations.map(({ match }: { match: { sub: string } }) => match.sub))
      cursor = body.next ?? ''
      if (cursor === '') break
    }
    assert.deepEqual([...seen].sort(), bodies.map(({ match }) => match.sub).sort())
  }))

test('mistakes of parameters are told all at once', () =>
  withPublisher({}, async (harness) => {
    const wrong: [string, number][] = [
      ['limit=0&mode=ban&reason=whim&state=dead&from=now&to=2026-13-01T00:00:00Z&cursor=x&iss=&actor=', 9],
      ['limit=1001', 1],
      ['limit=1.5', 1],
      ['mode=cutoff&mode=block', 1],
      ['claim.sub=a&claim.sub=b', 1],
      ['claim.n=1.5', 1],
      ['claim.n=12345678901234567890', 1],
      ['claim.__proto__=1', 1],
      ['claim.=1', 1],
      [`claim.sub=${'x'.repeat(1_025)}`, 1],
      [Array.from({ length: 9 }, (_, n) => `claim.c${n}=1`).join('&'), 1],
      ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 1],
    ]
    for (const [query, mistakes] of wrong) {
      const { status, body } = await harness.call('GET', `/v1/revocations?${query}`)
      assert.deepEqual([status, body.code, body.errors?.length], [422, 'invalid_parameter', mistakes], query)
    }
    const strange = await harness.call('GET', '/v1/revocations?claims.sub=ann&full=1')
    assert.deepEqual([strange.body.code, strange.body.errors.length], ['unknown_parameter', 2])
  }))

test('one is shown with its state, and with who has applied it by now', () =>
  withPublisher({ config: { staleAfterMs: 1_000 } }, async (harness) => {
    const id = await made(harness, { iss: ISS, match: { sub: 'ann' }, mode: 'block' })
    const given = { name: 'orders', bootstrap: 'log', whenUnknown: 'reject', staleAfterMs: 1_000 } as const
    const replica = await openReplica({ log: harness.log.replicaLog, ...given })
    try {
      const shown = await until('the replica is heard at it', async () => {
        const { body } = await harness.call('GET', `/v1/revocations/${id}`)
        return body.receipt.confirmed.length === 1 && body
      })
      assert.deepEqual([shown.id, shown.state, shown.receipt.confirmed[0].replica], [id, 'live', 'orders'])
      await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
      assert.equal((await harness.call('GET', `/v1/revocations/${id}`)).body.state, 'lifted')
      assert.equal((await harness.call('GET', `/v1/revocations/${id}x`)).body.code, 'not_found')
    } finally {
      await replica.close()
    }
  }))

test('one that is only recorded is shown as such, without a time and a receipt, and with them when it is out', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  log.faults.disconnect()
  await withPublisher({ log, untilReady: false, config: { staleAfterMs: 1_000 } }, async (harness) => {
    const reply = await harness.revoke({ iss: ISS, match: { sub: 'ann' } })
    assert.equal(reply.status, 202)
    const { id } = reply.body.revocations[0]
    const { body } = await harness.call('GET', `/v1/revocations/${id}`)
    assert.deepEqual([body.state, body.at, body.receipt], ['recorded', undefined, undefined])
    log.faults.reconnect()
    await until('it is out', async () => (await harness.call('GET', `/v1/revocations/${id}`)).body.receipt)
    const out = (await harness.call('GET', `/v1/revocations/${id}`)).body
    assert.deepEqual([out.state, typeof out.at], ['live', 'string'])
  })
})

test('R6: a check names every fact that causes its verdict, the newest first, and none if there is nothing', () =>
  withPublisher({}, async (harness) => {
    const claims = { iss: ISS, sub: 'ann', sid: 's1', iat: nowSec(), exp: nowSec() + 60 }
    const check = async () => (await harness.call('POST', '/v1/check', { body: { claims } })).body
    assert.deepEqual(await check(), { verdict: { kind: 'active' }, causes: [] })
    const session = await made(harness, { iss: ISS, match: { sid: 's1' }, reason: 'session_ended' })
    const user = await made(harness, { iss: ISS, match: { sub: 'ann' }, mode: 'block', note: 'gone' })
    await made(harness, { iss: ISS, match: { sub: 'ann' }, mode: 'block', except: { sid: ['s1'] } })
    await made(harness, { iss: ISS, match: { sub: 'bob' }, mode: 'block' })
    const { verdict, causes } = await check()
    assert.equal(verdict.kind, 'revoked')
    assert.deepEqual(
      causes.map(({ id }: { id: string }) => id),
      [user, session],
    )
    assert.deepEqual([causes[0].note, causes[0].actor, causes[1].reason], ['gone', 'admin', 'session_ended'])
    await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
    assert.deepEqual(
      (await check()).causes.map(({ id }: { id: string }) => id),
      [session],
    )
  }))

test('R12: two publishers on one log each show what the other one published', () =>
  withPublisher({}, (harness) =>
    withPublisher({ log: harness.log }, async (other) => {
      const id = await made(harness, { iss: ISS, match: { sub: 'ann' } }, KEYS.second.key)
      const { body } = await until('the other has it', async () => {
        const reply = await other.call('GET', `/v1/revocations/${id}`)
        return reply.status === 200 ? reply : undefined
      })
      assert.deepEqual([body.actor, body.state], ['second', 'live'])
      assert.deepEqual(await idsOf(other, 'actor=second'), [id])
      const lifted = await other.lift({ id })
      assert.deepEqual([lifted.status, lifted.body.lifted[0].id], [201, id])
      await until('the first knows', async () => (await idsOf(harness, 'state=lifted')).includes(id))
    }),
  ))
