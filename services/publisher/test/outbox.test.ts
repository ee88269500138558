import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Applied } from '@rescind/denylist'
import { encodeFrame, type Fact, limits, RescindError, type Revocation } from '@rescind/protocol'
import type { PlannedFact } from '../src/group.ts'
import type { Outbox } from '../src/outbox.ts'
import type { Outgoing } from '../src/sender.ts'
import { AWAY, bench, disk, one, sizes, stateOf, withBench } from './outbox-bench.ts'
import { FRAME, lift } from './planned.ts'
import { until } from './until.ts'

test('R12: what arrives together is one fsync and one frame, in order, and is on disk before it is sent', () =>
  withBench({}, async ({ outbox, frames, disk: { writes, waiting } }) => {
    const all = await Promise.all([
      outbox.submit('revocation', [one()]),
      outbox.submit('revocation', [one(), one()]),
      outbox.submit('revocation', [one()]),
    ])
    assert.deepEqual(sizes(frames), [4])
    assert.deepEqual(
      frames[0]?.facts,
      all.flatMap(({ facts }) => facts),
    )
    for (const outcome of all) assert.equal(outcome.state === 'broadcast' && outcome.cursor.seq, 1)
    assert.deepEqual(writes, [
      { keep: [1], done: [], sync: true },
      { keep: [], done: [1], sync: false },
    ])
    assert.equal(waiting.size, 0)
    assert.deepEqual(outbox.backlog, { facts: 0, oldestRecordedAtMs: undefined })
    assert.deepEqual([...outbox.waiting()], [])
  }))

test('one frame in flight and one group behind it: what arrives meanwhile is the next one, the larger for it', () =>
  withBench({}, async ({ outbox, frames, hold }) => {
    hold(true)
    const asked = [outbox.submit('revocation', [one()])]
    await until('the first is under way', () => frames.length === 1)
    asked.push(outbox.submit('revocation', [one()]))
    await until('the second is recorded', () => outbox.backlog.facts === 2)
    asked.push(...Array.from({ length: 50 }, () => outbox.submit('revocation', [one()])))
    hold(false)
    await Promise.all(asked)
    assert.deepEqual(sizes(frames), [1, 1, 50])
  }))

test('R10: revocations, lifts and issuers never share a frame, and keep their order', () =>
  withBench({}, async ({ outbox, frames }) => {
    await Promise.all([
      outbox.submit('revocation', [one()]),
      outbox.submit('lift', [lift('l1')]),
      outbox.submit('lift', [lift('l2')]),
      outbox.submit('revocation', [one()]),
    ])
    assert.deepEqual(
      frames.map(({ facts }) => facts.map(({ kind }) => kind)),
      [['revocation'], ['lift', 'lift'], ['revocation']],
    )
    const times = frames.map(({ facts }) => facts[0]?.atMs ?? 0)
    assert.deepEqual([...times].sort(), times)
    assert.equal(new Set(times).size, 3)
  }))

test('a frame never exceeds its bound, and a submission is never split', () =>
  withBench({}, async ({ outbox, frames }) => {
    const large = () => Array.from({ length: 60 }, () => one('x'.repeat(1_000)))
    await Promise.all(Array.from({ length: 9 }, () => outbox.submit('revocation', large())))
    for (const { facts } of frames) {
      assert.equal(facts.length % 60, 0)
      assert.ok(encodeFrame({ ...FRAME, facts }).byteLength <= limits.MAX_FRAME_BYTES)
    }
    const tooLarge = outbox.submit('revocation', [...large(), ...large(), ...large(), ...large(), ...large()])
    await assert.rejects(tooLarge, { code: 'ERR_FRAME_TOO_LARGE' })
  }))

test('R10: a fact that a newer lift outran goes again, same id, new time; its neighbours are done', () =>
  withBench(
    {
      judge: (fact, seq) =>
        fact.kind === 'revocation' && fact.match.sub === 'late' && seq < 3 ? 'lifted' : 'in_force',
    },
    async ({ outbox, frames, disk: { writes, waiting } }) => {
      const [outrun, plain] = await Promise.all([
        outbox.submit('revocation', [one('early'), one('late')]),
        outbox.submit('revocation', [one('plain')]),
      ])
      assert.deepEqual(sizes(frames), [3, 1, 1])
      const tries = frames.map(({ facts }) =>
        facts.find((fact) => fact.kind === 'revocation' && fact.match.sub === 'late'),
      )
      assert.equal(new Set(tries.map((fact) => (fact as Revocation).id)).size, 1)
      assert.equal(new Set(tries.map((fact) => fact?.atMs)).size, 3)
      assert.equal(new Set(frames.map(({ frameId }) => frameId)).size, 3)
      assert.equal(outrun.state === 'broadcast' && outrun.cursor.seq, 3, 'the last frame that holds one of its facts')
      assert.deepEqual(outrun.facts[1], tries[2])
      assert.equal(plain.state === 'broadcast' && plain.cursor.seq, 1)
      assert.equal(waiting.size, 0)
      for (const { keep, sync } of writes) if (keep.length > 0) assert.equal(sync, true)
    },
  ))

