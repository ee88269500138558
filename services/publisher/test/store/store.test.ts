import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { META } from '../../src/store/keys.ts'
import { seal } from '../../src/store/sealed.ts'
import {
  allOf,
  frame,
  group,
  idsOf,
  issuer,
  lift,
  opened,
  revocation,
  START_MS,
  temporaryFolder,
  waitingIn,
} from './harness.ts'

const NOTHING = {
  waitingFacts: 0,
  oldestRecordedAtMs: undefined,
  lastOrder: 0,
  cursor: undefined,
  largestAtMs: 0,
}

const EXTREME = '\u0000\uffff\ud800/"\\é\u{1f600}'.repeat(8).slice(0, 64)

test('a Store that is opened again is the one that was closed', async (t) => {
  const dir = await temporaryFolder(t)
  const first = await opened(t, join(dir, 'made', 'by it'))
  assert.match(first.store.id, /^[0-9a-f]{16}$/)
  assert.deepEqual(first.store.found, NOTHING)
  assert.equal(first.store.setAside, undefined)

  const waiting = {
    ...group(2, [revocation('b', { atMs: START_MS + 9, note: '', except: { sid: ['s', 1, true] } })]),
    fixed: [0],
    requests: [{ key: 'k'.repeat(32), body: 'b'.repeat(32), from: 0, count: 1 }],
  }
  await first.store.write({ keep: [group(1, [revocation('a')]), waiting] }, { sync: true })
  await first.store.write({ keep: [group(3, [lift('c')])] }, { sync: false })
  await first.store.write({ frame: frame('e', 7, [revocation('a')]), done: [1] }, { sync: false })
  assert.equal(first.store.stats().syncs, 1)
  await first.store.close()
  await first.store.close()
  await assert.rejects(first.store.write({}, { sync: true }), { code: 'ERR_CLOSED' })

  const { store } = await opened(t, join(dir, 'made', 'by it'))
  assert.equal(store.id, first.store.id)
  assert.deepEqual(store.found, {
    waitingFacts: 2,
    oldestRecordedAtMs: START_MS + 2,
    lastOrder: 3,
    cursor: { epoch: 'e', seq: 7, frameId: 'frame 7 of e' },
    // R10: what waits gets another time.
    largestAtMs: START_MS,
  })
  assert.deepEqual(await waitingIn(store), [waiting, group(3, [lift('c')])])
  assert.deepEqual(await store.waiting(2, 10), [group(3, [lift('c')])])
  assert.deepEqual(await store.waiting(0, 1), [waiting])
  assert.deepEqual(await store.request('k'.repeat(32)), { body: 'b'.repeat(32), ids: ['b'] })
  await store.write({ done: [2, 3] }, { sync: true })
  assert.deepEqual(await waitingIn(store), [])
  assert.equal(await store.request('k'.repeat(32)), undefined)
  await store.close()
  const { found } = (await opened(t, join(dir, 'made', 'by it'))).store
  assert.deepEqual([found.waitingFacts, found.lastOrder, found.largestAtMs], [0, 0, START_MS])
})

test('a group that takes the place of another is counted once, and leaves as one', async (t) => {
  const dir = await temporaryFolder(t)
  const request = { key: 'c'.repeat(32), body: 'd'.repeat(32), from: 0, count: 1 }
  const first = await opened(t, dir)
  await first.store.write({ keep: [{ ...group(7, [revocation('a')]), requests: [request] }] }, { sync: true })
  await first.store.write({ keep: [{ ...group(7, [revocation('b')]), requests: [request] }] }, { sync: true })
  await first.store.close()

  const second = await opened(t, dir)
  assert.equal(second.store.setAside, undefined)
  await second.store.write({ keep: [group(7, [revocation('c')])] }, { sync: true })
  assert.deepEqual(
    (await second.store.waiting(0, 9)).map(({ facts }) => facts),
    [[revocation('c')]],
  )
  assert.equal(await second.store.request(request.key), undefined, 'what the other held of requests went with it')
  await second.store.write({ done: [7] }, { sync: true })
  await second.store.close()

  const third = await opened(t, dir)
  assert.equal(third.store.setAside, undefined)
  assert.deepEqual(await third.store.waiting(0, 9), [])
})

