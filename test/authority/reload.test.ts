import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually } from '../end-to-end/harness.ts'
import { addApi, edit, type GuardedBroker, reload, startGuardedBroker } from './guarded-broker.ts'
import { GuardedDeployment, verdictOf } from './guarded-deployment.ts'
import { NatsSocket } from './nats-socket.ts'
import { newNkey, nkeyFromSeed } from './nkeys.ts'

let broker: GuardedBroker
let deployment: GuardedDeployment
before(async () => {
  broker = await startGuardedBroker()
  deployment = await GuardedDeployment.start(broker)
})
after(async () => {
  await deployment?.stop()
  await broker?.end()
})

/** True if a user of this seed gets in. */
async function isLetIn(seed: string): Promise<boolean> {
  return NatsSocket.connect(broker.server.port, { seed }).then(
    (socket) => {
      socket.close()
      return true
    },
    () => false,
  )
}

describe('users change while everything runs', () => {
  it('one more API gets in, one with a new key does not with its old one, and nobody else notices', async () => {
    const replica = await deployment.openReplica('api')
    const old = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.billing })
    const [shop, renewed] = [newNkey('user'), newNkey('user')]
    assert.equal(await isLetIn(shop.seed), false)

    await addApi(broker.conf, 'shop', shop.publicKey)
    const { publicKey } = nkeyFromSeed(broker.seeds.billing)
    await edit(join(broker.conf, 'secrets/users.conf'), publicKey, renewed.publicKey)
    reload(broker)

    for (const { seed } of [shop, renewed]) {
      await eventually(
        () => 'the new key is known',
        () => isLetIn(seed),
      )
    }
    assert.equal(await isLetIn(broker.seeds.billing), false)
    await assert.rejects(old.flush(), /the server ended the connection/)
    const cursor = await deployment.revoke('ann')
    await replica.reached(cursor)
    assert.equal(verdictOf(replica, 'ann'), 'revoked')
    assert.equal(replica.status.state, 'live')
  })
})
