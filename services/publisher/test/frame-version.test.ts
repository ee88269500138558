import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Presence } from '@rescind/log'
import { FRAME_VERSIONS, manualClock } from '@rescind/protocol'
import { frameVersionToWrite } from '../src/frame-version.ts'
import { LISTEN_BEFORE_NEWER_FRAMES_MS, SILENT_REPLICA_KEPT_MS } from '../src/limits.ts'
import { Replicas } from '../src/replicas.ts'

/** A build that writes 1 and 2, which none does yet. */
const WRITABLE = [1, 2]
const LONG_ENOUGH_MS = LISTEN_BEFORE_NEWER_FRAMES_MS

function chosen(read: readonly (readonly number[])[], listenedMs = LONG_ENOUGH_MS, writable = WRITABLE): number {
  return frameVersionToWrite(writable, { frameVersions: () => read }, listenedMs)
}

function presence(replica: string, frameVersions: readonly number[], state: Presence['state'] = 'live'): Presence {
  return {
    replica,
    name: replica,
    version: '1.0.0',
    frameVersions,
    state,
    entries: 0,
    rssBytes: 1,
    whenUnknown: 'reject',
    staleAfterMs: 15_000,
  }
}

function bench(max?: number) {
  const clock = manualClock()
  const replicas = new Replicas(clock, max)
  return { clock, replicas, version: () => frameVersionToWrite(WRITABLE, replicas, LONG_ENOUGH_MS) }
}

test('what this build writes today is version 1, whoever listens', () => {
  assert.deepEqual(FRAME_VERSIONS, [1])
  for (const read of [[], [[1]], [[1, 2]], [[2]]]) assert.equal(chosen(read, LONG_ENOUGH_MS, [...FRAME_VERSIONS]), 1)
})

test('the highest version that every replica reads is written', () => {
  assert.equal(chosen([[1, 2]]), 2)
  assert.equal(
    chosen([
      [1, 2],
      [1, 2, 3],
      [2, 1],
    ]),
    2,
  )
  assert.equal(chosen([[1, 2, 3]], LONG_ENOUGH_MS, [1, 2, 3]), 3)
})

test('one replica that reads only 1 keeps it at 1', () => {
  assert.equal(chosen([[1, 2], [1], [1, 2]]), 1)
})

test('replicas without a version in common, or of which none is known, are written the lowest', () => {
  assert.equal(chosen([[1], [2]]), 1)
  assert.equal(chosen([[1, 2], []]), 1)
  assert.equal(chosen([[7]]), 1)
})

test('a publisher that hears nobody writes the lowest: it does not even hear its own replica', () => {
  assert.equal(chosen([]), 1)
})

test('a publisher that has not listened long enough writes the lowest', () => {
  assert.equal(chosen([[1, 2]], 0), 1)
  assert.equal(chosen([[1, 2]], LONG_ENOUGH_MS - 1), 1)
  assert.equal(chosen([[1, 2]], LONG_ENOUGH_MS), 2)
})

test('a replica that fell silent still counts, one that said goodbye does not', () => {
  const { clock, replicas, version } = bench()
  replicas.hear(presence('old', [1]))
  clock.advance(3_600_000)
  replicas.hear(presence('new', [1, 2]))
  assert.equal(version(), 1, 'it may only be cut off, and comes back')
  replicas.hear(presence('old', [1], 'closed'))
  assert.equal(version(), 2)
})

test('a replica that was silent for a day is gone', () => {
  const { clock, replicas, version } = bench()
  replicas.hear(presence('old', [1]))
  clock.advance(SILENT_REPLICA_KEPT_MS + 1)
  replicas.hear(presence('new', [1, 2]))
  assert.equal(version(), 2)
})

test('a replica for which there was no room on the list keeps it at the lowest for a day', () => {
  const { clock, replicas, version } = bench(1)
  replicas.hear(presence('new', [1, 2]))
  assert.equal(version(), 2)
  replicas.hear(presence('unlisted', [1]))
  assert.equal(version(), 1)
  clock.advance(SILENT_REPLICA_KEPT_MS)
  replicas.hear(presence('new', [1, 2]))
  assert.equal(version(), 1)
  clock.advance(1)
  assert.equal(version(), 2)
})

test('a silent replica that had to make room keeps it at the lowest, too', () => {
  const { clock, replicas, version } = bench(1)
  replicas.hear(presence('old', [1]))
  clock.advance(60_000)
  replicas.hear(presence('new', [1, 2]))
  assert.deepEqual(
    replicas.list().map(({ id }) => id),
    ['new'],
  )
  assert.equal(version(), 1)
})
