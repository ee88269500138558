import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { natsLog } from '@rescind/log'
import { eventually, Fleet } from './harness.ts'

interface Waited {
  readonly status: number
  readonly state: string
  readonly ms: number
  readonly confirmed: readonly string[]
  readonly pending: readonly string[]
  readonly fenced: readonly string[]
}

let fleet: Fleet
let subject = 0

before(async () => {
  fleet = await Fleet.start({ replicas: 3, apiEnv: { RESCIND_STALE_AFTER_MS: '2000' } })
})
after(() => fleet?.stop())

/** Revokes somebody new, and waits for the receipt. */
async function revokeAndWait(timeoutMs: number): Promise<Waited> {
  subject += 1
  const startedMs = performance.now()
  const response = await fetch(`${fleet.publisher.url}/v1/revocations?wait=enforced&timeoutMs=${timeoutMs}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fleet.keys.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ match: { sub: `user-${subject}` } }),
  })
  const { state, receipt } = (await response.json()) as { state: string; receipt: Record<string, never[]> }
  const confirmed = (receipt?.confirmed ?? []) as { replica: string }[]
  return {
    status: response.status,
    state,
    ms: performance.now() - startedMs,
    confirmed: confirmed.map(({ replica }) => replica),
    pending: receipt?.pending ?? [],
    fenced: receipt?.fenced ?? [],
  }
}

const ALL = ['api-1', 'api-2', 'api-3']

test('a publisher that has just started names all who confirm, and says enforced once it has listened for a full bound', async () => {
  const first = await revokeAndWait(2_000)
  assert.deepEqual([first.status, first.state], [201, 'broadcast'])
  const waited = await revokeAndWait(30_000)
  assert.deepEqual([waited.status, waited.state, waited.confirmed], [201, 'enforced', ALL])
  const next = await revokeAndWait(30_000)
  assert.deepEqual([next.state, next.confirmed], ['enforced', ALL])
})

test('a hundred requests that wait at once share a few barriers', async () => {
  let barriers = 0
  const listener = await natsLog({ servers: fleet.broker.url }).connect({
    name: 'listener',
    onEvent: ({ kind }) => {
      if (kind === 'barrier') barriers += 1
    },
  })
  try {
    const all = await Promise.all(Array.from({ length: 100 }, () => revokeAndWait(30_000)))
    for (const { state, confirmed } of all) assert.deepEqual([state, confirmed], ['enforced', ALL])
    assert.ok(barriers >= 1 && barriers <= 50, `${barriers} barriers`)
  } finally {
    await listener.close()
  }
})

test('R19: a replica that is stopped is pending by name, then fenced, and confirms again when it goes on', async () => {
  const [, stopped] = fleet.replicas
  await stopped?.pause()
  try {
    const early = await revokeAndWait(500)
    assert.deepEqual([early.state, early.pending, early.confirmed.length], ['broadcast', [stopped?.name], 2])
    const late = await revokeAndWait(30_000)
    assert.deepEqual([late.state, late.fenced, late.confirmed.length], ['enforced', [stopped?.name], 2])
    assert.ok(late.ms >= 4_000, `enforced after ${late.ms} ms, before the replica had to be stale`)
  } finally {
    stopped?.resume()
  }
  await eventually(
    () => 'all three confirm again',
    async () => (await revokeAndWait(2_000)).confirmed.length === 3,
  )
})

test('after the broker was away all confirm again, but nobody knows whether they are all, until a full bound has passed', async () => {
  await fleet.broker.kill()
  await fleet.broker.restart()
  let last: Waited | undefined
  await eventually(
    () => `all three confirm (last ${JSON.stringify(last)})`,
    async () => {
      last = await revokeAndWait(1_000)
      assert.notEqual(last.state, 'enforced')
      return last.confirmed.length === 3
    },
  )
  assert.deepEqual([last?.status, last?.state], [201, 'broadcast'])
})

test('a goodbye takes a replica off: it is not waited for', async () => {
  const leaving = fleet.replicas[2]
  await leaving?.stop()
  const { confirmed, pending, ms } = await revokeAndWait(2_000)
  assert.deepEqual([confirmed, pending], [ALL.filter((name) => name !== leaving?.name), []])
  assert.ok(ms < 2_000, `it took ${ms} ms`)
})
