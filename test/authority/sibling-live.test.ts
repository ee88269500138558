import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { GuardedDeployment, verdictOf } from './guarded-deployment.ts'
import { NatsSocket } from './nats-socket.ts'
import { questionsOf } from './questions.ts'

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

/** How many forged live messages each kind of question throws. */
const ROUNDS = 200

/**
 * Inside REPLICAS nothing stands between a replica and its siblings: the server's answers to it can be made to look like
 * live frames to them all. They are genuine answers, though, and a live message is a hint.
 */
describe('a live subject named as the reply of a question reaches the other replicas', () => {
  it('R11, R19: which stay live, apply nothing of it, and answer as before', async () => {
    const victim = await deployment.openReplica('billing')
    const sibling = await deployment.openReplica('api')
    await deployment.revoke('ann')
    await deployment.revoke('bob')
    const cursor = await deployment.lift('bob')
    await Promise.all([victim, sibling].map((replica) => replica.reached(cursor)))
    const before = [victim, sibling].map(({ status }) => [status.cursor, status.entries])

    const attacker = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.api })
    attacker.subscribe('rescind.live')
    const old = Array.from({ length: cursor.seq }, (_, i) => ({
      subject: 'rescind.read.frame',
      payload: JSON.stringify({ seq: i + 1 }),
    }))
    const questions = [...questionsOf('api').slice(0, 3), ...old]
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const { subject, payload } of questions) attacker.publish(subject, payload, 'rescind.live')
      await attacker.flush()
      for (const replica of [victim, sibling]) {
        assert.equal(replica.status.state, 'live')
        assert.equal(verdictOf(replica, 'ann'), 'revoked')
        assert.equal(verdictOf(replica, 'bob'), 'active')
      }
    }
    await attacker.next(() => attacker.delivered.length >= ROUNDS * questions.length)
    assert.ok(attacker.delivered.every(({ subject }) => subject === 'rescind.live'))
    assert.deepEqual(attacker.refusals, [], 'NATS lets all of them through')
    attacker.close()

    assert.deepEqual(
      [victim, sibling].map(({ status }) => [status.cursor, status.entries]),
      before,
      'nothing forged was applied',
    )
    const next = await deployment.revoke('eve')
    await Promise.all([victim, sibling].map((replica) => replica.reached(next)))
    for (const replica of [victim, sibling]) {
      assert.equal(verdictOf(replica, 'eve'), 'revoked')
      assert.equal(verdictOf(replica, 'bob'), 'active')
      assert.equal(replica.status.cause, undefined)
    }
  })
})

describe('replicas of one API share a credential', () => {
  it('R19, R21: one hears the answers of the others and sends them more; they stay live and answer as before', async () => {
    const victim = await deployment.openReplica('api')
    const cursor = await deployment.revoke('fay')
    await victim.reached(cursor)
    const attacker = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.api })
    attacker.subscribe('_INBOX_api.>')
    const { subject: inbox } = await attacker.next(({ subject }) => subject.startsWith('_INBOX_api.'))
    const prefix = inbox.slice(0, inbox.lastIndexOf('.'))
    for (let round = 1; round <= ROUNDS; round += 1) {
      const heard = attacker.delivered.splice(0).map(({ subject }) => subject)
      for (const reply of [...new Set([inbox, ...heard, `${prefix}.${round}`])].slice(0, 20)) {
        for (const { subject, payload } of questionsOf('api').slice(0, 3)) attacker.publish(subject, payload, reply)
      }
      await attacker.flush()
      assert.equal(victim.status.state, 'live')
      assert.equal(verdictOf(victim, 'fay'), 'revoked')
      assert.equal(verdictOf(victim, 'bob'), 'active')
    }
    assert.deepEqual(attacker.refusals, [], 'NATS lets all of them through')
    attacker.close()
    const next = await deployment.revoke('gus')
    await victim.reached(next)
    assert.equal(verdictOf(victim, 'gus'), 'revoked')
  })
})
