import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@rescind/protocol'
import { MAX_WAITING_RECEIPTS } from '../src/limits.ts'
import type { Confirmation } from '../src/receipts.ts'
import { cursorAt, type ReceiptHouse, receiptHouse } from './receipt-house.ts'
import { until } from './until.ts'

/** Runs `body` in a house whose receipts are closed afterwards. */
const inHouse = (body: (house: ReceiptHouse) => Promise<void>, max?: number) => async () => {
  const house = receiptHouse(max)
  // Waiting for replicas keeps no process alive; the test is to live until they have answered.
  const alive = setInterval(() => {}, 60_000)
  try {
    await body(house)
  } finally {
    clearInterval(alive)
    house.receipts.close()
  }
}

const namesOf = ({ receipt }: Confirmation) => receipt.confirmed.map(({ replica }) => replica)
const nobody = { confirmed: [], pending: [], fenced: [], unproved: [] }

test(
  'enforced: every replica has answered the barrier, each with the time from the append until it was heard',
  inHouse(async (house) => {
    for (const name of ['a', 'b', 'c']) house.say(name)
    const waiting = house.confirm(7)
    const { cursor } = await house.untilBarrier(1)
    assert.deepEqual(cursor, cursorAt(7))
    const atMs = house.clock.monotonic()
    house.answer('a')
    house.clock.advance(3)
    house.answer('b', { cursor: cursorAt(9) })
    house.clock.advance(6)
    house.answer('c')
    const { enforced, receipt } = await waiting
    assert.equal(enforced, true)
    const [a, b, c] = receipt.confirmed
    assert.deepEqual([a?.replica, b?.replica, c?.replica], ['a', 'b', 'c'])
    assert.equal((b?.ms ?? 0) - (a?.ms ?? 0), 3)
    assert.equal((c?.ms ?? 0) - (a?.ms ?? 0), 9)
    assert.ok((a?.ms ?? -1) >= 0 && (a?.ms ?? 0) <= atMs)
    assert.deepEqual({ ...receipt, confirmed: [] }, nobody)
    assert.equal(house.barriers.length, 1)
  }),
)

test(
  'the time is up: broadcast, and who is pending by name',
  inHouse(async (house) => {
    for (const name of ['api', 'b', 'c']) house.say(name)
    house.say('api', { replica: 'another' })
    const waiting = house.confirm(7, { timeoutMs: 2_000 })
    await house.untilBarrier(1)
    house.answer('b')
    house.clock.advance(2_000)
    const confirmation = await waiting
    assert.equal(confirmation.enforced, false)
    assert.deepEqual(namesOf(confirmation), ['b'])
    assert.deepEqual(confirmation.receipt.pending, ['api', 'api', 'c'])
  }),
)

test(
  'a presence at this very frame counts without an answer; one beyond it, or at another frame of the same sequence, does not',
  inHouse(async (house) => {
    house.say('early', { cursor: cursorAt(7) })
    house.say('beyond', { cursor: cursorAt(8) })
    house.say('other', { cursor: { ...cursorAt(7), frameId: 'another' } })
    house.say('elsewhere', { cursor: cursorAt(7, 'e2') })
    const waiting = house.confirm(7, { timeoutMs: 1_000 })
    await house.untilBarrier(1)
    house.say('late', { cursor: cursorAt(7) })
    house.clock.advance(1_000)
    const confirmation = await waiting
    assert.deepEqual(namesOf(confirmation), ['early', 'late'])
    assert.deepEqual(confirmation.receipt.pending, ['beyond', 'elsewhere', 'other'])
  }),
)

test(
  'an answer counts only to a barrier of ours, and only at or beyond the cursor of it',
  inHouse(async (house) => {
    for (const name of ['a', 'b', 'c', 'd']) house.say(name)
    const waiting = house.confirm(7, { timeoutMs: 1_000 })
    await house.untilBarrier(1)
    house.answer('a', { barrier: 'f'.repeat(32), cursor: cursorAt(8) })
    house.answer('b', { cursor: cursorAt(6) })
    house.answer('c', { cursor: cursorAt(9, 'e2') })
    house.answer('d', { cursor: { ...cursorAt(7), frameId: 'another' } })
    house.clock.advance(1_000)
    const confirmation = await waiting
    assert.deepEqual(namesOf(confirmation), [])
    assert.deepEqual(confirmation.receipt.pending, ['a', 'b', 'c', 'd'])
  }),
)

