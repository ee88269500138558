import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry, Store } from '../../src/store/store.ts'
import {
  allOf,
  DAY_MS,
  frame,
  ISS,
  idsOf,
  issuer,
  lift,
  opened,
  revocation,
  START_MS,
  temporaryFolder,
} from './harness.ts'

/** Sweeps until a round is done, `budget` records at a time. */
async function swept(store: Store, deleteUpToMs: number, budget = 1_000): Promise<number> {
  for (let calls = 1; ; calls += 1) {
    if ((await store.sweep({ deleteUpToMs, budget })).done) return calls
    assert.ok(calls < 1_000, 'the sweep does not end')
  }
}

function audited(timeMs: number, detail: string): AuditEntry {
  return { timeMs, principal: 'p', signOn: 'key', action: 'revoke', outcome: 'broadcast', ids: ['a'], count: 1, detail }
}

async function details(store: Store, range: { fromMs?: number; toMs?: number } = {}): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for await (const { detail } of store.audit(range)) found.push(detail)
  return found
}

test('R15: a fact leaves at its expiry and the time it is kept, by the time it is told, never before', async (t) => {
  const { store, clock } = await opened(t, await temporaryFolder(t))
  const expiresAtMs = START_MS + 1_000
  const facts = [
    revocation('a', { expiresAtMs }),
    lift('b', { atMs: START_MS + 1, expiresAtMs: expiresAtMs + 1 }),
    issuer(1),
  ]
  await store.write({ frame: frame('e', 1, facts) }, { sync: false })
  // A clock that jumped says nothing about what may be deleted.
  clock.setWall(START_MS + 1_000 * DAY_MS)
  assert.equal(await swept(store, expiresAtMs + DAY_MS - 1), 1)
  assert.deepEqual(await idsOf(store.live(0)), ['issuer 1', 'a', 'b'])
  await swept(store, expiresAtMs + DAY_MS)
  assert.deepEqual(await idsOf(store.live(0)), ['issuer 1', 'b'])
  await swept(store, Number.MAX_SAFE_INTEGER)
  assert.deepEqual(await idsOf(store.live(0)), ['issuer 1'])
})

test('with a fact all ways to find it leave, and one that moved stays found', async (t) => {
  const dir = await temporaryFolder(t)
  const { store } = await opened(t, dir)
  const match = { sub: 'ann', tenant: 't' }
  const kept = revocation('kept', { match, expiresAtMs: START_MS + 100 * DAY_MS })
  await store.write(
    { frame: frame('e', 1, [revocation('gone', { match }), kept, revocation('key', { match: { kid: 'k' } })]) },
    { sync: false },
  )
  await swept(store, START_MS + 2 * DAY_MS)
  const idsListed = async (claims: Record<string, string>) =>
    (await store.list({ nowMs: 0, limit: 9, claims })).revocations.map(({ fact }) => fact.id)
  assert.deepEqual(await store.byId('gone'), [])
  assert.deepEqual(await idsListed({ sub: 'ann' }), ['kept'])
  assert.deepEqual(await idsListed({ tenant: 't' }), ['kept'])
  assert.deepEqual(await idsListed({}), ['kept'])
  assert.deepEqual(
    (await store.onKey(ISS, match, 'block')).map(({ fact }) => fact),
    [kept],
  )
  const token = { payload: { iss: ISS, ...match }, protectedHeader: {} }
  assert.deepEqual(
    (await store.causes(token, START_MS)).map(({ fact }) => fact),
    [kept],
  )
  await store.close()
  // Counted again at opening: nothing is left over.
  const again = await opened(t, dir)
  assert.equal(again.store.setAside, undefined)
  assert.deepEqual(
    (await again.store.causes(token, START_MS)).map(({ fact }) => fact),
    [kept],
  )
})

test('a frame is forgotten when all its facts have moved or left, the newest never', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const [a, b] = [revocation('a'), revocation('b', { expiresAtMs: START_MS + 9 * DAY_MS })]
  await store.write({ frame: frame('e', 1, [a, b]) }, { sync: false })
  await store.write({ frame: frame('e', 2, [b]) }, { sync: false })
  const known = () => [1, 2, 3].map((seq) => store.frameIdAt('e', seq) !== undefined)
  await swept(store, START_MS)
  assert.deepEqual(known(), [true, true, false])
  await swept(store, START_MS + 3 * DAY_MS)
  assert.deepEqual(known(), [false, true, false])
  await store.write({ frame: frame('e', 3, [b]) }, { sync: false })
  await swept(store, START_MS + 3 * DAY_MS)
  assert.deepEqual(known(), [false, false, true])
  await swept(store, START_MS + 30 * DAY_MS)
  assert.deepEqual([await allOf(store.live(0)), known()], [[], [false, false, true]])
})

test('a sweep looks at its budget, and goes on there', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const facts = Array.from({ length: 100 }, (_, at) => revocation(`${at}`, { atMs: START_MS + at }))
  await store.write({ frame: frame('e', 1, facts) }, { sync: false })
  const end = START_MS + 99 * DAY_MS
  for (const left of [90, 80, 70]) {
    assert.deepEqual(await store.sweep({ deleteUpToMs: end, budget: 10 }), { done: false })
    assert.equal((await allOf(store.live(0))).length, left)
  }
  await swept(store, end, 7)
  assert.deepEqual(await allOf(store.live(0)), [])
  assert.equal((await store.sweep({ deleteUpToMs: end, budget: 10 })).done, true)
})

test('the audit record is read by time and kept as long as configured', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  await store.write({ audit: [audited(START_MS + 5, 'third'), audited(START_MS, 'first')] }, { sync: false })
  await store.write({ audit: [audited(START_MS, 'second')] }, { sync: false })
  assert.deepEqual(await details(store), ['first', 'second', 'third'])
  assert.deepEqual(await details(store, { fromMs: START_MS + 1 }), ['third'])
  assert.deepEqual(await details(store, { toMs: START_MS + 5 }), ['first', 'second'])
  assert.deepEqual(await details(store, { fromMs: -1, toMs: Number.MAX_SAFE_INTEGER }), ['first', 'second', 'third'])
  const many = { ...audited(START_MS + 6, 'many'), ids: Array.from({ length: 300 }, (_, at) => `${at}`), count: 300 }
  await store.write({ audit: [many] }, { sync: false })
  for await (const entry of store.audit({ fromMs: START_MS + 6 }))
    assert.deepEqual([entry.ids.length, entry.count], [100, 300])
  await swept(store, START_MS + 2 * DAY_MS - 1)
  assert.equal((await details(store)).length, 4)
  await swept(store, START_MS + 2 * DAY_MS)
  assert.deepEqual(await details(store), ['third', 'many'])
})

test('what is known of requests leaves when it was kept long enough', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const requests = [{ key: 'k', body: 'b', from: 0, count: 1 }]
  await store.write({ frame: frame('e', 0, [revocation('a')], { requests }) }, { sync: false })
  await store.write(
    { answers: [{ key: 'k', body: 'b', status: 201, payload: 'p', answeredAtMs: START_MS + 1 }] },
    { sync: false },
  )
  await swept(store, START_MS + DAY_MS - 1)
  assert.deepEqual((await store.request('k'))?.ids, ['a'])
  await swept(store, START_MS + DAY_MS)
  assert.deepEqual(await store.request('k'), { body: 'b', answer: { status: 201, payload: 'p' }, ids: [] })
  await swept(store, START_MS + DAY_MS + 1)
  assert.equal(await store.request('k'), undefined)
})
