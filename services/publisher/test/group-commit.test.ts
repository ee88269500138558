import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublisherLog } from '@rescind/log'
import { ISS, intercept, withPublisher } from './harness.ts'

/** A broker far away: each append takes 20 ms, as long as it takes some dozens of requests to arrive. */
function slowAppends(log: PublisherLog): PublisherLog {
  return intercept(log, (connection) => ({
    append: (bytes, options) =>
      new Promise((resolve, reject) => {
        setTimeout(() => connection.append(bytes, options).then(resolve, reject), 20)
      }),
  }))
}

test('many requests at once become few frames, and each is answered when its own fact is in force', () =>
  withPublisher({ wrap: slowAppends }, async (harness) => {
    const before = (await harness.frames()).length
    const replies = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        const reply = await harness.revoke({ iss: ISS, match: { jti: `j${n}` } })
        const verdict = (await harness.verdict({ iss: ISS, jti: `j${n}` })) as { kind: string }
        return { n, reply, verdict }
      }),
    )
    for (const { n, reply, verdict } of replies) {
      assert.equal(reply.status, 201)
      assert.deepEqual(reply.body.revocations[0].match, { jti: `j${n}` })
      assert.equal(verdict.kind, 'revoked')
    }
    const frames = (await harness.frames()).slice(before)
    assert.ok(frames.length <= 60, `${frames.length} frames for 300 requests`)
    const byId = new Map(
      frames.flatMap(({ frameId, facts }) => facts.map((fact) => [(fact as { id: string }).id, frameId])),
    )
    assert.equal(byId.size, 300)
    for (const { reply } of replies) assert.equal(byId.get(reply.body.revocations[0].id), reply.body.cursor.frameId)
  }))

test('R10: the times of frames only grow, whoever asks', () =>
  withPublisher({}, async (harness) => {
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 3 === 0
          ? harness.lift({ iss: ISS, match: { sub: `s${n - 1}` }, mode: 'block' })
          : harness.revoke({ iss: ISS, match: { sub: `s${n}` }, mode: 'block' }),
      ),
    )
    const frames = await harness.frames()
    let last = 0
    for (const { facts } of frames) {
      const kinds = new Set(facts.map(({ kind }) => kind))
      const times = new Set(facts.map(({ atMs }) => atMs))
      assert.deepEqual([kinds.size, times.size], [1, 1], 'one kind and one time in a frame')
      const [atMs = 0] = times
      assert.ok(atMs > last)
      last = atMs
    }
  }))
