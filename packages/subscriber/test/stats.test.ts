import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { house, untilStatus } from './house.ts'

describe('stats of a replica', () => {
  it('R18: counts checks by what they said, whichever method asked', async (context) => {
    const { log, clock, publisher, open, token } = await house(context)
    const replica = await open()
    const { cursor } = await publisher.revoke({ match: { sub: 'ann' } })
    await replica.reached(cursor)
    replica.check(token())
    replica.refusal(token())
    replica.isRevoked(token({ sub: 'bob' }))
    replica.check(token({ iss: 'https://nobody.example' }))
    log.faults.freeze()
    clock.advance(15_001)
    replica.check(token({ sub: 'bob' }))
    const { checks } = replica.stats()
    const { unmanaged_issuer, stale, ...others } = checks.unknown
    assert.deepEqual([checks.active, checks.revoked, unmanaged_issuer, stale], [1, 2, 1, 1])
    assert.deepEqual(new Set(Object.values(others)), new Set([0]))
  })

  it('counts what following brought: frames, facts, questions, proofs, useless live messages, bytes', async (context) => {
    const { log, publisher, open } = await house(context)
    const replica = await open()
    const before = replica.stats()
    assert.equal(before.state, 'live')
    assert.ok(before.questions >= before.proofs && before.proofs >= 1, JSON.stringify(before))
    await publisher.revoke({ match: { sub: 'ann' }, mode: 'block' })
    const { cursor } = await publisher.lift({ match: { sub: 'bob' }, mode: 'block' })
    await replica.reached(cursor)
    const after = replica.stats()
    assert.deepEqual([after.frames - before.frames, after.facts - before.facts], [2, 2])
    assert.deepEqual([after.revocations, after.lifts], [1, 1])
    assert.ok((after.connection?.receivedBytes ?? 0) > (before.connection?.receivedBytes ?? 0))
    assert.equal(after.ignored, before.ignored)
    log.faults.injectLive(cursor.seq, Buffer.from('no frame'))
    await untilStatus(replica, 'told of the forged one', () => replica.stats().ignored > before.ignored)
  })

  it('counts reconnections, and snapshots that came or failed', async (context) => {
    const { log, open } = await house(context)
    let asked = 0
    const fetch = () => {
      asked += 1
      return Promise.reject(new Error('no snapshot here'))
    }
    const replica = await open({ snapshot: { fetch } })
    await untilStatus(replica, 'live', ({ state }) => state === 'live')
    assert.deepEqual([replica.stats().snapshots, replica.stats().snapshotFailures], [0, asked])
    assert.ok(asked >= 1)
    log.faults.disconnect('replica')
    log.faults.reconnect('replica')
    assert.equal(replica.stats().connection?.reconnects, 1)
  })

  it('tells by how much the event loop was late at most', async (context) => {
    const { open, clock } = await house(context)
    const replica = await open()
    clock.advance(3_000)
    await untilStatus(replica, 'late', () => replica.stats().maxTickDelayMs >= 2_000)
  })
})
