import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createDenylist } from '@rescind/denylist'
import type { Presence } from '@rescind/log'
import { type Cursor, decodeFrame, encodeSnapshot, type Fact, limits, sameCursor } from '@rescind/protocol'
import type { SnapshotSource } from '../src/index.ts'
import type { ManualClock, MemoryLog } from '../src/testing.ts'
import { house, untilStatus } from './house.ts'

/** What the replicas of a log say of themselves, and all that the log holds. */
async function listen(log: MemoryLog, context: TestContext) {
  const said = new Map<string, Presence>()
  const connection = await log.connect({
    name: 'listener',
    onEvent: (event) => event.kind === 'presence' && said.set(event.presence.name, event.presence),
  })
  context.after(() => connection.close())
  return {
    /** The digest that a replica says it has at a cursor. Time passes until it does. */
    async digest(name: string, cursor: Cursor, clock: ManualClock): Promise<Presence['digest']> {
      const deadline = performance.now() + 10_000
      for (;;) {
        const presence = said.get(name)
        if (presence?.cursor && sameCursor(presence.cursor, cursor) && presence.digest) return presence.digest
        if (performance.now() > deadline) assert.fail(`no digest of ${name}: ${JSON.stringify(presence)}`)
        // Ten times as fast as the machine's own time, in which a replica ticks: it has to see each part of it.
        clock.advance(50)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    /** A snapshot of all that the log holds but the facts that `without` names by their `sub`. */
    async snapshot(takenAtMs: number, without: readonly string[] = []): Promise<SnapshotSource> {
      const head = await connection.head()
      const facts: Fact[] = []
      let frameId = ''
      for await (const { bytes } of connection.range(1, head.lastSeq)) {
        const frame = decodeFrame(bytes)
        facts.push(...frame.facts)
        frameId = frame.frameId
      }
      const denylist = createDenylist()
      for (const fact of facts) {
        if (fact.kind === 'issuer' || !without.includes(String(fact.match.sub))) denylist.apply(fact)
      }
      const { bytes } = encodeSnapshot(
        {
          deployment: head.deployment,
          cursor: { epoch: head.epoch, seq: head.lastSeq, frameId },
          newestAtMs: Math.max(...facts.map(({ atMs }) => atMs)),
          takenAtMs,
          entries: denylist.size,
        },
        Buffer.concat([...denylist.image()]),
      )
      return { fetch: async () => bytes }
    },
  }
}

describe('the digest in presence', () => {
  it('is equal on replicas at one cursor, from the log or from a snapshot, before and after what expired is swept', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const listener = await listen(log, context)
    const tokenExp = Math.floor(clock.now() / 1_000) + 10
    await publisher.revoke({ match: { jti: 't1' }, tokenExp })
    await publisher.revoke({ match: { sub: 'ann' } })
    await publisher.revoke({ match: { sub: 'bob' }, mode: 'block' })
    const { cursor } = await publisher.lift({ match: { sub: 'bob' }, mode: 'block' })
    await open({ name: 'from-log' })
    const first = await listener.digest('from-log', cursor, clock)
    assert.match(String(first?.value), /^[0-9a-f]{16}$/)

    // t1 expires, and only then does the other one start: it never held t1.
    clock.advance(limits.DEFAULT_LEEWAY_MS + 10_000)
    const late = await open({
      name: 'from-snapshot',
      bootstrap: 'snapshot',
      snapshot: await listener.snapshot(clock.now()),
    })
    await untilStatus(late, 'swept', ({ entries }) => entries === 2)
    assert.deepEqual(await listener.digest('from-snapshot', cursor, clock), first)
    assert.deepEqual(await listener.digest('from-log', cursor, clock), first)
  })

  it('tells a replica that lacks a fact from one that has it', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const listener = await listen(log, context)
    await publisher.revoke({ match: { sub: 'ann' } })
    const { cursor } = await publisher.revoke({ match: { sub: 'bob' } })
    await open({ name: 'whole' })
    const snapshot = await listener.snapshot(clock.now(), ['ann'])
    await open({ name: 'lacking', bootstrap: 'snapshot', snapshot })
    const whole = await listener.digest('whole', cursor, clock)
    const lacking = await listener.digest('lacking', cursor, clock)
    assert.equal(lacking?.asOfMs, whole?.asOfMs)
    assert.notEqual(lacking?.value, whole?.value)
  })

  it('follows the cursor: after the next frame there is another one', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const listener = await listen(log, context)
    const first = await publisher.revoke({ match: { sub: 'ann' } })
    await open({ name: 'replica' })
    const before = await listener.digest('replica', first.cursor, clock)
    const second = await publisher.revoke({ match: { sub: 'bob' } })
    const after = await listener.digest('replica', second.cursor, clock)
    assert.notEqual(after?.value, before?.value)
    assert.equal(after?.asOfMs, second.revocation.atMs + limits.DIGEST_AHEAD_MS)
  })

  it('R15: a replica that starts long after the newest frame has none, rather than one that tells it from the others', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const listener = await listen(log, context)
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    clock.advance(limits.DIGEST_AHEAD_MS + 5_000)
    const replica = await open({
      name: 'late',
      bootstrap: 'snapshot',
      snapshot: await listener.snapshot(clock.now()),
    })
    await untilStatus(replica, 'at the cursor', (status) => status.cursor?.seq === cursor.seq)
    const next = await publisher.revoke({ match: { sub: 'bob' } })
    const digest = await listener.digest('late', next.cursor, clock)
    assert.equal(digest?.asOfMs, next.revocation.atMs + limits.DIGEST_AHEAD_MS)
  })
})
