import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Harness, ISS, KEYS, withPublisher } from '../harness.ts'
import { until } from '../until.ts'

async function audit(harness: Harness, query = ''): Promise<Record<string, unknown>[]> {
  const { status, text } = await harness.call('GET', `/v1/audit${query}`)
  assert.equal(status, 200, text)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

test('who did what is exported as lines, the oldest first, between two times', () =>
  withPublisher({}, async (harness) => {
    assert.deepEqual(await audit(harness), [])
    const revoked = await harness.revoke([
      { iss: ISS, match: { sub: 'ann' }, onBehalfOf: 'eve' },
      { iss: ISS, match: { sub: 'bob' } },
    ])
    await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' })
    const own = await until('the own replica has said something', async () => {
      return (await harness.call('GET', '/v1/replicas')).body.replicas[0]
    })
    assert.equal((await harness.call('DELETE', `/v1/replicas/${own.id}`, { key: KEYS.second.key })).status, 204)
    const [first, second, third, ...more] = await audit(harness)
    assert.deepEqual(more, [])
    assert.deepEqual(
      first?.ids,
      revoked.body.revocations.map(({ id }: { id: string }) => id),
    )
    assert.deepEqual([first?.action, first?.principal, first?.signOn], ['revoke', 'admin', 'key'])
    assert.deepEqual([first?.count, first?.onBehalfOf, second?.action], [2, 'eve', 'lift'])
    assert.deepEqual([third?.action, third?.principal, third?.outcome], ['dismiss', 'second', 'dismissed'])
    assert.ok(String(third?.detail).includes(own.id))
    assert.deepEqual(await audit(harness, `?from=${third?.time}`), [third])
    assert.deepEqual(await audit(harness, `?to=${first?.time}`), [])
    assert.equal((await harness.call('HEAD', '/v1/audit')).status, 200)
    const wrong = await harness.call('GET', '/v1/audit?from=now&to=then')
    assert.deepEqual([wrong.body.code, wrong.body.errors.length], ['invalid_parameter', 2])
  }))
