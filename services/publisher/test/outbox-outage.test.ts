import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Applied } from '@rescind/denylist'
import { RescindError, type Revocation } from '@rescind/protocol'
import type { AppliedFrame } from '../src/applied-frames.ts'
import { ANSWER_PATIENCE_MS, WINDOW_GROUPS } from '../src/limits.ts'
import type { Waiting } from '../src/store/store.ts'
import { AWAY, disk, idsIn, one, stateOf, withBench } from './outbox-bench.ts'
import { FRAME } from './planned.ts'
import { until } from './until.ts'

test('R12: while the log is away: recorded; back again: all in order, in few frames, with new times and their own ids', () =>
  withBench({}, async ({ outbox, frames, clock, refuse }) => {
    refuse(AWAY)
    const ids: string[] = []
    for (let n = 0; n < 100; n++) {
      const outcome = await outbox.submit('revocation', [one()])
      assert.equal(outcome.state, 'recorded')
      ids.push((outcome.facts[0] as Revocation).id)
      clock.advance(10)
    }
    assert.deepEqual(outbox.backlog, { facts: 100, oldestRecordedAtMs: 1_000_000 })
    assert.equal(frames.length, 0)
    clock.advance(60_000)
    refuse(undefined)
    await until('all are out', () => outbox.backlog.facts === 0)
    assert.deepEqual(idsIn(frames), ids)
    assert.equal(frames.length, 1)
    for (const { atMs } of frames[0]?.facts ?? []) assert.equal(atMs, clock.now())
  }))

test('R10: what a newer frame outran while it waited gets a new time before it is sent', () =>
  withBench({}, async ({ outbox, frames, hold, apply }) => {
    hold(true)
    const first = outbox.submit('revocation', [one()])
    await until('the first is under way', () => frames.length === 1)
    const second = outbox.submit('revocation', [one()])
    await until('the second is recorded', () => outbox.backlog.facts === 2)
    apply(2_000_000)
    hold(false)
    await Promise.all([first, second])
    assert.equal(frames[1]?.facts[0]?.atMs, 2_000_001)
  }))

test('R12: beyond the window what waits is on disk only, and comes back in order, nothing twice', () =>
  withBench({}, async ({ outbox, frames, refuse, hold, disk: { waiting } }) => {
    refuse(AWAY)
    const ids: string[] = []
    const record = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const { facts } = await outbox.submit('revocation', [one()])
        ids.push((facts[0] as Revocation).id)
      }
    }
    await record(2 * WINDOW_GROUPS + 50)
    assert.equal(waiting.size, ids.length)
    assert.equal([...outbox.waiting()].length, 1, 'one of each shape')
    hold(true)
    refuse(undefined)
    await until('the window is under way as one frame, others are on disk', () => frames.length === 1)
    await record(20)
    hold(false)
    await until('all are out', () => outbox.backlog.facts === 0)
    assert.deepEqual(idsIn(frames), ids)
    assert.ok(frames.length < 40, `${frames.length} frames`)
    await until('nothing waits on disk', () => waiting.size === 0)
  }))

test('R12: what waits goes on in the next process, also behind what that records first', async () => {
  const on = disk()
  const ids: string[] = []
  await withBench({ on }, async ({ outbox, refuse }) => {
    refuse(AWAY)
    for (let n = 0; n < WINDOW_GROUPS + 10; n++) {
      const { facts } = await outbox.submit('revocation', [one(n % 2 === 0 ? 'even' : 'odd')])
      ids.push((facts[0] as Revocation).id)
    }
  })
  await withBench({ on }, async ({ outbox, frames }) => {
    const { facts } = await outbox.submit('revocation', [one()])
    ids.push((facts[0] as Revocation).id)
    await until('all are out', () => outbox.backlog.facts === 0)
    assert.deepEqual(idsIn(frames), ids)
    await until('nothing waits on disk', () => on.waiting.size === 0)
  })
})

