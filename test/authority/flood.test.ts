import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { Replica } from '@rescind/subscriber'
import { eventually } from '../end-to-end/harness.ts'
import { type GuardedBroker, startGuardedBroker } from './guarded-broker.ts'
import { GuardedDeployment, verdictOf } from './guarded-deployment.ts'
import { NatsSocket } from './nats-socket.ts'
import { questionsOf } from './questions.ts'

/** Questions of one flood: as many as a broker answers in some seconds. */
const QUESTIONS = 30_000
/** The time that one flood may take; a slow machine floods less. */
const FLOOD_MS = 15_000
/** Questions sent before the flood looks whether the server still listens. */
const BATCH = 500

let broker: GuardedBroker
let deployment: GuardedDeployment
let other: Replica
before(async () => {
  broker = await startGuardedBroker()
  deployment = await GuardedDeployment.start(broker)
  other = await deployment.openReplica('billing')
})
after(async () => {
  await deployment?.stop()
  await broker?.end()
})

/** Asks without pause, up to both bounds; returns how many were asked. */
async function flood(ask: (socket: NatsSocket, i: number) => void): Promise<number> {
  const socket = await NatsSocket.connect(broker.server.port, { seed: broker.seeds.api })
  const endMs = performance.now() + FLOOD_MS
  let asked = 0
  while (asked < QUESTIONS && performance.now() < endMs) {
    for (let i = 0; i < BATCH; i += 1, asked += 1) ask(socket, asked)
    await socket.flush()
    socket.delivered.length = 0
  }
  socket.close()
  return asked
}

/** Revokes and checks for as long as the flood lasts: every revocation is acknowledged, reaches the replica, and it is live. */
async function whileFlooded(t: TestContext, flooding: Promise<number>): Promise<void> {
  let ended = false
  const fromMs = performance.now()
  const asked = flooding.finally(() => {
    ended = true
  })
  let revoked = 0
  let slowestMs = 0
  do {
    revoked += 1
    const sub = `${t.name} ${revoked}`
    const askedMs = performance.now()
    const cursor = await deployment.revoke(sub)
    await other.reached(cursor)
    slowestMs = Math.max(slowestMs, performance.now() - askedMs)
    assert.equal(verdictOf(other, sub), 'revoked')
    assert.equal(other.status.state, 'live')
  } while (!ended)
  const seconds = ((performance.now() - fromMs) / 1000).toFixed(1)
  t.diagnostic(
    `${await asked} asked in ${seconds} s; ${revoked} revocations meanwhile, the slowest in ${slowestMs.toFixed()} ms`,
  )
  assert.equal(verdictOf(other, 'nobody'), 'active')
}

/** How many answers the account of the publishers owes to others. */
async function awaitedAnswers(): Promise<number> {
  const { account_detail: detail } = (await (await fetch(`${broker.monitor}/accountz?acc=PUBLISHERS`)).json()) as {
    account_detail?: { responses?: object }
  }
  assert.ok(detail)
  return Object.keys(detail.responses ?? {}).length
}

const [info, frame, , presence] = questionsOf('api')

describe('a flood of what a replica may ask neither stops revocations nor makes another replica stale', () => {
  it('for the head', async (t) => {
    await whileFlooded(
      t,
      flood((socket) => socket.publish(info?.subject ?? '', '', '_INBOX_api.flood')),
    )
  })

  it('for the head, with the answers on its own live subject', async (t) => {
    await whileFlooded(
      t,
      flood((socket) => socket.publish(info?.subject ?? '', '', 'rescind.live')),
    )
  })

  it('for frames', async (t) => {
    await whileFlooded(
      t,
      flood((socket) => socket.publish(frame?.subject ?? '', '{"seq":1}', '_INBOX_api.flood')),
    )
  })

  it('of presence that asks for answers: the broker keeps nothing of it', async (t) => {
    await whileFlooded(
      t,
      flood((socket, i) => socket.publish(presence?.subject ?? '', '{}', `_INBOX_api.${i}`)),
    )
    // Without the threshold of accounts.conf each would be kept for two minutes, in case an answer comes.
    await eventually(
      () => 'the broker waits for no answer any more',
      async () => (await awaitedAnswers()) === 0,
    )
  })
})
