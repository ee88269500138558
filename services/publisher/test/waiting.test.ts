import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { openReplica, type Replica, type ReplicaOptions } from '@rescind/subscriber'
import { type Harness, ISS, withPublisher } from './harness.ts'
import { until } from './until.ts'

const MATCH = { iss: ISS, match: { sub: 'ann' } }
const config = { staleAfterMs: 1_000 }

/** A replica that follows, until `body` has ended. */
async function withReplica(
  harness: Harness,
  options: Partial<ReplicaOptions>,
  body: (replica: Replica) => Promise<void>,
): Promise<void> {
  const given = { bootstrap: 'log', whenUnknown: 'reject', staleAfterMs: 1_000 } as const
  const replica = await openReplica({ log: harness.log.replicaLog, ...given, ...options })
  try {
    await body(replica)
  } finally {
    await replica.close()
  }
}

const waitFor = (harness: Harness, query = '', headers = {}, path = '/v1/revocations', body: object = MATCH) =>
  harness.call('POST', `${path}?wait=enforced${query}`, { body, headers })

test('a revocation and a lift wait until every replica enforces them; a repeat answers the first receipt again', () =>
  withPublisher({ config }, (harness) =>
    withReplica(harness, { name: 'orders' }, (replica) =>
      withReplica(harness, { name: 'billing' }, async () => {
        const first = await waitFor(harness, '&timeoutMs=30000&minReplicas=2', { 'idempotency-key': 'k' })
        assert.deepEqual([first.status, first.body.state], [201, 'enforced'])
        assert.deepEqual(
          first.body.receipt.confirmed.map((one: { replica: string }) => one.replica),
          ['billing', 'orders'],
        )
        assert.deepEqual(first.body.cursor, replica.status.cursor)
        const again = await waitFor(harness, '&timeoutMs=30000&minReplicas=2', { 'idempotency-key': 'k' })
        assert.equal(again.headers.get('idempotency-replayed'), 'true')
        assert.equal(again.text, first.text)
        const lifted = await waitFor(harness, '&timeoutMs=30000', {}, '/v1/lifts', { ...MATCH, mode: 'cutoff' })
        assert.deepEqual([lifted.status, lifted.body.state, lifted.body.receipt.confirmed.length], [201, 'enforced', 2])
        const plain = await harness.revoke(MATCH)
        assert.deepEqual([plain.body.state, 'receipt' in plain.body], ['broadcast', false])
      }),
    ),
  ))

test('a publisher that has just started has not heard all: broadcast, with the receipt of those it has heard', () =>
  withPublisher({}, (harness) =>
    withReplica(harness, { name: 'orders' }, async () => {
      const { status, body } = await waitFor(harness)
      assert.deepEqual([status, body.state], [201, 'broadcast'])
      assert.equal(body.receipt.confirmed.length, 1)
    }),
  ))

test('what is nothing to do is not waited for', () =>
  withPublisher({}, async (harness) => {
    const body = { iss: ISS, match: { jti: 't' }, tokenExp: 1_769_000_000 }
    const reply = await waitFor(harness, '&timeoutMs=30000', {}, '/v1/revocations', body)
    assert.deepEqual([reply.status, reply.body.state, reply.body.receipt], [200, 'nothing_to_do', undefined])
  }))

test('one that is cut off is pending, and nothing hides it: it is dismissed by its id, and counts again when it speaks', () =>
  withPublisher({ config }, (harness) =>
    withReplica(harness, { name: 'orders' }, () =>
      withReplica(harness, { name: 'lost', whenUnknown: 'accept' }, async () => {
        assert.equal((await waitFor(harness, '&timeoutMs=30000')).body.state, 'enforced')
        harness.log.faults.disconnect('lost')
        const cut = await waitFor(harness, '&timeoutMs=500')
        assert.deepEqual([cut.body.state, cut.body.receipt.pending], ['broadcast', ['lost']])
        const late = await waitFor(harness, '&timeoutMs=3500')
        assert.deepEqual([late.body.state, late.body.receipt.unproved], ['broadcast', ['lost']])
        const { replicas } = (await harness.call('GET', '/v1/replicas')).body
        const { id } = replicas.find(({ name }: { name: string }) => name === 'lost')
        const waiting = waitFor(harness, '&timeoutMs=30000')
        assert.equal((await harness.call('DELETE', `/v1/replicas/${id}`)).status, 204)
        assert.equal((await waiting).body.state, 'enforced')
        assert.equal((await harness.call('DELETE', `/v1/replicas/${id}`)).status, 404)
        harness.log.faults.reconnect('lost')
        await until('it is back', async () => {
          const { receipt, state } = (await waitFor(harness, '&timeoutMs=1000')).body
          return state === 'enforced' && receipt.confirmed.length === 2
        })
      }),
    ),
  ))

test('a mistake in what is wished is refused before anything is recorded, all of them at once', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const wrong: [string, number][] = [
      ['wait=applied', 1],
      ['wait', 1],
      ['wait=enforced&timeoutMs=30001', 1],
      ['wait=enforced&timeoutMs=-1&minReplicas=0', 2],
      ['wait=enforced&timeoutMs=1.5&minReplicas=10001', 2],
      ['wait=enforced&timeoutMs=&minReplicas=1e3', 2],
      ['wait=enforced&wait=enforced', 1],
      ['timeoutMs=1000', 1],
      ['minReplicas=3', 1],
    ]
    for (const [query, mistakes] of wrong) {
      const reply = await harness.call('POST', `/v1/revocations?${query}`, { body: MATCH })
      assert.deepEqual([reply.status, reply.body.code, reply.body.errors?.length], [422, 'invalid_parameter', mistakes])
    }
    assert.equal((await harness.frames()).length, before)
  }))

test('a stop answers whoever waits for replicas', async () => {
  const log = memoryLog({ clock: systemClock, requestTimeoutMs: 500 })
  await withPublisher({ log }, async (harness) => {
    const waiting = waitFor(harness, '&timeoutMs=30000&minReplicas=9')
    await until('it is recorded', async () =>
      (await harness.frames()).at(-1)?.facts.some(({ kind }) => kind === 'revocation'),
    )
    await harness.publisher.close()
    assert.equal((await waiting).body.state, 'broadcast')
  })
})