test('R12: a frame that got to the log before the process ended is not sent again', async () => {
  const on = disk()
  await withBench({ on }, async ({ outbox, refuse }) => {
    refuse(AWAY)
    for (let n = 0; n < 4; n++) await outbox.submit('revocation', [one()])
  })
  const [first, second, ...others] = [...on.waiting.values()]
  const known = new Map([first, second].map((group, index) => [group?.frameId ?? '', eventOf(group as Waiting, index)]))
  await withBench({ on, known }, async ({ outbox, frames }) => {
    await until('all are out', () => outbox.backlog.facts === 0)
    assert.deepEqual(
      frames.map(({ frameId, facts }) => [frameId, facts.map((fact) => (fact as Revocation).id)]),
      others.map(({ frameId, facts }) => [frameId, facts.map((fact) => (fact as Revocation).id)]),
      'each by itself under its own id, because the log may know it by now',
    )
  })
})

function eventOf({ frameId, facts }: Waiting, index: number): AppliedFrame {
  const applied = facts.map((): Applied => 'in_force')
  return { frame: { ...FRAME, frameId, facts }, applied, cursor: { epoch: 'e', seq: index + 1, frameId } }
}

test('R12: a full log: refused is not kept, answered is; it heals by itself', () =>
  withBench({}, async ({ outbox, frames, log, refuse, disk: { waiting } }) => {
    refuse(AWAY)
    const kept = await outbox.submit('revocation', [one('kept')])
    log.refuse = new RescindError('ERR_LOG_FULL', 'no room')
    refuse(undefined)
    await until('the log said that it is full', () => outbox.logFull)
    await assert.rejects(outbox.submit('revocation', [one()]), { code: 'ERR_LOG_FULL' })
    assert.equal(waiting.size, 1)
    log.refuse = undefined
    await until('what was answered is out', () => outbox.backlog.facts === 0)
    assert.equal(outbox.logFull, undefined)
    assert.deepEqual(idsIn(frames), [(kept.facts[0] as Revocation).id])

    log.refuse = new RescindError('ERR_LOG_FULL', 'no room')
    const refused = outbox.submit('revocation', [one('refused')])
    await assert.rejects(refused, { code: 'ERR_LOG_FULL' })
    assert.equal(waiting.size, 0, 'nothing of it is on disk when it is refused')
    assert.deepEqual([...outbox.waiting()], [])
    log.refuse = undefined
    await until('it takes them again', () => outbox.logFull === undefined)
    assert.equal(await stateOf(outbox.submit('revocation', [one()])), 'broadcast')
    assert.equal(frames.length, 2)
  }))

test('R12: a disk that fails or is full: everybody of the group is told, and nothing of it goes out', () =>
  withBench({}, async ({ outbox, frames, disk: { failures, waiting } }) => {
    for (const code of ['ERR_STORE_FULL', 'ERR_STORE_FAILED'] as const) {
      failures.push(new RescindError(code, 'no'))
      const asked = [outbox.submit('revocation', [one()]), outbox.submit('revocation', [one('other')])]
      for (const refused of asked) await assert.rejects(refused, { code })
    }
    assert.deepEqual([frames.length, waiting.size, outbox.backlog.facts], [0, 0, 0])
    await until('their shapes are free again', () => [...outbox.waiting()].length === 0)
    assert.equal(await stateOf(outbox.submit('revocation', [one()])), 'broadcast')
  }))

test('a disk that fails when times are given anew holds up, and loses nothing', () =>
  withBench({}, async ({ outbox, frames, refuse, disk: { failures } }) => {
    refuse(AWAY)
    const { facts } = await outbox.submit('revocation', [one()])
    failures.push(new RescindError('ERR_STORE_FAILED', 'no'))
    refuse(undefined)
    await until('it is out', () => outbox.backlog.facts === 0)
    assert.deepEqual(idsIn(frames), [(facts[0] as Revocation).id])
  }))

test('a log that does not confirm within a second: recorded, and whoever asks next is told so at once', () =>
  withBench({}, async ({ outbox, frames, hold, clock }) => {
    hold(true)
    const first = stateOf(outbox.submit('revocation', [one()]))
    await until('it is under way', () => frames.length === 1)
    const told: string[] = []
    first.then((state) => told.push(state))
    clock.advance(ANSWER_PATIENCE_MS)
    outbox.tick()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(told, [], 'not yet')
    clock.advance(1)
    outbox.tick()
    assert.equal(await first, 'recorded')
    assert.equal(await stateOf(outbox.submit('revocation', [one()])), 'recorded')
    hold(false)
    await until('both are out', () => outbox.backlog.facts === 0)
    assert.equal(frames.length, 2)
  }))
