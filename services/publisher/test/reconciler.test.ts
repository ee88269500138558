import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog, type PublisherLog } from '@rescind/log'
import { type Clock, encodeFrame, type Fact, RescindError, systemClock } from '@rescind/protocol'
import { pino } from 'pino'
import { openStore } from '../src/store/open-store.ts'
import { DAY_MS, type Harness, HOUR_MS, ISS, intercept, shiftedClock } from './harness.ts'
import { block, isRevoked, revocationsIn, untilRevoked, withLog } from './publishers.ts'
import { until } from './until.ts'

/** Revokes subjects one after the other, each in a frame of its own; as they are in the log. */
async function revokeAll(
  harness: Harness,
  subs: readonly string[],
): Promise<{ cursors: Cursors; facts: readonly Fact[] }> {
  const cursors: Cursors = []
  for (const sub of subs) {
    const { status, body } = await harness.revoke(block(sub))
    assert.equal(status, 201)
    cursors.push(body.cursor)
  }
  const facts = await revocationsIn(harness)
  return { cursors, facts: facts.slice(-subs.length) }
}

type Cursors = { readonly epoch: string; readonly seq: number }[]

const SUBS = ['a', 'b', 'c', 'd', 'e']

/** The epoch that the publisher's own replica follows, if it serves snapshots. */
async function epochOf(harness: Harness): Promise<string | undefined> {
  const { status, headers } = await harness.call('HEAD', '/v1/snapshot')
  return status === 200 ? headers.get('rescind-cursor')?.split('.')[0] : undefined
}

/** Waits until the publisher is ready in another epoch than this. */
async function untilReadyBeyond(harness: Harness, epoch: string): Promise<void> {
  await until('ready in another epoch', async () => {
    const now = await epochOf(harness)
    return now !== undefined && now !== epoch && (await harness.call('GET', '/readyz')).status === 200
  })
}

const sorted = (facts: readonly Fact[]) => [...facts].sort((a, b) => a.atMs - b.atMs)

test('R12: a log that is rolled back under a running publisher has everything again, as it was, each once', () =>
  withLog(async (log, start) => {
    const harness = await start(0).harness
    const { cursors, facts } = await revokeAll(harness, SUBS)
    const { epoch, seq } = cursors[1] as Cursors[number]
    log.faults.rollback(seq)
    await untilReadyBeyond(harness, epoch)
    assert.deepEqual(await revocationsIn(harness), facts, 'original ids and times, in order, nothing twice')
  }))

for (const [what, lose] of [
  ['rolled back', (log, seq) => log.faults.rollback(seq)],
  ['deleted', (log) => log.faults.remove()],
  ['made anew, empty', (log) => log.faults.recreate()],
  ['pruned', (log, seq) => log.faults.prune(seq + 1)],
] satisfies [string, (log: ReturnType<typeof memoryLog>, seq: number) => void][]) {
  test(`R12: a log that was ${what} while the publisher was down has everything again, as it was`, () =>
    withLog(async (log, start) => {
      const first = start(0)
      const { cursors, facts } = await revokeAll(await first.harness, SUBS)
      await first.close()
      lose(log, cursors[1]?.seq ?? 0)
      const harness = await start(0).harness
      const found = await revocationsIn(harness)
      assert.deepEqual(sorted(found), facts)
      const epoch = await epochOf(harness)
      assert.ok(epoch)
      assert.notEqual(epoch, cursors[0]?.epoch)
    }))
}

test('R12: a log that was rolled back while the publisher was down, and went on with other frames', () =>
  withLog(async (log, start) => {
    const first = start(0)
    const { cursors, facts } = await revokeAll(await first.harness, SUBS)
    await first.close()
    log.faults.rollback(cursors[1]?.seq ?? 0)
    const connection = await log.connect({ name: 'another', onEvent() {} })
    const { epoch } = await connection.head()
    const theirs = SUBS.map((sub, n): Fact => {
      const dated = { atMs: systemClock.now() + n, expiresAtMs: systemClock.now() + HOUR_MS }
      const common = {
        kind: 'revocation' as const,
        id: `theirs ${sub}`,
        iss: ISS,
        reason: 'other' as const,
        actor: 'o',
      }
      return { ...common, match: { sub: `their ${sub}` }, mode: 'block', ...dated }
    })
    for (const [n, fact] of theirs.entries()) {
      const frame = { frameId: `${n}`.repeat(32), epoch, publisher: 'other', facts: [fact] }
      await connection.append(encodeFrame(frame), { messageId: `m${n}` })
    }
    await connection.close()
    const harness = await start(0).harness
    await untilReadyBeyond(harness, epoch)
    const found = await revocationsIn(harness)
    assert.deepEqual(sorted(found), sorted([...facts, ...theirs]))
    assert.deepEqual(
      found.filter(({ actor }) => actor === 'admin'),
      facts,
      'in their order',
    )
  }))

