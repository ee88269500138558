import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFrame, RescindError } from '@rescind/protocol'
import { AppliedFrames } from '../src/applied-frames.ts'
import { Sender, type SenderParts } from '../src/sender.ts'
import { until } from './until.ts'

const OUTGOING = {
  frameId: 'a'.repeat(32),
  facts: [{ kind: 'issuer' as const, iss: 'i', maxExpiryMs: 1, maxSessionMs: 1, clockSkewMs: 0, leewayMs: 0, atMs: 1 }],
}
const EPOCH = 'e'.repeat(32)
const away = () => new RescindError('ERR_LOG_UNAVAILABLE', 'away')

/** A log that stores under message ids, and an own replica that applies what it is told to. */
function bench(more: Partial<SenderParts> = {}) {
  const appliedFrames = new AppliedFrames()
  const stored: Uint8Array[] = []
  const bySeq = new Map<string, number>()
  const sent: { messageId: string; bytes: string }[] = []
  let refusal: RescindError | undefined
  const log = {
    /** Whether what is stored comes back by itself. */
    isLive: true,
    /** What becomes of the next appends, before and after they are stored. */
    before: [] as (() => void)[],
    after: [] as (() => void)[],
    apply(bytes: Uint8Array) {
      const frame = decodeFrame(bytes)
      const cursor = { epoch: EPOCH, seq: stored.length, frameId: frame.frameId }
      appliedFrames.tell({ frame, cursor, applied: frame.facts.map(() => 'in_force' as const) })
    },
  }
  const sender = new Sender({
    refusal: () => refusal,
    async append(bytes, { messageId }) {
      sent.push({ messageId, bytes: Buffer.from(bytes).toString('hex') })
      log.before.shift()?.()
      const known = bySeq.get(messageId)
      if (known === undefined) {
        stored.push(bytes)
        bySeq.set(messageId, stored.length)
        if (log.isLive) log.apply(bytes)
      }
      log.after.shift()?.()
      return { seq: known ?? stored.length, duplicate: known !== undefined }
    },
    async read(seq) {
      const bytes = stored[seq - 1]
      return bytes && { seq, bytes }
    },
    epoch: () => EPOCH,
    frameVersion: () => 1,
    appliedFrames,
    nudge() {},
    publisher: 'p',
    ...more,
  })
  const refuse = (error: RescindError | undefined) => {
    refusal = error
  }
  return { sender, appliedFrames, stored, bySeq, sent, log, refuse }
}

const fail = (error: RescindError) => () => {
  throw error
}

test('R10: a frame is there once it is acknowledged and applied, in either order', async () => {
  const before = bench()
  assert.equal((await before.sender.send(OUTGOING)).cursor.seq, 1)
  const { sender, log, stored } = bench()
  log.isLive = false
  log.after.push(() => void setImmediate(() => log.apply(stored[0] as Uint8Array)))
  assert.equal((await sender.send(OUTGOING)).frame.frameId, OUTGOING.frameId)
})

test('R10: applied alone is not enough: it is appended again until it is acknowledged, or found where it was applied', async () => {
  const { sender, sent, log, stored } = bench()
  log.after.push(fail(away()))
  assert.equal((await sender.send(OUTGOING)).cursor.seq, 1)
  assert.equal(sent.length, 1, 'the leader says that it lies there')
  assert.equal(stored.length, 1)

  const gone = bench()
  gone.log.after.push(() => {
    gone.stored.length = 0
    gone.bySeq.clear()
    throw away()
  })
  assert.equal((await gone.sender.send(OUTGOING)).cursor.seq, 1)
  assert.equal(gone.sent.length, 2, 'applied, but not there any more')
})

test('R10: acknowledged alone is not enough: the own replica is nudged until it has applied it', async () => {
  let nudges = 0
  const one = bench({ nudge: () => ++nudges === 2 && one.log.apply(one.stored[0] as Uint8Array) })
  one.log.isLive = false
  await one.sender.send(OUTGOING)
  assert.equal(nudges, 2)
  assert.equal(one.sent.length, 1)
})

