import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Applied } from '@rescind/denylist'
import { encodeFrame, type Fact, limits, manualClock, RescindError, type Revocation } from '@rescind/protocol'
import type { AppliedFrame } from '../src/applied-frames.ts'
import type { Outcome, PlannedFact } from '../src/group.ts'
import { ANSWER_PATIENCE_MS, WINDOW_GROUPS } from '../src/limits.ts'
import { LogicalTime } from '../src/logical-time.ts'
import { Outbox, type OutboxParts } from '../src/outbox.ts'
import type { Outgoing } from '../src/sender.ts'
import type { Change, Waiting } from '../src/store/store.ts'
import { FRAME, lift, revocation } from './planned.ts'
import { until } from './until.ts'

const AWAY = new RescindError('ERR_LOG_UNAVAILABLE', 'away')

/** What waits on a disk that outlives its outboxes, and what was written there with an fsync. */
function disk() {
  const waiting = new Map<number, Waiting>()
  const writes: { keep: number[]; done: number[]; sync: boolean }[] = []
  const failures: RescindError[] = []
  return {
    waiting,
    writes,
    failures,
    async write({ keep = [], done = [] }: Change, { sync }: { readonly sync: boolean }) {
      const failure = failures.shift()
      if (failure) throw failure
      await new Promise((resolve) => setImmediate(resolve))
      for (const order of done) waiting.delete(order)
      for (const group of keep) waiting.set(group.order, group)
      if (keep.length + done.length > 0) writes.push({ keep: keep.map(({ order }) => order), done: [...done], sync })
    },
  }
}

interface BenchOptions {
  readonly on?: ReturnType<typeof disk>
  readonly judge?: (fact: Fact, seq: number) => Applied
  readonly fullness?: OutboxParts['fullness']
  /** What the log turns out to hold of the last process. */
  readonly known?: ReadonlyMap<string, AppliedFrame>
}

/** An outbox on a disk, and a log that takes each frame when it is told to, and finds each fact as `judge` says. */
async function bench({ on = disk(), judge, fullness = () => undefined, known }: BenchOptions = {}) {
  const frames: Outgoing[] = []
  const clock = manualClock(1_000_000)
  let appliedAtMs = 0
  let refusal: RescindError | undefined
  let isHeld = false
  let onRelease: (() => void)[] = []
  let stopped = false
  const log = { refuse: undefined as RescindError | undefined }
  const closed = new RescindError('ERR_CLOSED', 'stopped')
  const passes = async (isShut: () => boolean) => {
    while (isShut() && !stopped) await new Promise<void>((resolve) => onRelease.push(resolve))
    if (stopped) throw closed
  }
  const release = () => {
    const all = onRelease
    onRelease = []
    for (const one of all) one()
  }
  const groups = [...on.waiting.values()].sort((a, b) => a.order - b.order)
  const outbox: Outbox = new Outbox({
    store: {
      found: {
        waitingFacts: groups.reduce((sum, { facts }) => sum + facts.length, 0),
        oldestRecordedAtMs: groups[0]?.recordedAtMs,
        lastOrder: groups.at(-1)?.order ?? 0,
        cursor: undefined,
        largestAtMs: 0,
      },
      async waiting(after, limit) {
        const behind = [...on.waiting.values()].filter(({ order }) => order > after)
        return behind.sort((a, b) => a.order - b.order).slice(0, limit)
      },
      write: (change, how) => on.write(change, how),
    },
    time: new LogicalTime(clock, () => appliedAtMs),
    clock,
    latestNowMs: () => clock.now(),
    refusal: () => refusal,
    fullness,
    sender: {
      whenOpen: () => passes(() => refusal !== undefined),
      async send(frame) {
        if (frame.expected?.event) return frame.expected.event
        if (log.refuse) throw log.refuse
        encodeFrame({ ...FRAME, ...frame })
        frames.push(frame)
        const seq = frames.length
        await passes(() => isHeld)
        const applied = frame.facts.map((fact) => judge?.(fact, seq) ?? 'in_force')
        appliedAtMs = Math.max(appliedAtMs, frame.facts[0]?.atMs ?? 0)
        const event = { frame: { ...FRAME, ...frame }, applied, cursor: { epoch: 'e', seq, frameId: frame.frameId } }
        const done = outbox.settledBy(event)
        if (done.length > 0) await on.write({ done }, { sync: false })
        return event
      },
    },
    expect: (frameId) => ({ applied: new Promise(() => {}), event: known?.get(frameId), forget() {} }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  await outbox.open()
  outbox.start()
  return {
    outbox,
    frames,
    clock,
    log,
    disk: on,
    refuse(error: RescindError | undefined) {
      refusal = error
      release()
      outbox.tick()
    },
    hold(held: boolean) {
      isHeld = held
      release()
    },
    apply(atMs: number) {
      appliedAtMs = atMs
    },
    async close() {
      stopped = true
      release()
      await outbox.close()
    },
  }
}

type Bench = Awaited<ReturnType<typeof bench>>

async function withBench(options: BenchOptions, body: (one: Bench) => Promise<void>): Promise<void> {
  const one = await bench(options)
  try {
    await body(one)
  } finally {
    await one.close()
  }
}

let numbers = 0
const one = (sub?: string): PlannedFact => {
  numbers += 1
  return revocation(`${numbers}`, sub === undefined ? {} : { sub })
}
const sizes = (frames: readonly Outgoing[]) => frames.map(({ facts }) => facts.length)
const idsIn = (frames: readonly Outgoing[]) =>
  frames.flatMap(({ facts }) => facts.map((fact) => (fact as Revocation).id))
const stateOf = (outcome: Promise<Outcome>) => outcome.then(({ state }) => state)

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
