import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredFrame } from '@rescind/log'
import { limits } from '@rescind/protocol'
import { type RangeReader, readRange } from '../src/read-range.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const stored = (seq: number): StoredFrame => ({ seq, bytes: Buffer.from(String(seq)) })

/** Answers in any order, as pipelined reads do, and counts how many are under way. */
function reader(answer: (seq: number, tries: number) => StoredFrame | undefined): RangeReader & { most: number } {
  let underWay = 0
  const tries = new Map<number, number>()
  const self = {
    most: 0,
    retryPausesMs: [1, 2, 3],
    async read(seq: number) {
      underWay += 1
      self.most = Math.max(self.most, underWay)
      for (let turns = (seq * 7) % 5; turns >= 0; turns -= 1) await nextTurn()
      underWay -= 1
      tries.set(seq, (tries.get(seq) ?? 0) + 1)
      return answer(seq, tries.get(seq) ?? 0)
    },
  }
  return self
}

async function sequences(range: AsyncIterable<StoredFrame>): Promise<number[]> {
  const all: number[] = []
  for await (const { seq } of range) all.push(seq)
  return all
}

describe('reading a range', () => {
  it('keeps the order of the log and never asks for more than a window at once', async () => {
    const pipelined = reader(stored)
    const all = await sequences(readRange(pipelined, 11, 500))
    assert.deepEqual(
      all,
      Array.from({ length: 490 }, (_, i) => 11 + i),
    )
    assert.equal(pipelined.most, limits.MAX_READS_IN_FLIGHT)
  })

  it('asks again for a frame that a follower does not have yet', async () => {
    const late = reader((seq, tries) => (seq % 10 === 3 && tries <= 3 ? undefined : stored(seq)))
    assert.equal((await sequences(readRange(late, 1, 50))).length, 50)
  })

  it('R11: ends with ERR_LOG_PRUNED where a frame stays missing', async () => {
    const before: number[] = []
    const range = readRange(
      reader((seq) => (seq === 30 ? undefined : stored(seq))),
      1,
      50,
    )
    await assert.rejects(async () => {
      for await (const { seq } of range) before.push(seq)
    }, /ERR_LOG_PRUNED.*frame 30/)
    assert.equal(before.at(-1), 29)
  })

  it('passes on what a read fails with, and leaves no rejection unhandled', async () => {
    const failing = reader((seq) => {
      if (seq >= 5) throw new Error(`frame ${seq} failed`)
      return stored(seq)
    })
    await assert.rejects(sequences(readRange(failing, 1, 50)), /frame 5 failed/)
    await nextTurn()
  })

  it('leaves nothing listening on a signal that lives on', async () => {
    const controller = new AbortController()
    let listening = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listening += 1
      add(...args)
    }) as typeof signal.addEventListener
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listening -= 1
      remove(...args)
    }) as typeof signal.removeEventListener
    await sequences(readRange(reader(stored), 1, 100, { signal }))
    assert.equal(listening, 0)
  })
})