test('after a timeout the same bytes go out again under the same message id, and are there once', async () => {
  const { sender, sent, log, stored } = bench()
  log.isLive = false
  log.before.push(fail(away()))
  log.after.push(fail(away()), () => log.apply(stored[0] as Uint8Array))
  await sender.send(OUTGOING)
  assert.equal(new Set(sent.map(({ messageId, bytes }) => messageId + bytes)).size, 1)
  assert.equal(sent[0]?.messageId, OUTGOING.frameId)
  assert.equal(stored.length, 1)
})

test('R11: a duplicate counts only where the frame lies: else it is stored under another message id', async () => {
  for (const there of [undefined, Buffer.from('another frame')]) {
    const { sender, sent, stored, bySeq } = bench({
      async read(seq) {
        const bytes = seq === 7 ? there : stored[seq - 1]
        return bytes && { seq, bytes }
      },
    })
    bySeq.set(OUTGOING.frameId, 7)
    const { frame } = await sender.send(OUTGOING)
    assert.equal(frame.frameId, OUTGOING.frameId)
    assert.deepEqual(
      sent.map(({ messageId }) => messageId),
      [OUTGOING.frameId, `${OUTGOING.frameId}-1`],
    )
    assert.equal(stored.length, 1)
  }
})

test('a frame that the own replica passed while nobody waited does not stall: it is stored once more (R9)', async () => {
  const { sender, sent, log, stored } = bench()
  log.isLive = false
  log.after.push(() => {
    log.isLive = true
  })
  const { cursor } = await sender.send(OUTGOING)
  assert.equal(cursor.seq, 2)
  assert.equal(stored.length, 2)
  assert.notEqual(sent.at(-1)?.messageId, OUTGOING.frameId)
})

test('a full log is told at once; every other refusal is waited out', async () => {
  const full = bench()
  full.log.before.push(fail(new RescindError('ERR_LOG_FULL', 'no')))
  await assert.rejects(full.sender.send(OUTGOING), { code: 'ERR_LOG_FULL' })
  assert.equal(full.sent.length, 1)
  const other = bench()
  other.log.before.push(fail(new RescindError('ERR_LOG_NOT_FOUND', 'no')), fail(new RescindError('ERR_CLOSED', 'no')))
  await other.sender.send(OUTGOING)
  assert.equal(other.sent.length, 3)
})

test('R10: nothing is appended while the gate is shut; a stop ends every wait with ERR_CLOSED', async () => {
  const { sender, sent, refuse } = bench()
  refuse(new RescindError('ERR_CLOCK_SKEW', 'too far'))
  const waiting = sender.send(OUTGOING)
  const open = sender.whenOpen()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(sent.length, 0)
  refuse(undefined)
  await Promise.all([waiting, open])
  refuse(new RescindError('ERR_LOG_UNAVAILABLE', 'away'))
  const ended = Promise.allSettled([sender.send(OUTGOING), sender.whenOpen()])
  sender.stop()
  for (const one of await ended) assert.equal((one as PromiseRejectedResult).reason.code, 'ERR_CLOSED')
  assert.equal(sent.length, 1)
})

test('frames go one at a time, in order', async () => {
  const { sender, sent, stored, log } = bench()
  log.before.push(fail(away()))
  const frames = ['a', 'b', 'c'].map((digit) => ({ ...OUTGOING, frameId: digit.repeat(32) }))
  await Promise.all(frames.map((frame) => sender.send(frame)))
  assert.deepEqual(
    stored.map((bytes) => decodeFrame(bytes).frameId),
    frames.map(({ frameId }) => frameId),
  )
  assert.equal(sent.length, 4)
})

test('what is waited for from before counts, if it lies there', async () => {
  const { sender, appliedFrames, sent, log, stored } = bench()
  await sender.send(OUTGOING)
  const expected = appliedFrames.expect(OUTGOING.frameId)
  log.apply(stored[0] as Uint8Array)
  await sender.send({ ...OUTGOING, expected })
  assert.equal(sent.length, 1, 'found in the log, not appended')
})

test('a frame is written in the version that is asked for, and in none that this build does not write', async () => {
  const one = bench()
  await one.sender.send(OUTGOING)
  assert.equal(one.stored[0]?.[4], 1)
  const two = bench({ frameVersion: () => 2 })
  await assert.rejects(two.sender.send(OUTGOING), { code: 'ERR_INVALID_INPUT' })
  await until('nothing was sent', () => two.sent.length === 0)
})
