import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Presence } from '@rescind/log'
import { manualClock } from '@rescind/protocol'
import { SILENT_REPLICA_KEPT_MS } from '../src/limits.ts'
import { Replicas } from '../src/replicas.ts'

function presence(replica: string, more: Partial<Presence> = {}): Presence {
  return {
    replica,
    name: `api-${replica}`,
    version: '0.1.0',
    frameVersions: [1],
    state: 'live',
    cursor: { epoch: 'e', seq: 7, frameId: 'f' },
    lagMs: 12,
    entries: 3,
    rssBytes: 1_000,
    whenUnknown: 'reject',
    staleAfterMs: 15_000,
    ...more,
  }
}

test('a replica is listed as it last described itself, with when', () => {
  const clock = manualClock()
  const replicas = new Replicas(clock)
  replicas.hear(presence('b'))
  replicas.hear(presence('a', { state: 'starting' }))
  clock.advance(2_000)
  replicas.hear(presence('a'))
  const { replica: _, ...said } = presence('a')
  assert.deepEqual(replicas.list()[0], { id: 'a', ...said, lastSeen: '2026-01-01T00:00:02.000Z', silent: false })
  assert.deepEqual(
    replicas.list().map(({ id }) => id),
    ['a', 'b'],
  )
})

test('a digest is listed with the time that it is of, and not where there is none', () => {
  const replicas = new Replicas(manualClock())
  replicas.hear(presence('a', { digest: { asOfMs: 1_767_225_720_000, value: '00112233445566ff' } }))
  replicas.hear(presence('b'))
  const [a, b] = replicas.list()
  assert.deepEqual(a?.digest, { asOf: '2026-01-01T00:02:00.000Z', value: '00112233445566ff' })
  assert.equal(b !== undefined && 'digest' in b, false)
})

test('silence beyond its own staleAfterMs and 2 s is flagged, and ends with the next word', () => {
  const clock = manualClock()
  const replicas = new Replicas(clock)
  replicas.hear(presence('a', { staleAfterMs: 5_000 }))
  clock.advance(7_000)
  assert.equal(replicas.list()[0]?.silent, false)
  clock.advance(1)
  assert.equal(replicas.list()[0]?.silent, true)
  replicas.hear(presence('a', { staleAfterMs: 5_000 }))
  assert.equal(replicas.list()[0]?.silent, false)
})

test('one that says closed is off the list', () => {
  const replicas = new Replicas(manualClock())
  replicas.hear(presence('a'))
  replicas.hear(presence('a', { state: 'closed' }))
  replicas.hear(presence('b', { state: 'closed' }))
  assert.deepEqual(replicas.list(), [])
})

test('the list is bounded: nobody who speaks is dropped, the longest silent make room', () => {
  const clock = manualClock()
  const replicas = new Replicas(clock, 3)
  for (const id of ['a', 'b', 'c', 'd']) replicas.hear(presence(id))
  assert.deepEqual(
    replicas.list().map(({ id }) => id),
    ['a', 'b', 'c'],
  )
  clock.advance(17_001)
  replicas.hear(presence('b'))
  replicas.hear(presence('d'))
  replicas.hear(presence('e'))
  assert.deepEqual(
    replicas.list().map(({ id }) => id),
    ['b', 'd', 'e'],
  )
})

test('of one name there is room for half: the stolen credential of one API hides no other API', () => {
  const replicas = new Replicas(manualClock(), 6)
  for (let n = 0; n < 10; n += 1) replicas.hear({ ...presence(`forged-${n}`), name: 'api' })
  for (const id of ['a', 'b', 'c']) replicas.hear({ ...presence(id), name: 'billing' })
  const names = replicas.list().map(({ name }) => name)
  assert.deepEqual(names, ['api', 'api', 'api', 'billing', 'billing', 'billing'])
})

test('nobody says goodbye, or anything else, in the place of another name', () => {
  const replicas = new Replicas(manualClock())
  replicas.hear({ ...presence('a'), name: 'billing' })
  replicas.hear({ ...presence('a'), name: 'api', state: 'closed' })
  replicas.hear({ ...presence('a'), name: 'api', entries: 7 })
  assert.deepEqual(
    replicas.list().map(({ name, entries }) => [name, entries]),
    [
      ['api', 7],
      ['billing', presence('a').entries],
    ],
  )
})

test('a silent replica is forgotten after a day', () => {
  const clock = manualClock()
  const replicas = new Replicas(clock)
  replicas.hear(presence('a'))
  clock.advance(SILENT_REPLICA_KEPT_MS)
  assert.equal(replicas.list().length, 1)
  clock.advance(1)
  assert.equal(replicas.list().length, 0)
})

test('R18: one that accepts what it cannot know stays until it is dismissed, and holds no newer frame back after a day', () => {
  const clock = manualClock()
  const replicas = new Replicas(clock)
  replicas.hear(presence('a', { whenUnknown: 'accept' }))
  replicas.hear(presence('b'))
  clock.advance(SILENT_REPLICA_KEPT_MS + 1)
  assert.deepEqual(
    replicas.list().map(({ id }) => id),
    ['a'],
  )
  assert.deepEqual([...replicas.frameVersions()], [])
  assert.equal(replicas.dismiss('a'), true)
  assert.deepEqual(replicas.list(), [])
  assert.equal(replicas.dismiss('a'), false)
})