test('R20: not ready and no snapshot until all is there again', async () => {
  let isHeld = false
  let release = () => {}
  const wrap = (log: PublisherLog): PublisherLog =>
    intercept(log, (connection) => ({
      async append(bytes, options) {
        if (isHeld) {
          await new Promise<void>((resolve) => {
            release = resolve
          })
        }
        return connection.append(bytes, options)
      },
    }))
  await withLog(async (log, start) => {
    const first = start(0)
    const { facts } = await revokeAll(await first.harness, SUBS)
    await first.close()
    log.faults.recreate()
    isHeld = true
    const harness = await start(0, { wrap, untilReady: false, config: { staleAfterMs: 60_000 } }).harness
    await until('the log is compared', async () => {
      const failing = await harness.notReady()
      return failing.store && !failing.replica && !failing.log
    })
    assert.equal((await harness.call('GET', '/v1/snapshot')).status, 503)
    assert.equal(await isRevoked(harness, 'a'), true)
    isHeld = false
    const releasing = setInterval(() => release(), 10)
    try {
      await harness.untilReady()
    } finally {
      clearInterval(releasing)
    }
    assert.equal((await harness.call('GET', '/v1/snapshot')).status, 200)
    assert.deepEqual(sorted(await revocationsIn(harness)), facts)
  })
})

test("R12: of two publishers each brings back its own at once, and the other's only if nobody else does", () =>
  withLog(async (log, start) => {
    const [first, second] = [start(0), start(1)]
    const [one, other] = [await first.harness, await second.harness]
    await revokeAll(one, ['a', 'b'])
    await revokeAll(other, ['c', 'd'])
    for (const harness of [one, other]) for (const sub of ['b', 'd']) await untilRevoked(harness, sub)
    const facts = await revocationsIn(one)
    const { epoch } = (await one.frames())[0] ?? { epoch: '' }
    log.faults.remove()
    await Promise.all([untilReadyBeyond(one, epoch), untilReadyBeyond(other, epoch)])
    assert.deepEqual(sorted(await revocationsIn(one)), facts, 'each once')
    const writers = new Map(
      (await one.frames()).flatMap(({ publisher, facts }) => facts.map((fact) => [fact, publisher])),
    )
    const writersOf = (subs: string[]) =>
      new Set([...writers].flatMap(([fact, by]) => ('match' in fact && subs.includes(`${fact.match.sub}`) ? [by] : [])))
    const [a, c] = [writersOf(['a', 'b']), writersOf(['c', 'd'])]
    assert.deepEqual([a.size, c.size, new Set([...a, ...c]).size], [1, 1, 2], 'each by whoever wrote it first')

    await first.close()
    const before = (await other.frames())[0]?.epoch ?? ''
    log.faults.remove()
    await untilReadyBeyond(other, before)
    assert.deepEqual(sorted(await revocationsIn(other)), facts, 'also what the other had published')
  }))

/** Wall and monotonic clock, of publisher and broker alike, that can be set on. */
function movedClock(): Clock & { byMs: number } {
  const clock = {
    byMs: 0,
    now: () => systemClock.now() + clock.byMs,
    monotonic: () => systemClock.monotonic() + clock.byMs,
  }
  return clock
}

