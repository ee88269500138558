import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenylist, type Denylist } from '@rescind/denylist'
import {
  type Cursor,
  decodeSnapshot,
  formatCursor,
  formatRfc3339,
  manualClock,
  RescindError,
  systemClock,
} from '@rescind/protocol'
import { httpSnapshot, openReplica } from '@rescind/subscriber'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import type { ReplicaAnswer } from '../src/replicas.ts'
import { type BuiltSnapshot, Snapshots } from '../src/snapshots.ts'
import { ISS, KEYS, withPublisher } from './harness.ts'
import { until } from './until.ts'

const AUTH = { authorization: `Bearer ${KEYS.replica.key}` }

test("R20: the bytes are an image of the publisher's own replica, at the cursor that ETag and header name", () =>
  withPublisher({}, async (harness) => {
    const { body } = await harness.revoke(
      Array.from({ length: 100 }, (_, n) => ({ iss: ISS, match: { jti: `j${n}` } })),
    )
    const response = await fetch(`${harness.publisher.url}/v1/snapshot`, { headers: AUTH })
    const bytes = new Uint8Array(await response.arrayBuffer())
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/octet-stream')
    assert.equal(Number(response.headers.get('content-length')), bytes.length)
    const cursor = formatCursor(body.cursor)
    assert.equal(response.headers.get('etag'), `"${cursor}"`)
    assert.equal(response.headers.get('rescind-cursor'), cursor)

    const { manifest, image } = decodeSnapshot(bytes)
    assert.deepEqual(manifest.cursor, body.cursor)
    assert.equal(manifest.entries, 100)
    assert.equal(formatRfc3339(manifest.newestAtMs), body.revocations[0].at)
    assert.ok(Math.abs(manifest.takenAtMs - systemClock.now()) < 10_000)
    const denylist = createDenylist()
    for (const _slice of denylist.join(image));
    const verdict = denylist.check({ payload: { iss: ISS, jti: 'j42' } }, { nowMs: systemClock.now() })
    assert.equal(verdict.kind, 'revoked')
    assert.equal(denylist.issuer(ISS)?.maxExpiryMs, 3_600_000)
  }))

test('HEAD gives cursor and size without the bytes; If-None-Match 304', () =>
  withPublisher({}, async (harness) => {
    const get = await harness.call('GET', '/v1/snapshot')
    const head = await harness.call('HEAD', '/v1/snapshot')
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    for (const name of ['etag', 'rescind-cursor', 'content-length']) {
      assert.equal(head.headers.get(name), get.headers.get(name), name)
    }
    const tag = get.headers.get('etag') ?? ''
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const reply = await harness.call('GET', '/v1/snapshot', { headers: { 'if-none-match': known } })
      assert.deepEqual([reply.status, reply.text, reply.headers.get('etag')], [304, '', tag], known)
    }
    await harness.revoke({ iss: ISS, match: { sub: 'ann' } })
    const changed = await harness.call('GET', '/v1/snapshot', { headers: { 'if-none-match': tag } })
    assert.equal(changed.status, 200)
    assert.notEqual(changed.headers.get('etag'), tag)
  }))

test('R20: a replica becomes live through it, refuses what was refused, and is listed', () =>
  withPublisher({}, async (harness) => {
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
    const replica = await openReplica({
      log: harness.log.replicaLog,
      snapshot: httpSnapshot(`${harness.publisher.url}/v1/snapshot`, { token: KEYS.replica.key }),
      whenUnknown: 'reject',
      name: 'api-1',
      signal: AbortSignal.timeout(10_000),
    })
    try {
      assert.equal(replica.check({ payload: { iss: ISS, sub: 'ann' } }).kind, 'revoked')
      const { body } = await harness.revoke({ iss: ISS, match: { sub: 'bob' }, mode: 'block' })
      await replica.reached(body.cursor)
      assert.equal(replica.check({ payload: { iss: ISS, sub: 'bob' } }).kind, 'revoked')
      const listed = await harness.call('GET', '/v1/replicas')
      const own = listed.body.replicas.find(({ name }: { name: string }) => name === 'api-1')
      assert.deepEqual([own?.state, own?.whenUnknown, own?.silent, own?.frameVersions], ['live', 'reject', false, [1]])
      assert.equal(typeof own.lastSeen, 'string')
      const digests = await until('both replicas tell a digest at one cursor', async () => {
        const { replicas } = (await harness.call('GET', '/v1/replicas')).body
        const there = replicas.filter((one: ReplicaAnswer) => one.digest && one.cursor?.seq === body.cursor.seq)
        return there.length === 2 && there.map((one: ReplicaAnswer) => one.digest)
      })
      assert.deepEqual(digests[0], digests[1])
      assert.ok(digests[0].asOf > body.revocations[0].at)
    } finally {
      await replica.close()
    }
  }))