test(
  'R16: one that could not hold all facts confirms nothing, whatever its cursor is',
  inHouse(async (house) => {
    house.say('full', { cursor: cursorAt(7), incomplete: true, whenUnknown: 'accept' })
    const waiting = house.confirm(7, { timeoutMs: 1_000 })
    await house.untilBarrier(1)
    house.answer('full', { incomplete: true, whenUnknown: 'accept' })
    house.clock.advance(1_000)
    assert.deepEqual((await waiting).receipt, { ...nobody, pending: ['full'] })
    assert.deepEqual(house.receipts.receiptNow(cursorAt(7), 60_000), { ...nobody, unproved: ['full'] })
  }),
)

test(
  'R19: one that fell silent is pending until its own staleAfterMs and 2 s have passed since the append, then fenced',
  inHouse(async (house) => {
    house.say('gone', { staleAfterMs: 5_000 })
    house.say('here')
    house.clock.advance(600_000)
    house.say('here')
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    house.answer('here')
    const early = house.confirm(7, { timeoutMs: 0, appendedAtMs: house.clock.monotonic() - 6_999 })
    assert.deepEqual((await early).receipt.pending, ['gone'], 'its silence before the append counts for nothing')
    house.clock.advance(7_001)
    const confirmation = await waiting
    assert.equal(confirmation.enforced, true)
    assert.deepEqual(confirmation.receipt.fenced, ['gone'])
  }),
)

test(
  'R18: one that accepts what it cannot know is unproved, until it is dismissed',
  inHouse(async (house) => {
    house.say('gone', { staleAfterMs: 5_000, whenUnknown: 'accept' })
    house.say('here')
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    house.answer('here')
    house.clock.advance(10_000)
    const now = await house.confirm(7, { timeoutMs: 0, appendedAtMs: house.clock.monotonic() - 10_000 })
    assert.equal(now.enforced, false)
    assert.deepEqual(now.receipt.unproved, ['gone'])
    assert.equal(house.replicas.dismiss('id-of-gone'), true)
    assert.equal((await waiting).enforced, true)
    assert.equal(house.replicas.dismiss('id-of-gone'), false)
  }),
)

test(
  'R11, R19: one that proves itself live on another log is pending, however long ago the append was',
  inHouse(async (house) => {
    house.say('here')
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    house.answer('here')
    house.clock.advance(29_000)
    house.say('elsewhere', { cursor: cursorAt(3, 'e2') })
    house.say('poisoned', { cursor: cursorAt(6), state: 'stale', lagMs: 28_000 })
    house.clock.advance(2_000)
    const confirmation = await waiting
    assert.equal(confirmation.enforced, false)
    assert.deepEqual(confirmation.receipt.pending, ['elsewhere'])
    assert.deepEqual(confirmation.receipt.fenced, ['poisoned'])
  }),
)

test(
  'a goodbye takes its replica off, a dismissed one that speaks again counts again',
  inHouse(async (house) => {
    for (const name of ['a', 'leaving', 'dismissed']) house.say(name)
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    house.replicas.dismiss('id-of-dismissed')
    house.say('dismissed')
    house.answer('a')
    house.say('leaving', { state: 'closed' })
    const now = await house.confirm(7, { timeoutMs: 0 })
    assert.deepEqual([now.enforced, now.receipt.pending], [false, ['dismissed']])
    house.answer('dismissed')
    assert.deepEqual(namesOf(await waiting), ['a', 'dismissed'])
  }),
)

