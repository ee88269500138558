import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { createDenylist } from '@rescind/denylist'
import { type Cursor, decodeFrame, encodeFrame, encodeSnapshot, type Fact, limits } from '@rescind/protocol'
import type { SnapshotSource } from '../src/index.ts'
import type { MemoryLog } from '../src/testing.ts'
import { house, untilStatus } from './house.ts'

/** A snapshot source that gives what a publisher's replica would: an image of the facts at a cursor. */
function snapshotOf(facts: readonly Fact[], more: object): SnapshotSource {
  const denylist = createDenylist()
  for (const fact of facts) denylist.apply(fact)
  const image = Buffer.concat([...denylist.image()])
  const stated = { entries: denylist.size, newestAtMs: 0, takenAtMs: 0, deployment: '', ...more }
  const bytes = encodeSnapshot(stated as never, image).bytes
  return { fetch: async () => bytes }
}

describe('starting from a snapshot', () => {
  /** What the log holds so far, its head, and a snapshot source at its end. */
  async function snapshotOfLog(log: MemoryLog, context: TestContext) {
    const connection = await log.connect({ name: 'test', onEvent() {} })
    context.after(() => connection.close())
    const head = await connection.head()
    const facts: Fact[] = []
    let frameId = ''
    for await (const { bytes } of connection.range(1, head.lastSeq)) {
      const frame = decodeFrame(bytes)
      facts.push(...frame.facts)
      frameId = frame.frameId
    }
    const cursor = { epoch: head.epoch, seq: head.lastSeq, frameId }
    return { connection, head, facts, cursor, source: snapshotOf(facts, { deployment: head.deployment, cursor }) }
  }

  it('R20: refuses what the others refuse, and goes on from the log', async (context) => {
    const { log, publisher, open, token } = await house(context)
    await publisher.revoke({ match: { sub: 'ann' } })
    const { source, head } = await snapshotOfLog(log, context)
    await publisher.revoke({ match: { sub: 'bob' } })
    log.faults.prune(head.lastSeq - 1)
    const replica = await open({ bootstrap: 'snapshot', snapshot: source })
    assert.equal(replica.status.state, 'live')
    assert.equal(replica.check(token()).kind, 'revoked')
    assert.equal(replica.check(token({ sub: 'bob' })).kind, 'revoked')
    assert.equal(replica.check(token({ sub: 'carl' })).kind, 'active')
  })

  for (const [what, change] of [
    ['of another epoch', () => ({ cursor: { epoch: 'other', seq: 1, frameId: 'x' } })],
    ['of another deployment', () => ({ deployment: 'other' })],
    ['beyond the head', (cursor) => ({ cursor: { ...cursor, seq: cursor.seq + 1 } })],
  ] satisfies [string, (cursor: Cursor) => object][]) {
    it(`R20: never installs a snapshot ${what}`, async (context) => {
      const { log, open } = await house(context)
      const { facts, head, cursor } = await snapshotOfLog(log, context)
      const given = { deployment: head.deployment, cursor, ...change(cursor) }
      const replica = await open({ snapshot: snapshotOf(facts, given), bootstrap: 'snapshot', waitUntilLive: false })
      await untilStatus(replica, 'refused', (status) => status.cause?.code === 'ERR_SNAPSHOT_FOREIGN')
      assert.equal(replica.status.state, 'starting')
      assert.equal(replica.status.entries, 0)
      assert.equal(replica.status.cursor, undefined)
    })
  }

  it('R20: never installs a snapshot that fails its digest', async (context) => {
    const { log, publisher, open } = await house(context)
    await publisher.revoke({ match: { sub: 'ann' } })
    const { source } = await snapshotOfLog(log, context)
    const bytes = Uint8Array.from(await source.fetch({ signal: AbortSignal.timeout(1_000), maxBytes: 1e6 }))
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 4
    const replica = await open({ snapshot: { fetch: async () => bytes }, bootstrap: 'snapshot', waitUntilLive: false })
    await untilStatus(replica, 'refused', (status) => status.cause?.code === 'ERR_SNAPSHOT_DIGEST')
    assert.equal(replica.status.entries, 0)
  })

  it('R11: after another epoch a stale snapshot is joined to what is held, and facts() is told of the jump', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const first = await snapshotOfLog(log, context)
    let source = first.source
    const replica = await open({ snapshot: { fetch: (options) => source.fetch(options) }, bootstrap: 'snapshot' })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const facts = replica.facts()[Symbol.asyncIterator]()
    log.faults.recreate()
    const head = await first.connection.head()
    const bytes = encodeFrame({
      frameId: randomBytes(16).toString('hex'),
      epoch: head.epoch,
      publisher: 'p',
      facts: first.facts,
    })
    await (await log.connect({ name: 'other', onEvent() {} })).append(bytes, { messageId: 'm1' })
    source = snapshotOf(first.facts, {
      deployment: head.deployment,
      cursor: { epoch: head.epoch, seq: 1, frameId: decodeFrame(bytes).frameId },
    })
    clock.advance(3_000)
    await untilStatus(replica, 'the new epoch', (status) => status.cursor?.epoch === head.epoch)
    assert.equal(replica.check(token()).kind, 'revoked')
    await assert.rejects(facts.next(), { code: 'ERR_FACTS_MISSED' })
  })

  it('R20: a snapshot that comes after its attempt was given up is not installed in the name of the next', async (context) => {
    const { log, publisher, open, token } = await house(context)
    const old = await snapshotOfLog(log, context)
    const stale = await old.source.fetch({ signal: AbortSignal.timeout(1_000), maxBytes: 1e6 })
    let release: (bytes: Uint8Array) => void = () => {}
    let calls = 0
    const fetch = async (): Promise<Uint8Array> => {
      calls += 1
      if (calls === 1) return new Promise((resolve) => (release = resolve))
      const { source } = await snapshotOfLog(log, context)
      const bytes = await source.fetch({ signal: AbortSignal.timeout(1_000), maxBytes: 1e6 })
      setImmediate(() => release(stale))
      return bytes
    }
    const replica = await open({ snapshot: { fetch }, bootstrap: 'snapshot', waitUntilLive: false })
    await untilStatus(replica, 'asked for a snapshot', () => calls === 1)
    await publisher.revoke({ match: { sub: 'ann' }, mode: 'block' })
    log.faults.disconnect('replica')
    log.faults.reconnect('replica')
    await untilStatus(replica, 'live', ({ state }) => state === 'live')
    assert.equal(calls, 2)
    assert.equal(replica.check(token()).kind, 'revoked')
  })

  it('R13, R15: a snapshot tells the time, too: what it holds is deleted once it has expired', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const { revocation } = await publisher.revoke({ match: { jti: 't1' } })
    const { facts, head, cursor } = await snapshotOfLog(log, context)
    const source = snapshotOf(facts, { deployment: head.deployment, cursor, takenAtMs: clock.now() })
    const replica = await open({ snapshot: source, bootstrap: 'snapshot' })
    assert.equal(replica.status.entries, 1)
    clock.advance(revocation.expiresAtMs - clock.now())
    await untilStatus(replica, 'swept', ({ entries }) => entries === 0)
  })

  it('closing ends a join that is under way', async (context) => {
    const { log, publisher, open } = await house(context)
    const { revocation } = await publisher.revoke({ match: { jti: 't' } })
    const { head, cursor } = await snapshotOfLog(log, context)
    const facts = Array.from({ length: 20 * limits.SLICE_ENTRIES }, (_, n) => ({
      ...revocation,
      match: { jti: `t${n}` },
    }))
    const source = snapshotOf(facts, { deployment: head.deployment, cursor })
    const replica = await open({ snapshot: source, bootstrap: 'snapshot', waitUntilLive: false })
    await untilStatus(replica, 'joining', ({ entries }) => entries > 0)
    await replica.close()
    await new Promise((resolve) => setImmediate(resolve))
    const { entries } = replica.status
    assert.ok(entries < facts.length, `${entries} entries`)
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(replica.status.entries, entries)
  })
})
