import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublisherLog } from '@rescind/log'
import { type Harness, ISS, intercept, withPublisher } from './harness.ts'
import { until } from './until.ts'

/** A broker that stores nothing until it is told to, once it has been told to wait. */
function heldAppends() {
  let held = Promise.resolve()
  let release = () => {}
  return {
    hold() {
      held = new Promise((resolve) => {
        release = resolve
      })
    },
    release: () => release(),
    wrap: (log: PublisherLog) =>
      intercept(log, (connection) => ({
        append: (bytes, options) => held.then(() => connection.append(bytes, options)),
      })),
  }
}

/** Another body under the key of a request that is running is refused, and one that nobody asked with is not taken. */
async function cameIn(harness: Harness, key: string): Promise<boolean> {
  const { body } = await harness.revoke('7', { 'idempotency-key': key })
  return body.code === 'idempotency_key_reused'
}

test('many requests at once become few frames, and each is answered by what became of its own fact', async () => {
  const { wrap, hold, release } = heldAppends()
  await withPublisher({ wrap, config: { staleAfterMs: 60_000 } }, async (harness) => {
    const before = (await harness.frames()).length
    hold()
    const numbers = Array.from({ length: 300 }, (_, n) => n)
    const asked = numbers.map(async (n) => {
      const reply = await harness.revoke({ iss: ISS, match: { jti: `j${n}` } }, { 'idempotency-key': `k${n}` })
      const isRevoked = async () =>
        ((await harness.verdict({ iss: ISS, jti: `j${n}` })) as { kind: string }).kind === 'revoked'
      if (reply.status === 201) assert.ok(await isRevoked(), 'in force at once (R10)')
      return { n, reply, isRevoked }
    })
    for (const n of numbers) await until(`request ${n} came in`, () => cameIn(harness, `k${n}`))
    release()
    const replies = await Promise.all(asked)
    for (const { n, reply, isRevoked } of replies) {
      assert.ok(reply.status === 201 || reply.status === 202, reply.text)
      assert.deepEqual(reply.body.revocations[0].match, { jti: `j${n}` })
      await until(`fact ${n} is in force`, isRevoked)
    }
    const frames = (await harness.frames()).slice(before)
    // Those that came before the first was under way, those behind it, and what waited meanwhile, a window at a time.
    assert.ok(frames.length <= 4, `${frames.length} frames for 300 requests`)
    const byId = new Map(
      frames.flatMap(({ frameId, facts }) => facts.map((fact) => [(fact as { id: string }).id, frameId])),
    )
    assert.equal(byId.size, 300)
    for (const { reply } of replies) {
      const { state, cursor, revocations } = reply.body
      const frameId = byId.get(revocations[0].id)
      assert.equal(frameId, state === 'broadcast' ? cursor.frameId : frameId)
    }
  })
})

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