test('R12: a max_age that is shortened by hand is raised again, and what it cost is published again', async () => {
  const clock = movedClock()
  const log = memoryLog({ clock, requestTimeoutMs: 500 })
  await withLog(async (_log, start) => {
    const harness = await start(0, { clock }).harness
    const { cursors, facts } = await revokeAll(harness, SUBS)
    const byHand = await log.connect({ name: 'by-hand', onEvent() {} })
    await byHand.limitAge(1)
    clock.byMs += 10
    await byHand.head()
    const { firstSeq, lastSeq } = await byHand.head()
    assert.equal(firstSeq, lastSeq + 1, 'all are gone')
    clock.byMs += 61_000
    await untilReadyBeyond(harness, cursors[0]?.epoch ?? '')
    assert.deepEqual(sorted(await revocationsIn(harness)), facts)
    const { maxAgeMs } = await byHand.establish()
    await byHand.close()
    assert.ok(maxAgeMs >= 2 * (2 * HOUR_MS), `${maxAgeMs}`)
  }, log)
})

test('R12: what lives longer than max_age is appended again at half of it, and so outlives its first frame', async () => {
  const clock = movedClock()
  const log = memoryLog({ clock, requestTimeoutMs: 500 })
  await withLog(async (_log, start) => {
    const first = start(0, { clock })
    const harness = await first.harness
    const { facts } = await revokeAll(harness, ['a', 'b'])
    await harness.revoke({ iss: ISS, match: { sub: 'short' }, mode: 'cutoff' })
    clock.byMs += 11 * HOUR_MS
    await harness.untilReady()
    assert.equal((await revocationsIn(harness)).length, 3, 'not before')
    clock.byMs += 2 * HOUR_MS
    await until('they are there twice', async () => (await revocationsIn(harness)).length === 5)
    assert.deepEqual((await revocationsIn(harness)).slice(3), facts, 'original ids and times; nothing that expired')
    clock.byMs += 12 * HOUR_MS
    await until('the first frames are gone', async () => (await revocationsIn(harness)).length <= 4)
    await first.close()
    const fresh = await start(1, { clock }).harness
    for (const sub of ['a', 'b']) assert.equal(await isRevoked(fresh, sub), true)
  }, log)
})

test('R12: a stream that kept frames for ever gets its max_age only after what that would prune was appended again', async () => {
  const log = memoryLog({ requestTimeoutMs: 500 })
  const byHand = await log.connect({ name: 'by-hand', onEvent() {} })
  const { epoch } = await byHand.establish()
  const old: Fact = {
    kind: 'revocation',
    id: 'old',
    iss: ISS,
    match: { sub: 'old' },
    mode: 'block',
    reason: 'other',
    actor: 'a',
    atMs: systemClock.now() - 20 * HOUR_MS,
    expiresAtMs: systemClock.now() + 20 * HOUR_MS,
  }
  const frame = { frameId: 'd'.repeat(32), epoch, publisher: 'other', facts: [old] }
  await byHand.append(encodeFrame(frame), { messageId: 'm' })
  const seen: number[] = []
  let harness: Harness | undefined
  const wrap = (inner: PublisherLog): PublisherLog =>
    intercept(inner, (connection) => ({
      async limitAge(maxAgeMs, options) {
        seen.push(harness ? (await revocationsIn(harness)).length : 0)
        await connection.limitAge(maxAgeMs, options)
      },
    }))
  await withLog(async (_log, start) => {
    harness = await start(0, { wrap, untilReady: false }).harness
    await harness.untilReady()
    assert.deepEqual(seen, [2])
    assert.deepEqual((await revocationsIn(harness))[1], old)
    assert.equal((await byHand.establish()).maxAgeMs, 24 * HOUR_MS)
    await byHand.close()
  }, log)
})

test('R12: what the Store could not keep is read from the log again before the publisher is ready', async () => {
  let fails = false
  const failing: typeof openStore = async (options) => {
    const store = await openStore(options)
    const { write, frameIdAt } = store
    const refuse = () => {
      if (fails) throw new RescindError('ERR_STORE_FAILED', 'the disk does not answer')
    }
    store.write = async (change, how) => {
      refuse()
      await write.call(store, change, how)
    }
    store.frameIdAt = (...where) => {
      refuse()
      return frameIdAt.apply(store, where)
    }
    return store
  }
  await withLog(async (log, start) => {
    const other = start(1)
    const [one, writer] = [await start(0, { openStore: failing }).harness, await other.harness]
    fails = true
    const { facts } = await revokeAll(writer, SUBS)
    for (const sub of SUBS) await untilRevoked(one, sub)
    assert.ok((await one.notReady()).store, 'not ready')
    fails = false
    await one.untilReady()
    await other.close()
    const { epoch } = (await one.frames())[0] ?? { epoch: '' }
    log.faults.remove()
    await untilReadyBeyond(one, epoch)
    assert.deepEqual(sorted(await revocationsIn(one)), facts, 'it had them all')
  })
})

