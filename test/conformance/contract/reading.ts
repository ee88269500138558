import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { AskOptions, StoredFrame } from '@rescind/log'
import { appendAll, code, collect, numbers, type Start, texts } from './bench.ts'

/** Single frames and ranges, by sequence. */
export function reading(start: Start): void {
  it('reads what is there, and undefined where nothing is', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    await appendAll(connection, 1, 3)
    assert.deepEqual(texts([await replica.connection.read(2)].filter((stored) => stored !== undefined)), ['frame 2'])
    for (const seq of [0, 4, 1_000_000, -1]) assert.equal(await replica.connection.read(seq), undefined)
  })

  it('reads a range of several windows in order', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    await appendAll(connection, 1, 200)
    const frames = await collect(replica.connection.range(3, 198))
    assert.deepEqual(
      frames.map(({ seq }) => seq),
      numbers(3, 198),
    )
    const written = await collect(connection.range(1, 200))
    assert.deepEqual(new Set(texts(written)).size, 200)
  })

  it('reads an empty range as nothing, and one frame as one', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    await appendAll(connection, 1, 2)
    assert.deepEqual(await collect(connection.range(2, 1)), [])
    assert.deepEqual(texts(await collect(connection.range(2, 2))), ['frame 2'])
  })

  it('R11: never skips: a hole, a pruned beginning and the end of the log end a range', async () => {
    const bench = await start()
    await bench.harness.makeErasable()
    const { connection } = await bench.publisher()
    await appendAll(connection, 1, 9)
    await bench.harness.punchHole(5)
    const before: StoredFrame[] = []
    await assert.rejects(collect(connection.range(2, 9), before), code('ERR_LOG_PRUNED'))
    assert.deepEqual(
      before.map(({ seq }) => seq),
      [2, 3, 4],
    )
    await bench.harness.prune(6)
    await assert.rejects(collect(connection.range(6, 9)), code('ERR_LOG_PRUNED'))
    const until: StoredFrame[] = []
    await assert.rejects(collect(connection.range(7, 10), until), code('ERR_LOG_PRUNED'))
    assert.deepEqual(
      until.map(({ seq }) => seq),
      [7, 8, 9],
    )
  })

  it('ends a range where its signal fires or its reader breaks off, and goes on working', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    await appendAll(connection, 1, 100)
    const controller = new AbortController()
    const read: number[] = []
    const reading = async (options: AskOptions) => {
      for await (const { seq } of connection.range(1, 100, options)) {
        read.push(seq)
        if (seq === 10) controller.abort()
      }
    }
    await assert.rejects(reading({ signal: controller.signal }), code('ERR_LOG_UNAVAILABLE'))
    assert.deepEqual(read, numbers(1, 10))
    await assert.rejects(collect(connection.range(1, 1, { signal: AbortSignal.abort() })), code('ERR_LOG_UNAVAILABLE'))
    for await (const { seq } of connection.range(1, 100)) if (seq === 3) break
    assert.equal((await collect(connection.range(1, 100))).length, 100)
  })
}
