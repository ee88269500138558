import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Applied } from '@rescind/denylist'
import {
  encodeFrame,
  type Fact,
  type Frame,
  limits,
  manualClock,
  RescindError,
  type Revocation,
} from '@rescind/protocol'
import { Appender, type FactBuilder } from '../src/appender.ts'
import type { AppliedFrame } from '../src/applied-frames.ts'
import { MAX_APPEND_ROUNDS } from '../src/limits.ts'
import { LogicalTime } from '../src/logical-time.ts'

const EPOCH = 'e'.repeat(32)

/** A log that takes every frame when told, and finds each fact as `judge` says. */
function bench(options: { judge?: (fact: Fact, seq: number) => Applied; held?: boolean } = {}) {
  const frames: Frame[] = []
  const waiting: (() => void)[] = []
  const clock = manualClock()
  let refusal: RescindError | undefined
  const appender = new Appender({
    refusal: () => refusal,
    epoch: () => EPOCH,
    time: new LogicalTime(clock, () => 0),
    publisher: 'p'.repeat(16),
    async commit(frame): Promise<AppliedFrame> {
      encodeFrame(frame)
      frames.push(frame)
      const seq = frames.length
      if (options.held) await new Promise<void>((resolve) => waiting.push(resolve))
      const applied = frame.facts.map((fact) => options.judge?.(fact, seq) ?? 'in_force')
      return { frame, applied, cursor: { epoch: EPOCH, seq, frameId: frame.frameId } }
    },
  })
  return {
    appender,
    frames,
    clock,
    refuse: (error: RescindError | undefined) => {
      refusal = error
    },
    release: () => waiting.shift()?.(),
  }
}

let ids = 0
function revocation(match: Record<string, string> = { sub: 'ann' }): FactBuilder {
  const id = `id-${++ids}`
  return (atMs): Revocation => ({
    kind: 'revocation',
    id,
    iss: 'i',
    match,
    mode: 'block',
    reason: 'other',
    actor: 'a',
    atMs,
    expiresAtMs: atMs + 1_000,
  })
}

function lift(): FactBuilder {
  const id = `id-${++ids}`
  return (atMs) => ({
    kind: 'lift',
    id,
    iss: 'i',
    match: { sub: 'ann' },
    mode: 'block',
    actor: 'a',
    atMs,
    expiresAtMs: atMs + 1,
  })
}

const sizes = (frames: readonly Frame[]) => frames.map(({ facts }) => facts.length)

