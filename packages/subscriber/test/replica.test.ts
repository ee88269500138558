import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { encodeFrame, limits } from '@rescind/protocol'
import { openEmbeddedReplica } from '../src/internal.ts'
import { house, untilStatus } from './house.ts'

describe('a replica that follows', () => {
  it('R18, R20: opens live from the log; a revocation reaches it; a lift too', async (context) => {
    const { publisher, open, token } = await house(context)
    const replica = await open()
    assert.equal(replica.status.state, 'live')
    assert.deepEqual(replica.check(token()), { kind: 'active' })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' }, mode: 'block', reason: 'account_blocked' })
    await replica.reached(cursor)
    assert.deepEqual(replica.check(token()), {
      kind: 'revoked',
      reason: 'account_blocked',
      mode: 'block',
      claims: ['sub'],
    })
    assert.equal(replica.isRevoked(token()), true)
    assert.equal(replica.isRevoked(token({ sub: 'bob' })), false)
    const lifted = await publisher.lift({ match: { sub: 'ann' }, mode: 'block' })
    await replica.reached(lifted.cursor)
    assert.equal(replica.refusal(token()), undefined)
  })

  it('R19: turns stale when nothing proves its view, by the monotonic clock and without a timer; revoked stands', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const replica = await open()
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    log.faults.freeze()
    clock.advance(15_001)
    assert.equal(replica.status.state, 'stale')
    assert.deepEqual(replica.check(token({ sub: 'bob' })), { kind: 'unknown', cause: 'stale' })
    assert.equal(replica.refusal(token({ sub: 'bob' }))?.status, 503)
    assert.equal(replica.refusal(token({ sub: 'bob' }), { whenUnknown: 'accept' }), undefined)
    assert.equal(replica.check(token()).kind, 'revoked')
    log.faults.thaw()
    await untilStatus(replica, 'live again', (status) => status.state === 'live')
    assert.deepEqual(replica.check(token({ sub: 'bob' })), { kind: 'active' })
  })

  it('R19: a machine that slept wakes up stale, though its monotonic clock stood still; the next proof ends that', async (context) => {
    const { log, clock, open, token } = await house(context)
    const replica = await open()
    log.faults.freeze()
    clock.setWall(clock.now() + 15_001)
    assert.deepEqual(replica.check(token()), { kind: 'unknown', cause: 'stale' })
    log.faults.thaw()
    const deadline = performance.now() + 10_000
    while (replica.status.state !== 'live') {
      assert.ok(performance.now() < deadline, 'it does not become live again')
      clock.advance(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })

  it('R19: a wall clock that is set back, or ahead by less than staleAfterMs, changes nothing about freshness', async (context) => {
    const { log, clock, open } = await house(context)
    const replica = await open()
    log.faults.freeze()
    clock.setWall(clock.now() + 14_999)
    assert.equal(replica.status.state, 'live')
    clock.setWall(clock.now() - 3_600_000)
    assert.equal(replica.status.state, 'live')
    log.faults.thaw()
  })

  it('R19: live messages prove nothing: a log that only broadcasts leaves the replica stale', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const replica = await open()
    log.faults.unproved(true)
    for (let n = 0; n < 4; n += 1) {
      clock.advance(5_000)
      const { cursor } = await publisher.revoke({ match: { jti: `t${n}` } })
      await replica.reached(cursor)
    }
    assert.equal(replica.status.state, 'stale')
    assert.equal(replica.status.entries, 4)
  })

  it('R10: a live frame of a time that cannot be yet is not taken before it is read from the log', async (context) => {
    const { log, clock, publisher, token } = await house(context)
    const options = { log, clock, bootstrap: 'log', whenUnknown: 'reject' } as const
    const replica = await openEmbeddedReplica(options)
    context.after(() => replica.close())
    const { cursor, revocation } = await publisher.revoke({ match: { sub: 'bob' } })
    await replica.reached(cursor)
    const forge = (sub: string, aheadMs: number) => {
      const fact = { ...revocation, id: 'forged', match: { sub }, atMs: clock.now() + aheadMs }
      const frame = { frameId: randomBytes(16).toString('hex'), epoch: cursor.epoch, publisher: 'x', facts: [fact] }
      log.faults.injectLive(cursor.seq + 1, encodeFrame(frame))
    }
    forge('ann', limits.MAX_LIVE_AHEAD_MS + 1)
    forge('eve', limits.MAX_LIVE_AHEAD_MS)
    await untilStatus(replica, 'told both', () => replica.check(token({ sub: 'eve' })).kind === 'revoked')
    assert.equal(replica.check(token()).kind, 'active')
    assert.ok(replica.largestAtMs <= clock.now() + limits.MAX_LIVE_AHEAD_MS)
  })

  it('a lost live frame is found by the next question, and read from the log', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const replica = await open()
    log.faults.dropLive(1)
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    clock.advance(3_000)
    await replica.reached(cursor)
    assert.equal(replica.check(token()).kind, 'revoked')
  })

  it('a gap is filled at once when the next live frame shows it', async (context) => {
    const { log, clock, publisher, open } = await house(context)
    const replica = await open()
    log.faults.dropLive(1)
    await publisher.revoke({ match: { sub: 'ann' } })
    clock.advance(100)
    const { cursor } = await publisher.revoke({ match: { sub: 'bob' } })
    await replica.reached(cursor)
    assert.equal(replica.status.entries, 2)
  })

  it('what was published while the connection was away is caught up with', async (context) => {
    const { log, publisher, open, token } = await house(context)
    const replica = await open()
    log.faults.disconnect('replica')
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    assert.equal(replica.check(token()).kind, 'active', 'it has not heard yet')
    log.faults.reconnect('replica')
    await replica.reached(cursor)
    assert.equal(replica.check(token()).kind, 'revoked')
  })

  it('an undecodable or forged live message is ignored', async (context) => {
    const { log, publisher, open, token } = await house(context)
    const replica = await open()
    const seq = replica.status.cursor?.seq as number
    log.faults.injectLive(seq + 1, Buffer.from('garbage'))
    log.faults.injectLive(seq + 7, randomBytes(100))
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    assert.equal(replica.check(token()).kind, 'revoked')
    assert.equal(replica.status.state, 'live')
  })

  for (const [what, spoil] of [
    ['truncated', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 5)],
    ['oversized', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(limits.MAX_FRAME_BYTES)])],
    ['of an unknown version', (bytes: Uint8Array) => Object.assign(Uint8Array.from(bytes), { 4: 9 })],
    [
      'with a flipped bit',
      (bytes: Uint8Array) => Object.assign(Uint8Array.from(bytes), { 60: (bytes[60] as number) ^ 1 }),
    ],
  ] as const) {
    it(`R18: a frame of the stream that is ${what} makes every token unknown, is named, and is not skipped`, async (context) => {
      const { log, clock, publisher, open, token } = await house(context)
      const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
      const replica = await open()
      log.faults.dropLive(2)
      const connection = await log.connect({ name: 'test', onEvent() {} })
      context.after(() => connection.close())
      const next = await publisher.revoke({ match: { sub: 'bob' } })
      const stored = await connection.read(next.cursor.seq)
      log.faults.corrupt(next.cursor.seq, spoil(stored?.bytes as Uint8Array))
      await publisher.revoke({ match: { sub: 'carl' } })
      clock.advance(3_000)
      await untilStatus(replica, 'poisoned', (status) => status.cause?.code === 'poison_frame')
      assert.match(String(replica.status.cause?.detail), new RegExp(`frame ${next.cursor.seq} cannot be read`))
      assert.deepEqual(replica.check(token({ sub: 'dora' })), { kind: 'unknown', cause: 'poison_frame' })
      assert.equal(replica.check(token()).kind, 'revoked', 'what is held stands')
      assert.equal(replica.status.cursor?.seq, cursor.seq)
      clock.advance(15_001)
      assert.deepEqual(replica.check(token({ sub: 'dora' })), { kind: 'unknown', cause: 'stale' })
    })
  }

  it('R11: a stream recreated empty un-revokes nobody', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const replica = await open()
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    const next = assert.rejects(replica.reached({ ...cursor, seq: cursor.seq + 1 }), { code: 'ERR_CURSOR_FOREIGN' })
    log.faults.recreate()
    clock.advance(3_000)
    await untilStatus(replica, 'another epoch', (status) => status.cursor?.epoch !== cursor.epoch)
    await untilStatus(replica, 'live again', (status) => status.state === 'live')
    assert.equal(replica.check(token()).kind, 'revoked')
    await next
  })

  it('R11, R19: a stream rolled back whose sequences went to other frames is noticed, and read again', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const replica = await open()
    const first = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(first.cursor)
    log.faults.disconnect('replica')
    log.faults.rollback(first.cursor.seq - 1)
    const other = await publisher.revoke({ match: { sub: 'bob' } })
    assert.equal(other.cursor.seq, first.cursor.seq)
    log.faults.reconnect('replica')
    clock.advance(3_000)
    await untilStatus(replica, 'on the other log', (status) => status.cursor?.frameId === other.cursor.frameId)
    assert.equal(replica.check(token({ sub: 'bob' })).kind, 'revoked')
    assert.equal(replica.check(token()).kind, 'revoked', 'nothing leaves')
  })

  it('R15: facts are deleted once expired, not while the wall clock only says so', async (context) => {
    const { clock, publisher, open } = await house(context)
    const replica = await open()
    const { cursor, revocation } = await publisher.revoke({ match: { jti: 't1' } })
    await replica.reached(cursor)
    clock.setWall(revocation.expiresAtMs + 1)
    clock.advance(3_000)
    await untilStatus(replica, 'proved again, and swept on the way', ({ lagMs }) => lagMs < 3_000)
    assert.equal(replica.status.entries, 1)
    clock.setWall(revocation.atMs)
    clock.advance(revocation.expiresAtMs - revocation.atMs + 1)
    await untilStatus(replica, 'swept', (status) => status.entries === 0)
  })

  it('R15: a replica that starts while the wall clock is ahead deletes nothing that the log would not', async (context) => {
    const { clock, publisher, open } = await house(context)
    const { revocation } = await publisher.revoke({ match: { jti: 't1' } })
    clock.setWall(revocation.expiresAtMs + 1)
    const replica = await open()
    clock.advance(3_000)
    await untilStatus(replica, 'proved again, and swept on the way', ({ lagMs }) => lagMs < 3_000)
    assert.equal(replica.status.entries, 1)
  })

  it('R19: whoever asks for cursors and facts again and again keeps no proof away', async (context) => {
    const { clock, publisher, open } = await house(context)
    const replica = await open()
    const { cursor } = await publisher.revoke({ match: { jti: 't1' } })
    await replica.reached(cursor)
    clock.advance(3_000)
    const deadline = performance.now() + 10_000
    while (replica.status.lagMs >= 3_000) {
      assert.ok(performance.now() < deadline, 'no proof comes')
      await replica.reached(cursor)
      const facts = replica.facts()[Symbol.asyncIterator]()
      const waiting = facts.next()
      await new Promise((resolve) => setImmediate(resolve))
      await facts.return?.()
      assert.equal((await waiting).done, true)
    }
  })

  it('R16: facts that could not be held make every other token unknown, until there is room and they are back', async (context) => {
    const { log, clock, publisher, token } = await house(context)
    const options = { log, clock, bootstrap: 'log', whenUnknown: 'reject', maxEntries: 2 } as const
    const replica = await openEmbeddedReplica(options)
    context.after(() => replica.close())
    const tokenExp = Math.floor(clock.now() / 1_000) + 60
    for (const jti of ['t1', 't2']) await publisher.revoke({ match: { jti }, tokenExp })
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' }, mode: 'block' })
    await replica.reached(cursor)
    assert.equal(replica.status.state, 'live')
    assert.equal(replica.status.cause?.code, 'full')
    assert.equal(replica.check(token({ jti: 't2' })).kind, 'revoked', 'what is held stands')
    for (const sub of ['ann', 'bob'])
      assert.deepEqual(replica.check(token({ sub })), { kind: 'unknown', cause: 'full' })
    clock.advance(121_000)
    await untilStatus(replica, 'swept', ({ entries }) => entries === 0)
    clock.advance(3_000)
    await untilStatus(replica, 'whole again', ({ state, cause }) => state === 'live' && cause === undefined)
    assert.equal(replica.check(token()).kind, 'revoked')
    assert.equal(replica.check(token({ sub: 'bob' })).kind, 'active')
  })

  it('R13, R16: facts of a frame that have expired take no room', async (context) => {
    const { log, clock, publisher, token } = await house(context)
    const options = { log, clock, bootstrap: 'log', whenUnknown: 'reject', maxEntries: 2 } as const
    const replica = await openEmbeddedReplica(options)
    context.after(() => replica.close())
    const { revocation } = await publisher.revoke({ match: { sub: 'ann' }, mode: 'block' })
    const facts = ['bob', 'carl', 'dora'].map((sub) => ({
      ...revocation,
      id: sub,
      match: { sub },
      atMs: clock.now() + 1,
    }))
    for (const expired of facts.slice(0, 2)) expired.expiresAtMs = clock.now()
    const connection = await log.connect({ name: 'other', onEvent() {} })
    context.after(() => connection.close())
    const { epoch } = await connection.head()
    const frame = { frameId: randomBytes(16).toString('hex'), epoch, publisher: 'other', facts }
    const { seq } = await connection.append(encodeFrame(frame), { messageId: frame.frameId })
    await replica.reached({ epoch, seq, frameId: frame.frameId })
    assert.equal(replica.status.cause, undefined)
    assert.equal(replica.status.entries, 2)
    assert.equal(replica.check(token({ sub: 'dora' })).kind, 'revoked')
    assert.equal(replica.check(token({ sub: 'bob' })).kind, 'active')
  })
})
