import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, Fleet } from './harness.ts'
import { natsRequest } from './nats-request.ts'

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ replicas: 2 })
})
after(() => fleet?.stop())

test('R11: a stream that is deleted, and made anew by a publisher that remembers nothing, revives no token', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'ann' })
  await fleet.calls.revoke({ match: { jti: revoked.jti } })
  await fleet.everywhere(revoked.token, 401)
  const epochs = await epochsOfReplicas()

  await fleet.publisher.stop()
  const deleted = await natsRequest(fleet.broker.port, '$JS.API.STREAM.DELETE.RESCIND')
  assert.equal(deleted.success, true)
  await fleet.startPublisher()

  // The first thing revoked on the new log comes everywhere: the replicas have gone over to it.
  const next = await fleet.issuer.mint({ sub: 'bob' })
  const fine = await fleet.issuer.mint({ sub: 'cat' })
  await fleet.calls.revoke({ match: { jti: next.jti } })
  await eventually(
    () => 'every replica refuses what was revoked on the new log',
    async () => {
      assert.deepEqual(await fleet.statuses(revoked.token), [401, 401])
      return (await fleet.statuses(next.token)).every((status) => status === 401)
    },
  )
  await fleet.everywhere(fine.token, 200)
  assert.deepEqual(await fleet.statuses(revoked.token), [401, 401])
  for (const [index, epoch] of (await epochsOfReplicas()).entries()) assert.notEqual(epoch, epochs[index])
})

async function epochsOfReplicas(): Promise<unknown[]> {
  const answers = await Promise.all(fleet.replicas.map((replica) => fleet.calls.status(replica)))
  return answers.map(({ body }) => (body.cursor as { epoch: string }).epoch)
}