test('facts come back as they were, whatever text is in them', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const facts = [
    revocation(EXTREME, { iss: EXTREME, match: { [EXTREME]: EXTREME, constructor: 0, '1': true }, atMs: 0 }),
    revocation('whole', {
      mode: 'cutoff',
      issuedBeforeMs: 0,
      except: { jti: ['', 0, false], sid: [EXTREME] },
      note: '',
      onBehalfOf: EXTREME,
      reason: 'key_compromised',
      atMs: 253_402_300_799_999,
      expiresAtMs: 253_402_300_799_999,
    }),
    revocation('of all', { match: {}, mode: 'cutoff', issuedBeforeMs: 1 }),
    lift('lifted', { note: EXTREME }),
    issuer(1),
  ]
  await store.write({ frame: frame(EXTREME, Number.MAX_SAFE_INTEGER, facts, { own: false }) }, { sync: false })
  const known = await allOf(store.live(0))
  assert.deepEqual(new Set(known.map(({ fact }) => fact)), new Set(facts))
  const location = { epoch: EXTREME, seq: Number.MAX_SAFE_INTEGER, storedAtMs: Number.MAX_SAFE_INTEGER, own: false }
  assert.deepEqual({ ...known[0]?.location, storedAtMs: location.storedAtMs }, location)
  assert.equal(store.frameIdAt(EXTREME, Number.MAX_SAFE_INTEGER)?.startsWith('frame'), true)
  assert.equal(store.frameIdAt(EXTREME, 1), undefined)
  assert.deepEqual(
    (await store.byId(EXTREME)).map(({ fact }) => fact),
    [facts[0]],
  )
})

test('R9: one content is one fact, which lies in the newest frame; two contents under one id are two', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const [a, again, other] = [revocation('a'), revocation('a', { atMs: START_MS + 1 }), revocation('a', { note: 'n' })]
  const placeOf = async () => (await allOf(store.live(0))).map(({ location }) => `${location.epoch}${location.seq}`)
  await store.write({ frame: frame('e', 5, [a, a]) }, { sync: false })
  await store.write({ frame: frame('e', 4, [a]) }, { sync: false })
  assert.deepEqual(await placeOf(), ['e5'])
  await store.write({ frame: frame('e', 6, [a]) }, { sync: false })
  assert.deepEqual(await placeOf(), ['e6'])
  await store.write({ frame: frame('d', 1, [a]) }, { sync: false })
  assert.deepEqual(await placeOf(), ['d1'])
  await store.write({ frame: frame('d', 2, [again, other]) }, { sync: false })
  assert.deepEqual((await store.byId('a')).map(({ fact }) => fact).slice(0, 1), [again])
  assert.deepEqual(new Set((await store.byId('a')).map(({ fact }) => fact)), new Set([again, a, other]))
  assert.deepEqual(await store.byId('b'), [])
})

test('of the Issuer facts of one issuer the newest stays, and both of one time', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const newest = async () => new Set((await allOf(store.live(0))).map(({ fact }) => fact))
  await store.write({ frame: frame('e', 1, [issuer(10)]) }, { sync: false })
  await store.write({ frame: frame('e', 2, [issuer(12), { ...issuer(11), iss: 'other' }]) }, { sync: false })
  assert.deepEqual(await newest(), new Set([issuer(12), { ...issuer(11), iss: 'other' }]))
  await store.write({ frame: frame('e', 3, [issuer(11), { ...issuer(12), iss: 'other' }]) }, { sync: false })
  await store.write({ frame: frame('e', 4, [issuer(12, 7)]) }, { sync: false })
  assert.deepEqual(await newest(), new Set([issuer(12), issuer(12, 7), { ...issuer(12), iss: 'other' }]))
})

test('R12: facts in no frame of the epoch at or above its first are missing, by their time and then their id', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const at = (id: string, atMs: number) => revocation(id, { atMs: START_MS + atMs, expiresAtMs: START_MS + 100 })
  await store.write({ keep: [group(1, [at('waits', 1)])] }, { sync: false })
  await store.write({ frame: frame('old', 9, [at('c', 3), at('a', 3), at('b', 3), at('z', 1)]) }, { sync: false })
  await store.write({ frame: frame('old', 10, [at('y', 2), at('x', 4), issuer(START_MS + 3)]) }, { sync: false })
  await store.write({ frame: frame('new', 1, [at('y', 2)]) }, { sync: false })
  await store.write({ frame: frame('new', 2, [at('x', 4)]) }, { sync: false })
  await store.write({ frame: frame('old', 8, [revocation('gone', { expiresAtMs: START_MS + 50 })]) }, { sync: false })

  const missing = (epoch: string, firstSeq: number, nowMs = START_MS + 50) =>
    idsOf(store.missing({ epoch, firstSeq, nowMs }))
  const issuerId = `issuer ${START_MS + 3}`
  assert.deepEqual(await missing('new', 1), ['z', issuerId, 'a', 'b', 'c'])
  assert.deepEqual(await missing('new', 2), ['z', 'y', issuerId, 'a', 'b', 'c'])
  assert.deepEqual(await missing('new', 1, START_MS + 49), ['gone', 'z', issuerId, 'a', 'b', 'c'])
  assert.deepEqual(await missing('new', 3, START_MS + 100), [issuerId])
  assert.deepEqual(await missing('none', 0), ['z', 'y', issuerId, 'a', 'b', 'c', 'x'])
  const aging = (storedBeforeMs: number) => idsOf(store.aging({ epoch: 'old', storedBeforeMs, nowMs: START_MS + 50 }))
  assert.deepEqual(await aging(START_MS + 9), [])
  assert.deepEqual(await aging(START_MS + 10), ['z', 'a', 'b', 'c'])
})