test(
  'one that appears after the append is pending at an older cursor, and is asked by a barrier of its own',
  inHouse(async (house) => {
    house.say('a')
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    house.say('new', { state: 'starting' })
    house.answer('a')
    const saidAtMs = house.clock.monotonic()
    await house.untilBarrier(2)
    assert.ok(house.clock.monotonic() - saidAtMs < 200, 'at once, not at the next round')
    house.answer('new')
    assert.deepEqual(namesOf(await waiting), ['a', 'new'])
  }),
)

test(
  'no replica known, or fewer than were asked for: not enforced',
  inHouse(async (house) => {
    const none = house.confirm(7, { timeoutMs: 1_000 })
    house.clock.advance(1_000)
    assert.deepEqual(await none, { enforced: false, receipt: nobody })
    house.say('a', { cursor: cursorAt(7) })
    const two = house.confirm(7, { timeoutMs: 1_000, minReplicas: 2 })
    house.clock.advance(1_000)
    const confirmation = await two
    assert.deepEqual([confirmation.enforced, namesOf(confirmation)], [false, ['a']])
    const late = house.confirm(7, { minReplicas: 2 })
    house.say('b', { cursor: cursorAt(7) })
    assert.equal((await late).enforced, true)
  }),
)

test(
  "the publisher's own replica is not counted",
  inHouse(async (house) => {
    house.say('publisher-replica-0123', { replica: '0123', cursor: cursorAt(7) })
    const alone = await house.confirm(7, { timeoutMs: 0 })
    assert.deepEqual(alone, { enforced: false, receipt: nobody })
    house.say('api', { replica: '0123' })
    house.say('publisher-replica-4567', { replica: '4567' })
    const { receipt } = await house.confirm(7, { timeoutMs: 0 })
    assert.deepEqual(receipt.pending, ['api', 'publisher-replica-4567'], 'whoever takes its id or has another one')
  }),
)

test(
  'not enforced until presence has been heard for the longest bound and 2 s; what cannot come in time is not waited for',
  inHouse(async (house) => {
    house.say('a', { cursor: cursorAt(7) })
    house.say('b', { cursor: cursorAt(7), staleAfterMs: 20_000 })
    house.listenedMs = 10_000
    const soon = await house.confirm(7, { timeoutMs: 11_999 })
    assert.deepEqual([soon.enforced, namesOf(soon)], [false, ['a', 'b']])
    const waiting = house.confirm(7, { timeoutMs: 12_000 })
    house.listenedMs = 21_999
    house.clock.advance(11_999)
    assert.equal((await house.confirm(7, { timeoutMs: 0 })).enforced, false)
    house.listenedMs = 22_000
    assert.equal((await waiting).enforced, true)
  }),
)

test(
  'not enforced while somebody may have been left off the list for want of room',
  inHouse(async (house) => {
    for (const name of ['a', 'b', 'c']) house.say(name, { cursor: cursorAt(7) })
    const confirmation = await house.confirm(7)
    assert.deepEqual([confirmation.enforced, namesOf(confirmation)], [false, ['a', 'b']])
  }, 2),
)

test(
  'one barrier serves all who wait at the time, for the newest cursor; whoever comes later waits for the next',
  inHouse(async (house) => {
    for (const name of ['a', 'b']) house.say(name)
    const first = [7, 9, 8].map((seq) => house.confirm(seq))
    const { cursor } = await house.untilBarrier(1)
    assert.equal(cursor.seq, 9)
    house.clock.advance(2 * limits.BARRIER_EVERY_MS)
    const next = [10, 12, 11].map((seq) => house.confirm(seq))
    house.answer('a')
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(house.barriers.length, 1, 'the first is still out')
    assert.equal(house.receipts.waiting, 6)
    house.answer('b')
    for (const { enforced } of await Promise.all(first)) assert.equal(enforced, true)
    assert.equal((await house.untilBarrier(2)).cursor.seq, 12)
    for (const name of ['a', 'b']) house.answer(name)
    for (const { enforced } of await Promise.all(next)) assert.equal(enforced, true)
    assert.equal(house.barriers.length, 2)
  }),
)