test('a frame settles its group together with itself, unless a part of it was outrun', () =>
  withBench({}, async ({ outbox, frames, hold }) => {
    hold(true)
    const asked = outbox.submit('revocation', [one()])
    await until('it is under way', () => frames.length === 1)
    const { frameId, facts } = frames[0] as Outgoing
    const event = { frame: { ...FRAME, frameId, facts }, cursor: { epoch: 'e', seq: 1, frameId } }
    assert.deepEqual(outbox.settledBy({ ...event, applied: ['in_force'] }), [1])
    assert.deepEqual(outbox.settledBy({ ...event, applied: ['full'] }), [1])
    assert.deepEqual(outbox.settledBy({ ...event, applied: ['lifted'] }), [])
    assert.deepEqual(outbox.settledBy({ ...event, frame: { ...event.frame, frameId: 'x' }, applied: ['in_force'] }), [])
    hold(false)
    await asked
  }))

test('R16: what cannot be held is refused before it is recorded; what turns out not to be held is only recorded', async () => {
  const full = new RescindError('ERR_DENYLIST_FULL', 'full')
  const judge = (fact: Fact): Applied => (fact.kind === 'revocation' && fact.match.sub === 'big' ? 'full' : 'in_force')
  await withBench(
    { fullness: (facts) => (facts > 2 ? full : undefined), judge },
    async ({ outbox, disk: { writes } }) => {
      await assert.rejects(outbox.submit('revocation', [one(), one(), one()]), { code: 'ERR_DENYLIST_FULL' })
      assert.equal(writes.length, 0)
      const [plain, unheld] = await Promise.all([
        stateOf(outbox.submit('revocation', [one()])),
        stateOf(outbox.submit('revocation', [one('big')])),
      ])
      assert.deepEqual([plain, unheld], ['broadcast', 'recorded'])
      const issuers = Array.from({ length: 3 }, (_, n): PlannedFact => {
        const lifetimes = { maxExpiryMs: 1, maxSessionMs: 1, clockSkewMs: 0, leewayMs: 0 }
        return { build: (atMs) => ({ kind: 'issuer', iss: `${n}`, ...lifetimes, atMs }), fixed: true }
      })
      assert.equal(await stateOf(outbox.submit('issuer', issuers)), 'broadcast', 'issuers take no room')
    },
  )
})

test('whoever is patient is answered once it is broadcast', () =>
  withBench({}, async ({ outbox, refuse }) => {
    refuse(AWAY)
    const outcome = stateOf(outbox.submit('revocation', [one()], { patient: true }))
    assert.equal(await stateOf(outbox.submit('revocation', [one()])), 'recorded')
    refuse(undefined)
    assert.equal(await outcome, 'broadcast')
  }))

test('what may wait for the disk is bounded', () =>
  withBench({}, async ({ outbox }) => {
    const large = () => Array.from({ length: 200 }, () => one('x'.repeat(1_000)))
    const asked = await Promise.allSettled(Array.from({ length: 100 }, () => outbox.submit('revocation', large())))
    const refused = asked.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    assert.ok(refused.length > 10 && refused.length < 40, `${refused.length} of 100 were refused`)
    for (const { reason } of refused) assert.equal(reason.code, 'ERR_STORE_FAILED')
  }))

test('R2: the shapes of what waits count until it is in force', async () => {
  const on = disk()
  const shapes = (outbox: Outbox) => [...outbox.waiting()].map((fact) => Object.keys((fact as Revocation).match).join())
  const shaped = (name: string): PlannedFact => {
    const { build, fixed } = one()
    return { build: (atMs) => ({ ...(build(atMs) as Revocation), match: { [name]: 'x' } }), fixed }
  }
  await withBench({ on }, async ({ outbox, refuse }) => {
    refuse(AWAY)
    for (const name of ['a', 'b', 'a']) await outbox.submit('revocation', [shaped(name)])
    assert.deepEqual(shapes(outbox), ['a', 'b'])
  })
  await withBench({ on }, async ({ outbox }) => {
    assert.deepEqual(shapes(outbox), ['a', 'b'], 'and those of the last process')
    await until('all are out', () => outbox.backlog.facts === 0)
    assert.deepEqual(shapes(outbox), [])
  })
})

test('drain takes nothing more and waits until everything is answered; close leaves what waits on disk', async () => {
  const on = disk()
  await withBench({ on }, async ({ outbox, frames, hold }) => {
    hold(true)
    const order: string[] = []
    const first = outbox.submit('revocation', [one()]).then(() => order.push('first'))
    await until('it is under way', () => frames.length === 1)
    const second = outbox.submit('lift', [lift('l')]).then(() => order.push('second'))
    const drained = outbox.drain().then(() => order.push('drained'))
    await assert.rejects(outbox.submit('revocation', [one()]), { code: 'ERR_CLOSED' })
    hold(false)
    await Promise.all([first, second, drained])
    assert.deepEqual(order, ['first', 'second', 'drained'])
  })
  const closing = await bench({ on })
  closing.hold(true)
  const asked = closing.outbox.submit('revocation', [one()])
  await until('it is under way', () => closing.frames.length === 1)
  const closed = closing.close()
  await assert.rejects(asked, { code: 'ERR_CLOSED' })
  await closed
  assert.equal(on.waiting.size, 1)
})

test('a stop does not wait for the next try', () =>
  withBench({}, async ({ outbox, log, refuse }) => {
    refuse(AWAY)
    await outbox.submit('revocation', [one()])
    log.refuse = new RescindError('ERR_LOG_FULL', 'no room')
    refuse(undefined)
    await until('the log said that it is full', () => outbox.logFull)
  }))