test('many facts are walked over in slices, in order', async (t) => {
  const { store } = await opened(t, await temporaryFolder(t))
  const facts = Array.from({ length: 5_000 }, (_, at) =>
    revocation(`${at}`.padStart(5, '0'), { atMs: START_MS + Math.floor(at / 7), expiresAtMs: START_MS + 10_000 }),
  )
  for (let from = 0; from < facts.length; from += 500) {
    const some = facts.slice(from, from + 500).reverse()
    await store.write({ frame: frame('e', 1_000 - from / 500, some) }, { sync: false })
  }
  const ids = facts.map(({ id }) => id)
  assert.deepEqual(await idsOf(store.missing({ epoch: 'f', firstSeq: 0, nowMs: 0 })), ids)
  const slices: number[] = []
  for await (const slice of store.live(0)) slices.push(slice.length)
  assert.equal(
    slices.reduce((sum, size) => sum + size, 0),
    5_000,
  )
  assert.ok(slices.length >= 5)
})

test('a request is known by its answer and by the frames that carry it, until it was kept long enough', async (t) => {
  const { store, clock } = await opened(t, await temporaryFolder(t))
  const facts = ['a', 'b', 'c'].map((id) => revocation(id))
  const requests = [
    { key: 'one', body: 'x', from: 1, count: 2 },
    { key: 'two', body: 'y', from: 0, count: 1 },
  ]
  await store.write({ frame: frame('e', 3, facts, { requests }) }, { sync: false })
  const cursor = { epoch: 'e', seq: 3, frameId: 'frame 3 of e' }
  assert.deepEqual(await store.request('one'), { body: 'x', ids: ['b', 'c'], cursor })
  assert.deepEqual(await store.request('two'), { body: 'y', ids: ['a'], cursor })
  assert.equal(await store.request('on'), undefined)
  const answer = { key: 'one', body: 'x', status: 201, payload: '{"é":1}', answeredAtMs: START_MS + 60_000 }
  await store.write({ answers: [answer] }, { sync: false })
  const told = { status: 201, payload: '{"é":1}' }
  assert.deepEqual(await store.request('one'), { body: 'x', answer: told, ids: ['b', 'c'], cursor })
  const again = frame('f', 1, facts.slice(1), {
    storedAtMs: START_MS + 9,
    requests: [{ ...requests[0], from: 0 } as never],
  })
  await store.write({ frame: again }, { sync: false })
  const moved = { epoch: 'f', seq: 1, frameId: 'frame 1 of f' }
  assert.deepEqual(await store.request('one'), { body: 'x', answer: told, ids: ['b', 'c'], cursor: moved })
  clock.advance(86_400_000 + 30_000)
  assert.deepEqual(await store.request('one'), { body: 'x', answer: told, ids: [] })
  clock.advance(30_001)
  assert.equal(await store.request('one'), undefined)
})

test('a folder that is open elsewhere, cannot be written, or holds a newer format is refused', async (t) => {
  const dir = await temporaryFolder(t)
  const { store } = await opened(t, dir)
  await assert.rejects(opened(t, dir), { code: 'ERR_STORE_FAILED', detail: /another publisher has it open/ })
  await store.write({ keep: [group(1, [revocation('a')])] }, { sync: true })
  await store.close()

  const file = join(await mkdtemp(join(dir, 'x')), 'file')
  await writeFile(file, '')
  await assert.rejects(opened(t, file), { code: 'ERR_STORE_FAILED', detail: /needs a folder that it may write/ })

  const level = new ClassicLevel<Buffer, Buffer>(join(dir, 'facts'), { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await level.put(META, seal(META, [2, store.id]))
  await level.close()
  await assert.rejects(opened(t, dir), { code: 'ERR_STORE_FAILED', detail: /format 2/ })
})