test(
  'one silent replica holds the next barrier up for a moment only',
  inHouse(async (house) => {
    for (const name of ['a', 'silent']) house.say(name)
    const first = house.confirm(7, { timeoutMs: 1_000 })
    await house.untilBarrier(1)
    house.answer('a')
    const second = house.confirm(8, { timeoutMs: 1_000 })
    const askedAtMs = house.clock.monotonic()
    assert.equal((await house.untilBarrier(2)).cursor.seq, 8)
    assert.ok(house.clock.monotonic() - askedAtMs < 200)
    house.answer('a')
    house.clock.advance(1_000)
    for (const confirmation of await Promise.all([first, second])) assert.deepEqual(namesOf(confirmation), ['a'])
  }),
)

test(
  'barriers go out at most every 5 ms, and again while somebody waits: the first may have been lost',
  inHouse(async (house) => {
    house.say('a')
    const waiting = house.confirm(7)
    await house.untilBarrier(1)
    const firstAtMs = house.clock.monotonic()
    await house.untilBarrier(2)
    assert.ok(house.clock.monotonic() - firstAtMs >= 500)
    house.answer('a')
    assert.equal((await waiting).enforced, true)
    const sentAtMs = house.clock.monotonic()
    const next = house.confirm(8)
    await house.untilBarrier(3)
    assert.ok(house.clock.monotonic() - sentAtMs <= limits.BARRIER_EVERY_MS + 1)
    house.answer('a')
    const after = [9, 10].map((seq) => house.confirm(seq))
    await house.untilBarrier(4)
    assert.ok(house.clock.monotonic() - sentAtMs >= limits.BARRIER_EVERY_MS)
    house.answer('a')
    await Promise.all([next, ...after])
  }),
)

test(
  'an answer to an older barrier counts for it, and not for a newer frame',
  inHouse(async (house) => {
    for (const name of ['a', 'slow']) house.say(name)
    const first = house.confirm(7)
    const old = await house.untilBarrier(1)
    house.answer('a')
    const second = house.confirm(8, { timeoutMs: 400 })
    await house.untilBarrier(2)
    house.answer('a')
    house.answer('slow', old)
    assert.equal((await first).enforced, true)
    house.clock.advance(400)
    assert.deepEqual((await second).receipt.pending, ['slow'])
  }),
)

test(
  'receiptNow: by presence alone, at the cursor or beyond in its epoch; it asks nobody',
  inHouse(async (house) => {
    house.say('at', { cursor: cursorAt(7) })
    house.say('beyond', { cursor: cursorAt(90) })
    house.say('before')
    house.say('other', { cursor: { ...cursorAt(7), frameId: 'another' } })
    house.say('gone', { whenUnknown: 'accept' })
    house.clock.advance(1_000)
    const early = house.receipts.receiptNow(cursorAt(7), 900)
    assert.deepEqual(
      early.confirmed.map(({ replica }) => replica),
      ['at', 'beyond'],
    )
    assert.deepEqual(early.pending, ['before', 'gone', 'other'])
    house.clock.advance(20_000)
    const late = house.receipts.receiptNow(cursorAt(7), 20_900)
    assert.deepEqual([late.pending, late.fenced, late.unproved], [[], ['before', 'other'], ['gone']])
    assert.equal(house.barriers.length, 0)
  }),
)

test(
  'waiting ends: by the signal, by close, and beyond the bound at once',
  inHouse(async (house) => {
    house.say('a')
    const controller = new AbortController()
    const aborted = house.confirm(7, { signal: controller.signal })
    controller.abort()
    assert.deepEqual((await aborted).receipt.pending, ['a'])
    const waiting = Array.from({ length: MAX_WAITING_RECEIPTS }, () => house.confirm(7))
    assert.deepEqual((await house.confirm(7)).receipt.pending, ['a'])
    assert.equal(house.receipts.waiting, MAX_WAITING_RECEIPTS)
    house.receipts.close()
    for (const { enforced } of await Promise.all(waiting)) assert.equal(enforced, false)
    assert.deepEqual((await house.confirm(7)).receipt.pending, ['a'])
    assert.equal(house.receipts.waiting, 0)
    await until('nothing is looked at any more', () => house.barriers.length === 0)
  }),
)