/** A Store that fails to keep a frame when that is ordered, once. */
function failingOnce(): { isDue: boolean; readonly open: typeof openStore } {
  const order = {
    isDue: false,
    open: async (options: Parameters<typeof openStore>[0]) => {
      const store = await openStore(options)
      const { write } = store
      store.write = async (change, how) => {
        if (order.isDue && change.frame) {
          order.isDue = false
          throw new RescindError('ERR_STORE_FULL', 'the disk has no room')
        }
        await write.call(store, change, how)
      }
      return store
    },
  }
  return order
}

test('R10, R12: a frame that the Store kept late is not appended again after a restart, behind the lift that took it back', () =>
  withLog(async (_log, start) => {
    const order = failingOnce()
    const first = start(0, { openStore: order.open })
    const harness = await first.harness
    order.isDue = true
    const { body } = await harness.revoke(block('ann'))
    await until('it is kept', async () => {
      const shown = await harness.call('GET', `/v1/revocations/${body.revocations[0].id}`)
      return shown.body.state === 'live'
    })
    await harness.untilReady()
    assert.equal((await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })).status, 201)
    await first.close()
    const again = await start(0).harness
    // Whatever waited goes out before this.
    assert.equal((await again.revoke(block('bob'))).status, 201)
    assert.deepEqual(
      (await revocationsIn(again)).map(({ match }) => match.sub),
      ['ann', 'bob'],
    )
    assert.equal(await isRevoked(again, 'ann'), false)
  }))

test('R12: a server that does not have the frame yet does not make the Store do without it', () =>
  withLog(async (log, start) => {
    const order = failingOnce()
    const other = start(1)
    const writer = await other.harness
    let misses = 2
    const wrap = (inner: PublisherLog): PublisherLog =>
      intercept(inner, (connection) => ({
        async read(seq, options) {
          misses -= 1
          return misses >= 0 ? undefined : connection.read(seq, options)
        },
      }))
    const one = await start(0, { openStore: order.open, wrap }).harness
    order.isDue = true
    const { facts } = await revokeAll(writer, ['ann'])
    await until('it was read in the end', () => misses < 0)
    await one.untilReady()
    await other.close()
    const { epoch } = (await one.frames())[0] ?? { epoch: '' }
    log.faults.remove()
    await untilReadyBeyond(one, epoch)
    assert.deepEqual(await revocationsIn(one), facts)
  }))

test('R12, R15: a clock that is ahead while the log is held against the Store hides nothing that is missing', () =>
  withLog(async (log, start) => {
    const first = start(0)
    const { cursors, facts } = await revokeAll(await first.harness, SUBS)
    await first.close()
    // The Issuer facts, which never expire, are still there.
    log.faults.rollback((cursors[0]?.seq ?? 0) - 1)
    const clock = shiftedClock()
    clock.offsetMs = 60 * DAY_MS
    const told: string[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => told.push(JSON.parse(line).msg) })
    const started = start(0, { clock, logger, untilReady: false, config: { staleAfterMs: 60_000 } })
    const harness = await started.harness
    const missing = 'facts are missing from the log: publishing them again'
    const whole = 'the log holds all that the Store holds'
    await until('the log was compared', () => told.includes(missing) || told.includes(whole))
    assert.equal(told.includes(whole), false)
    assert.equal((await harness.notReady()).clock?.code, 'ERR_CLOCK_SKEW')
    assert.equal((await harness.call('GET', '/v1/snapshot')).status, 503)
    clock.offsetMs = 0
    await harness.untilReady()
    assert.deepEqual(sorted(await revocationsIn(harness)), facts)
    for (const sub of SUBS) assert.equal(await isRevoked(harness, sub), true)
  }))
