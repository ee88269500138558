import assert from 'node:assert/strict'
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
  const refused = await fleet.calls.revoke({ match: { jti: fine.jti } })
  assert.deepEqual([refused.status, refused.body.code], [503, 'log_unavailable'])
  assert.match(String(refused.body.detail), /cannot be read/)

  await deleteStream()
  await epochsTurn(epoch)
  await fleet.everywhere(fine.token, 200)
  await fleet.everywhere(revoked.token, 401)
  assert.equal((await fleet.calls.revoke({ match: { jti: fine.jti } })).status, 201)
  await fleet.everywhere(fine.token, 401)
})
