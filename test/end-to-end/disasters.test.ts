import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, Fleet } from './harness.ts'
import { natsRequest } from './nats-request.ts'

/** What services/publisher/OPERATING.md says of disasters, done to a running fleet one after the other. */
let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ replicas: 2 })
})
after(() => fleet?.stop())

/** Deletes the stream behind everybody's back. */
async function deleteStream(): Promise<void> {
  const { success } = await natsRequest(fleet.broker.port, '$JS.API.STREAM.DELETE.RESCIND')
  assert.equal(success, true)
}

async function epochOf(replica: number): Promise<unknown> {
  const { body } = await fleet.calls.status(fleet.replicas[replica] as Fleet['replicas'][number])
  return (body.cursor as { epoch: string }).epoch
}

/** Every replica follows a new epoch. */
async function epochsTurn(from: unknown): Promise<void> {
  await eventually(
    () => 'every replica follows the new stream',
    async () => (await Promise.all(fleet.replicas.map((_, index) => epochOf(index)))).every((epoch) => epoch !== from),
  )
  await fleet.calls.ready(fleet.publisher)
}

test('R11: a stream deleted while publishers run: they make it anew and remember, also for replicas that start later', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'ann' })
  const fine = await fleet.issuer.mint({ sub: 'bob' })
  await fleet.calls.revoke({ match: { jti: revoked.jti } })
  await fleet.everywhere(revoked.token, 401)
  const epoch = await epochOf(0)
  await deleteStream()
  // Whoever revokes makes publishers look, sooner than they would notice by themselves.
  await eventually(
    () => 'a revocation is taken again',
    async () => (await fleet.calls.revoke({ match: { jti: 'next' } })).status === 201,
  )
  await epochsTurn(epoch)
  const later = await fleet.startReplica('api-later')
  await fleet.calls.ready(later)
  await fleet.everywhere(revoked.token, 401)
  await fleet.everywhere(fine.token, 200)
})

test('R18: a frame that nobody can read makes every replica unknown and stops publishers; a new stream ends it, nothing is forgotten', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'cat' })
  const fine = await fleet.issuer.mint({ sub: 'dan' })
  await fleet.calls.revoke({ match: { jti: revoked.jti } })
  await fleet.everywhere(revoked.token, 401)
  const epoch = await epochOf(0)

  assert.equal(typeof (await natsRequest(fleet.broker.port, 'rescind.log', 'no frame')).seq, 'number')
  await eventually(
    () => 'every replica names the frame',
    async () => {
      const answers = await Promise.all(fleet.replicas.map((replica) => fleet.calls.status(replica)))
      return answers.every(({ body }) => (body.cause as { code?: string } | undefined)?.code === 'poison_frame')
    },
  )
  // At once: they do not wait until their last proof is too old.
  assert.ok((await fleet.statuses(fine.token)).every((status) => status === 503))
  await fleet.everywhere(revoked.token, 401)
  const later = await fleet.issuer.mint({ sub: 'eve' })
  const recorded = await fleet.calls.revoke({ match: { jti: later.jti } })
  assert.deepEqual([recorded.status, recorded.body.state], [202, 'recorded'])

  await deleteStream()
  await epochsTurn(epoch)
  await fleet.everywhere(fine.token, 200)
  await fleet.everywhere(revoked.token, 401)
  await fleet.everywhere(later.token, 401)
  assert.equal((await fleet.calls.revoke({ match: { jti: fine.jti } })).status, 201)
  await fleet.everywhere(fine.token, 401)
})

/** Replaces the files of the broker's stream while it is down; until all replicas follow again none accepts the token. */
async function replaceStream(revoked: string, replace: (store: string) => Promise<void>): Promise<void> {
  const epoch = await epochOf(0)
  await fleet.broker.stop()
  await replace(join(fleet.folder, 'jetstream'))
  await fleet.broker.restart()
  await eventually(
    () => 'every replica follows the stream anew',
    async () => {
      for (const status of await fleet.statuses(revoked)) assert.equal(status, 401, 'R11: never accepted meanwhile')
      return (await Promise.all(fleet.replicas.map((_, index) => epochOf(index)))).every((now) => now !== epoch)
    },
  )
  await fleet.calls.ready(fleet.publisher)
}

for (const [what, replace] of [
  ['an older copy', (store: string, copy: string) => cp(copy, store, { recursive: true })],
  ['an empty one', () => Promise.resolve()],
] as const) {
  test(`R12: the stream's directory replaced by ${what}: the publisher brings everything back, also for who starts then`, async () => {
    const fine = await fleet.issuer.mint({ sub: 'fay' })
    const copy = join(fleet.folder, `copy for ${what}`)
    await fleet.broker.stop()
    await cp(join(fleet.folder, 'jetstream'), copy, { recursive: true })
    await fleet.broker.restart()
    const revoked = await fleet.issuer.mint({ sub: 'gus' })
    await eventually(
      () => 'it is broadcast',
      async () => (await fleet.calls.revoke({ match: { jti: revoked.jti } })).status === 201,
    )
    await fleet.everywhere(revoked.token, 401)
    await replaceStream(revoked.token, async (store) => {
      await rm(store, { recursive: true })
      await replace(store, copy)
    })
    const later = await fleet.startReplica(`api after ${what}`.replaceAll(' ', '-'))
    await fleet.calls.ready(later)
    await fleet.everywhere(revoked.token, 401)
    await fleet.everywhere(fine.token, 200)
  })
}

test('R12: max_age shortened by hand: it is raised again, what it cost is published again, and nothing is accepted meanwhile', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'hal' })
  await fleet.calls.revoke({ match: { jti: revoked.jti } })
  await fleet.everywhere(revoked.token, 401)
  const epoch = await epochOf(0)
  const info = await natsRequest(fleet.broker.port, '$JS.API.STREAM.INFO.RESCIND')
  const config = { ...(info.config as object), max_age: 200_000_000 }
  await natsRequest(
    fleet.broker.port,
    '$JS.API.STREAM.UPDATE.RESCIND',
    JSON.stringify({ ...config, duplicate_window: 200_000_000 }),
  )
  await eventually(
    () => 'its frames are gone',
    async () => {
      const { state } = await natsRequest(fleet.broker.port, '$JS.API.STREAM.INFO.RESCIND')
      return (state as { messages: number }).messages === 0
    },
  )
  await natsRequest(
    fleet.broker.port,
    '$JS.API.STREAM.UPDATE.RESCIND',
    JSON.stringify({ ...config, duplicate_window: 120_000_000_000, max_age: 120_000_000_000 }),
  )
  await eventually(
    () => 'every replica follows the stream anew',
    async () => {
      for (const status of await fleet.statuses(revoked.token))
        assert.equal(status, 401, 'R11: never accepted meanwhile')
      return (await Promise.all(fleet.replicas.map((_, index) => epochOf(index)))).every((now) => now !== epoch)
    },
  )
  await fleet.calls.ready(fleet.publisher)
  const later = await natsRequest(fleet.broker.port, '$JS.API.STREAM.INFO.RESCIND')
  assert.ok((later.config as { max_age: number }).max_age >= 86_400_000_000_000)
})