/** A replica of which only what a snapshot needs is real, and an image that ends when told. */
function bench() {
  const clock = manualClock()
  let cursor: Cursor = { epoch: 'e', seq: 1, frameId: 'f' }
  let builds = 0
  let refusal: ReturnType<ConstructorParameters<typeof Snapshots>[0]['refusal']>
  let onChunk = () => {}
  const denylist = {
    size: 3,
    *image() {
      builds++
      for (let chunk = 0; chunk < 3; chunk++) {
        onChunk()
        yield new Uint8Array([builds, chunk])
      }
    },
  } as unknown as Denylist
  const replica = {
    denylist,
    largestAtMs: 7,
    get status() {
      return { state: 'live', cursor }
    },
  } as unknown as EmbeddedReplica
  const snapshots = new Snapshots({
    replica,
    clock,
    refusal: () => refusal,
    identity: () => ({ epoch: 'e', deployment: 'd' }),
  })
  return {
    snapshots,
    clock,
    builds: () => builds,
    advance: () => {
      cursor = { ...cursor, seq: cursor.seq + 1 }
    },
    refuse: (error: typeof refusal) => {
      refusal = error
    },
    duringBuild: (action: () => void) => {
      onChunk = action
    },
    renewEpoch: () => {
      cursor = { ...cursor, epoch: 'other' }
    },
    replaceFrame: () => {
      cursor = { ...cursor, frameId: 'other' }
    },
  }
}

test('one build serves all who ask at once, and those who come while its cursor is the newest', async () => {
  const { snapshots, builds, advance } = bench()
  try {
    const all = await Promise.all(Array.from({ length: 20 }, () => snapshots.current()))
    assert.equal(new Set(all.map(({ bytes }) => bytes)).size, 1)
    await snapshots.current()
    assert.equal(builds(), 1)
    advance()
    await snapshots.current()
    assert.equal(builds(), 2)
  } finally {
    snapshots.close()
  }
})

test('R19: a snapshot of another frame at the same sequence is another snapshot', async () => {
  const { snapshots, builds, replaceFrame } = bench()
  try {
    await snapshots.current()
    replaceFrame()
    assert.equal((await snapshots.current()).cursor.frameId, 'other')
    assert.equal(builds(), 2)
  } finally {
    snapshots.close()
  }
})

test('R15: it was taken when it was complete: what is swept while it is made is missing from it', async () => {
  const { snapshots, clock, duringBuild } = bench()
  try {
    const before = clock.now()
    duringBuild(() => clock.advance(1_000))
    const { manifest } = decodeSnapshot((await snapshots.current()).bytes)
    assert.equal(manifest.takenAtMs, before + 3_000)
  } finally {
    snapshots.close()
  }
})

test('R9: the cursor is that of before the image, whatever is applied meanwhile', async () => {
  const { snapshots, advance, duringBuild } = bench()
  try {
    duringBuild(advance)
    const built: BuiltSnapshot = await snapshots.current()
    assert.equal(built.cursor.seq, 1)
    assert.equal(decodeSnapshot(built.bytes).manifest.cursor.seq, 1)
    assert.equal(snapshots.cursor().seq, 4)
  } finally {
    snapshots.close()
  }
})

test('R20: none while the replica is not whole, nor if it ceases to be during the build', async () => {
  const { snapshots, refuse, duringBuild, renewEpoch } = bench()
  try {
    refuse(new RescindError('ERR_LOG_UNAVAILABLE', 'stale'))
    assert.throws(() => snapshots.cursor(), { code: 'ERR_SNAPSHOT_UNAVAILABLE' }, 'not even a 304')
    await assert.rejects(snapshots.current(), { code: 'ERR_SNAPSHOT_UNAVAILABLE' })
    refuse(undefined)
    duringBuild(() => refuse(new RescindError('ERR_LOG_UNAVAILABLE', 'stale')))
    await assert.rejects(snapshots.current(), { code: 'ERR_SNAPSHOT_UNAVAILABLE' })
    duringBuild(() => {})
    refuse(undefined)
    await snapshots.current()
    renewEpoch()
    await assert.rejects(snapshots.current(), /has just changed its epoch/)
  } finally {
    snapshots.close()
  }
})
