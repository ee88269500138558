import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Frame, RescindError } from '@rescind/protocol'
import { AppliedFrames } from '../src/applied-frames.ts'
import { type CommitParts, commitFrame } from '../src/commit-frame.ts'

const FRAME: Frame = {
  frameId: 'a'.repeat(32),
  epoch: 'e'.repeat(32),
  publisher: 'p',
  facts: [{ kind: 'issuer', iss: 'i', maxExpiryMs: 1, maxSessionMs: 1, clockSkewMs: 0, leewayMs: 0, atMs: 1 }],
}
const EVENT = {
  frame: FRAME,
  applied: ['in_force' as const],
  cursor: { epoch: FRAME.epoch, seq: 1, frameId: FRAME.frameId },
}

function parts(append: CommitParts['append'], more: Partial<CommitParts> = {}) {
  const appliedFrames = new AppliedFrames()
  return { append, frameVersion: () => 1, appliedFrames, nudge() {}, deadlineMs: 2_000, ...more }
}

const away = () => new RescindError('ERR_LOG_UNAVAILABLE', 'away')

test('acknowledged and applied, in either order', async () => {
  const after = parts(async () => setImmediate(() => after.appliedFrames.tell(EVENT)))
  assert.equal(await commitFrame(FRAME, after), EVENT)
  const before = parts(async () => before.appliedFrames.tell(EVENT))
  assert.equal(await commitFrame(FRAME, before), EVENT)
})

test('R10: applied alone is not enough: without an acknowledgement the outcome is unknown', async () => {
  const never = parts(() => Promise.reject(away()), { deadlineMs: 50 })
  const committed = commitFrame(FRAME, never)
  never.appliedFrames.tell(EVENT)
  await assert.rejects(committed, (error: RescindError) => {
    assert.equal(error.code, 'ERR_LOG_UNAVAILABLE')
    return /may or may not have been taken/.test(error.message)
  })
})

test('R10: acknowledged alone is not enough', async () => {
  let nudges = 0
  const lost = parts(async () => undefined, { deadlineMs: 200, nudge: () => void nudges++ })
  await assert.rejects(commitFrame(FRAME, lost), /did not reach the publisher's own replica: it may or may not/)
  assert.ok(nudges >= 1, 'the replica was asked to look')
})

test('a frame whose live message was lost comes after a nudge', async () => {
  const lost = parts(async () => undefined, { nudge: () => lost.appliedFrames.tell(EVENT) })
  assert.equal(await commitFrame(FRAME, lost), EVENT)
})

test('after a timeout the same bytes go out again under the same message id', async () => {
  const sent: [string, string][] = []
  const flaky = parts(async (bytes, { messageId }) => {
    sent.push([messageId, Buffer.from(bytes).toString('hex')])
    if (sent.length < 3) throw away()
    flaky.appliedFrames.tell(EVENT)
  })
  assert.equal(await commitFrame(FRAME, flaky), EVENT)
  assert.equal(sent.length, 3)
  assert.equal(new Set(sent.map(String)).size, 1)
  assert.equal(sent[0]?.[0], FRAME.frameId)
})

test('a full log and a refusal are told at once, not tried again', async () => {
  for (const [code, told] of [
    ['ERR_LOG_FULL', 'ERR_LOG_FULL'],
    ['ERR_LOG_NOT_FOUND', 'ERR_LOG_UNAVAILABLE'],
    ['ERR_CLOSED', 'ERR_LOG_UNAVAILABLE'],
  ] as const) {
    let tries = 0
    const refusing = parts(async () => {
      tries++
      throw new RescindError(code, 'no')
    })
    await assert.rejects(commitFrame(FRAME, refusing), { code: told })
    assert.equal(tries, 1)
  }
})

test('a frame is written in the version that is asked for, and in none that this build does not write', async () => {
  const sent: (number | undefined)[] = []
  const one = parts(async (bytes) => {
    sent.push(bytes[4])
    one.appliedFrames.tell(EVENT)
  })
  await commitFrame(FRAME, one)
  assert.deepEqual(sent, [1])
  const two = parts(async () => assert.fail('it was sent'), { frameVersion: () => 2 })
  await assert.rejects(commitFrame(FRAME, two), { code: 'ERR_INVALID_INPUT' })
  assert.deepEqual(sent, [1])
})