/** Enough turns of the event loop for everything that can happen without the log to have happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('what arrives together is one frame, in order, answered with its cursor', async () => {
  const { appender, frames } = bench()
  const all = await Promise.all([
    appender.submit('revocation', [revocation()]),
    appender.submit('revocation', [revocation(), revocation()]),
    appender.submit('revocation', [revocation()]),
  ])
  assert.deepEqual(sizes(frames), [4])
  assert.deepEqual(
    frames[0]?.facts,
    all.flatMap(({ facts }) => facts),
  )
  for (const { cursor } of all) assert.equal(cursor.seq, 1)
})

test('one frame in flight at a time: what arrives meanwhile is the next one', async () => {
  const { appender, frames, release } = bench({ held: true })
  const first = appender.submit('revocation', [revocation()])
  await settled()
  const others = Array.from({ length: 50 }, () => appender.submit('revocation', [revocation()]))
  await settled()
  assert.deepEqual(sizes(frames), [1])
  release()
  await first
  await settled()
  assert.deepEqual(sizes(frames), [1, 50])
  release()
  await Promise.all(others)
})

test('R10: revocations, lifts and issuers never share a frame, and keep their order', async () => {
  const { appender, frames } = bench()
  await Promise.all([
    appender.submit('revocation', [revocation()]),
    appender.submit('lift', [lift()]),
    appender.submit('lift', [lift()]),
    appender.submit('revocation', [revocation()]),
  ])
  assert.deepEqual(
    frames.map(({ facts }) => facts.map(({ kind }) => kind)),
    [['revocation'], ['lift', 'lift'], ['revocation']],
  )
  const times = frames.map(({ facts }) => facts[0]?.atMs ?? 0)
  assert.deepEqual([...times].sort(), times)
  assert.equal(new Set(times).size, 3)
})

test('a frame never exceeds its bound, and a submission is never split', async () => {
  const { appender, frames } = bench()
  const large = () => Array.from({ length: 60 }, () => revocation({ sub: 'x'.repeat(1_000) }))
  await Promise.all(Array.from({ length: 9 }, () => appender.submit('revocation', large())))
  assert.deepEqual(sizes(frames), [180, 180, 180])
  for (const frame of frames) assert.ok(encodeFrame(frame).byteLength <= limits.MAX_FRAME_BYTES)
})

test('a submission that fits to the last byte is taken, one byte more is refused', async () => {
  const { appender, frames } = bench()
  const filled = (last: number) => [
    ...Array.from({ length: 2_500 }, () => revocation()).slice(0, 1_500),
    ...Array.from({ length: 40 }, () => revocation({ sub: 'x'.repeat(1_000) })),
    revocation({ sub: 'x'.repeat(last) }),
  ]
  let taken = 0
  for (let last = 1; last <= 1_000; last += 37) {
    await appender.submit('revocation', filled(last)).then(
      () => {
        taken++
      },
      (error) => assert.equal(error.code, 'ERR_FRAME_TOO_LARGE'),
    )
  }
  for (const frame of frames) assert.ok(encodeFrame(frame).byteLength <= limits.MAX_FRAME_BYTES)
  assert.equal(taken, frames.length)
})

test('R10: a fact that a newer lift outran is appended again, same id, new time', async () => {
  const { appender, frames } = bench({
    judge: (fact, seq) => (fact.kind === 'revocation' && fact.match.sub === 'late' && seq < 3 ? 'lifted' : 'in_force'),
  })
  const [outrun, plain] = await Promise.all([
    appender.submit('revocation', [revocation({ sub: 'early' }), revocation({ sub: 'late' })]),
    appender.submit('revocation', [revocation({ sub: 'plain' })]),
  ])
  assert.deepEqual(sizes(frames), [3, 1, 1])
  const tries = frames.map(({ facts }) => facts.find((fact) => fact.kind === 'revocation' && fact.match.sub === 'late'))
  assert.equal(new Set(tries.map((fact) => (fact as Revocation).id)).size, 1)
  assert.equal(new Set(tries.map((fact) => fact?.atMs)).size, 3)
  assert.equal(outrun.cursor.seq, 3, 'the last frame that holds one of its facts')
  assert.deepEqual(outrun.facts[1], tries[2])
  assert.equal(plain.cursor.seq, 1)
})

test('R10: the tries end, and only what was outrun fails', async () => {
  const { appender, frames } = bench({
    judge: (fact) => (fact.kind === 'revocation' && fact.match.sub === 'late' ? 'lifted' : 'in_force'),
  })
  const plain = appender.submit('revocation', [revocation()])
  await assert.rejects(appender.submit('revocation', [revocation({ sub: 'late' })]), { code: 'ERR_LOG_UNAVAILABLE' })
  await plain
  assert.equal(frames.length, MAX_APPEND_ROUNDS)
})

test('R16: a fact that could not be held is refused loudly, its neighbours are not', async () => {
  const { appender, frames } = bench({
    judge: (fact) => (fact.kind === 'revocation' && fact.match.sub === 'big' ? 'full' : 'in_force'),
  })
  const plain = appender.submit('revocation', [revocation()])
  const full = appender.submit('revocation', [revocation(), revocation({ sub: 'big' })])
  await assert.rejects(full, { code: 'ERR_DENYLIST_FULL' })
  await plain
  assert.deepEqual(sizes(frames), [3])
})

test('nothing is appended while the gate is shut, and what waits is told why', async () => {
  const { appender, frames, refuse, release } = bench({ held: true })
  const first = appender.submit('revocation', [revocation()])
  await settled()
  const second = appender.submit('revocation', [revocation()])
  refuse(new RescindError('ERR_CLOCK_SKEW', 'too far'))
  await assert.rejects(appender.submit('revocation', [revocation()]), { code: 'ERR_CLOCK_SKEW' })
  release()
  await first
  await assert.rejects(second, { code: 'ERR_CLOCK_SKEW' })
  assert.equal(frames.length, 1)
})

test('what may wait is bounded', async () => {
  const { appender, release } = bench({ held: true })
  const large = () => Array.from({ length: 200 }, () => revocation({ sub: 'x'.repeat(1_000) }))
  const submitted = Array.from({ length: 100 }, () => appender.submit('revocation', large()))
  const settledAll = Promise.allSettled(submitted)
  await settled()
  const draining = appender.drain()
  const releasing = setInterval(release, 1)
  try {
    await draining
  } finally {
    clearInterval(releasing)
  }
  const refused = (await settledAll).filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 10 && refused.length < 40, `${refused.length} of 100 were refused`)
})

test('drain waits for everything that was submitted', async () => {
  const { appender, release } = bench({ held: true })
  const order: string[] = []
  const first = appender.submit('revocation', [revocation()]).then(() => order.push('first'))
  await settled()
  const second = appender.submit('lift', [lift()]).then(() => order.push('second'))
  const drained = appender.drain().then(() => order.push('drained'))
  release()
  await first
  await settled()
  release()
  await Promise.all([second, drained])
  assert.deepEqual(order, ['first', 'second', 'drained'])
  assert.equal([...appender.waiting()].length, 0)
})
