import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { LogConnection, Presence, PublisherConnection, RevocationLog } from '@rescind/log'
import { type Cursor, limits } from '@rescind/protocol'
import { openEmbeddedReplica } from '../src/internal.ts'
import type { MemoryLog } from '../src/testing.ts'
import { house, untilStatus } from './house.ts'

const id = (n: number): string => n.toString(16).padStart(32, '0')

/** A publisher's connection, and the presences that name a barrier. */
async function asker(log: MemoryLog, context: TestContext) {
  const answers: Presence[] = []
  const connection: PublisherConnection = await log.connect({
    name: 'asker',
    onEvent: (event) => event.kind === 'presence' && event.presence.barrier && answers.push(event.presence),
  })
  context.after(() => connection.close())
  return {
    answers,
    ask: (n: number, cursor: Cursor) => connection.barrier({ barrier: id(n), cursor }),
    async untilAnswered(n: number): Promise<Presence> {
      const deadline = performance.now() + 10_000
      for (;;) {
        const found = answers.find(({ barrier }) => barrier === id(n))
        if (found) return found
        if (performance.now() > deadline) assert.fail(`no answer to ${n}: ${JSON.stringify(answers)}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

/** A replica's log that counts how often its leader is asked. */
function counted(log: RevocationLog): RevocationLog & { questions: number } {
  const counting = {
    questions: 0,
    async connect(options: Parameters<RevocationLog['connect']>[0]): Promise<LogConnection> {
      const connection = await log.connect(options)
      const head: LogConnection['head'] = (given) => {
        counting.questions += 1
        return connection.head(given)
      }
      return new Proxy(connection, {
        get(target, name) {
          const value = name === 'head' ? head : Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
  return counting
}

describe('a replica that hears a barrier', () => {
  it('answers at once, naming it, and asks the leader nothing: the frame has been applied', async (context) => {
    const { log, publisher, open } = await house(context)
    const replicaLog = counted(log.replicaLog)
    const replica = await open({ log: replicaLog, staleAfterMs: 600_000, proveEveryMs: 300_000 })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const publisherSide = await asker(log, context)
    const before = replicaLog.questions
    for (let n = 1; n <= 20; n += 1) publisherSide.ask(n, cursor)
    const last = await publisherSide.untilAnswered(20)
    assert.deepEqual(last.cursor, cursor)
    assert.deepEqual(
      publisherSide.answers.map(({ barrier }) => barrier),
      Array.from({ length: 20 }, (_, index) => id(index + 1)),
    )
    assert.equal(replicaLog.questions, before)
  })

  it('answers each barrier once', async (context) => {
    const { log, publisher, open } = await house(context)
    const replica = await open({ log: log.replicaLog })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const publisherSide = await asker(log, context)
    for (const n of [1, 1, 2, 1, 3]) publisherSide.ask(n, cursor)
    await publisherSide.untilAnswered(3)
    assert.equal(publisherSide.answers.length, 3)
  })

  it('R19: asks the log when the live frame was lost, and answers as soon as it is applied', async (context) => {
    const { log, publisher, open } = await house(context)
    const replica = await open({ log: log.replicaLog, staleAfterMs: 600_000, proveEveryMs: 300_000 })
    const publisherSide = await asker(log, context)
    log.faults.dropLive(1)
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    publisherSide.ask(1, cursor)
    assert.deepEqual((await publisherSide.untilAnswered(1)).cursor, cursor)
    assert.deepEqual(replica.status.cursor, cursor)
  })

  it('R19: never says that it has applied another frame than the one at that sequence', async (context) => {
    const { log, publisher, open } = await house(context)
    const replica = await open({ log: log.replicaLog })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const publisherSide = await asker(log, context)
    publisherSide.ask(1, { ...cursor, frameId: id(99) })
    publisherSide.ask(2, { ...cursor, epoch: 'another' })
    publisherSide.ask(3, cursor)
    await publisherSide.untilAnswered(3)
    assert.equal(publisherSide.answers.length, 1)
  })

  it('answers once it gets there, however it starts: one that waits for its first proof, too', async (context) => {
    const { log, publisher, open } = await house(context)
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    log.faults.unproved(true)
    const replica = await open({ log: log.replicaLog, waitUntilLive: false })
    await untilStatus(replica, 'asking in vain', ({ cause }) => cause?.code === 'ERR_LOG_UNPROVED')
    const publisherSide = await asker(log, context)
    publisherSide.ask(1, cursor)
    log.faults.unproved(false)
    await publisherSide.untilAnswered(1)
  })

  it('R16: one that could not hold all facts does not answer, and says so in its presence', async (context) => {
    const { log, publisher } = await house(context)
    const given = { bootstrap: 'log', whenUnknown: 'accept', maxEntries: 1, name: 'small' } as const
    const replica = await openEmbeddedReplica({ log: log.replicaLog, ...given })
    context.after(() => replica.close())
    const heard: Presence[] = []
    const listener = await log.connect({
      name: 'listener',
      onEvent: (event) => event.kind === 'presence' && heard.push(event.presence),
    })
    context.after(() => listener.close())
    await publisher.revoke({ match: { sub: 'ann' } })
    const { cursor } = await publisher.revoke({ match: { sub: 'bob' } })
    await replica.reached(cursor)
    listener.barrier({ barrier: id(1), cursor })
    const deadline = performance.now() + 10_000
    while (!heard.some(({ incomplete }) => incomplete)) {
      assert.ok(performance.now() < deadline, JSON.stringify(heard))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.deepEqual(
      heard.filter(({ barrier }) => barrier !== undefined),
      [],
    )
  })

  it('a flood of forged barriers costs a bounded number of answers and of questions', async (context) => {
    const { log, publisher, open } = await house(context)
    const replicaLog = counted(log.replicaLog)
    const replica = await open({ log: replicaLog, staleAfterMs: 600_000, proveEveryMs: 300_000 })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const publisherSide = await asker(log, context)
    const before = replicaLog.questions
    // The clock of the house stands still: all of it is one second.
    for (let n = 1; n <= 2_000; n += 1) publisherSide.ask(n, cursor)
    for (let n = 2_001; n <= 4_000; n += 1) publisherSide.ask(n, { ...cursor, seq: cursor.seq + 1_000 })
    await publisherSide.untilAnswered(limits.MAX_BARRIER_ANSWERS_PER_SEC)
    const next = await publisher.revoke({ match: { sub: 'bob' } })
    await replica.reached(next.cursor)
    assert.equal(publisherSide.answers.length, limits.MAX_BARRIER_ANSWERS_PER_SEC)
    assert.ok(replicaLog.questions - before <= 10, `${replicaLog.questions - before} questions`)
  })
})
