import assert from 'node:assert/strict'
import { it } from 'node:test'
import { limits } from '@rescind/protocol'
import { appendAll, code, collect, frame, numbers, type Start, texts } from './bench.ts'

/** What an append stores, and what it refuses. */
export function appending(start: Start): void {
  it('broadcasts every stored frame to every connection, with its sequence and its bytes', async () => {
    const bench = await start()
    const publisher = await bench.established()
    const replicas = [await bench.replica('r1'), await bench.replica('r2')]
    for (const i of numbers(1, 20)) {
      const bytes = frame(i)
      assert.deepEqual(await publisher.connection.append(bytes, { messageId: `m${i}` }), { seq: i, duplicate: false })
      bytes.fill(0)
    }
    for (const { told } of [publisher, ...replicas]) {
      await told.until('twenty live frames', ({ live }) => live.length === 20)
      assert.deepEqual(
        told.live.map(({ seq }) => seq),
        numbers(1, 20),
      )
      assert.deepEqual(
        texts(told.live),
        numbers(1, 20).map((i) => `frame ${i}`),
      )
      assert.deepEqual(told.others, [])
    }
  })

  it('stores a message id once', async () => {
    const bench = await start()
    const { connection, told } = await bench.established()
    await appendAll(connection, 1, 2)
    assert.deepEqual(await connection.append(frame(9), { messageId: 'm2' }), { seq: 2, duplicate: true })
    assert.equal((await connection.head()).lastSeq, 2)
    assert.deepEqual(texts(await collect(connection.range(1, 2))), ['frame 1', 'frame 2'])
    await appendAll(connection, 3, 3)
    await told.until('the third live frame', ({ live }) => live.some(({ seq }) => seq === 3))
    assert.equal(told.live.length, 3)
  })

  it('takes a frame of exactly the largest size, and none above it', async () => {
    const bench = await start()
    const { connection, told } = await bench.established()
    const largest = new Uint8Array(limits.MAX_FRAME_BYTES).fill(7)
    await connection.append(largest, { messageId: 'x'.repeat(128) })
    assert.deepEqual(Buffer.from((await connection.read(1))?.bytes ?? []), Buffer.from(largest))
    await told.until('the live frame', ({ live }) => live.length === 1)
    const larger = new Uint8Array(limits.MAX_FRAME_BYTES + 1)
    await assert.rejects(connection.append(larger, { messageId: 'm' }), code('ERR_FRAME_TOO_LARGE'))
    for (const messageId of ['', 'a b', 'a\r\nb', 'x'.repeat(129)]) {
      await assert.rejects(connection.append(frame(1), { messageId }), code('ERR_INVALID_OPTION'))
    }
    assert.equal((await connection.head()).lastSeq, 1)
  })

  it('R16: is ERR_LOG_FULL at the size cap, and drops nothing', async () => {
    const bench = await start({ maxBytes: 1024 * 1024 })
    const { connection } = await bench.established()
    const fill = async () => {
      for (const i of numbers(1, 10)) await connection.append(new Uint8Array(200_000).fill(i), { messageId: `b${i}` })
    }
    await assert.rejects(fill(), code('ERR_LOG_FULL'))
    const { firstSeq, lastSeq } = await connection.head()
    assert.deepEqual([firstSeq, lastSeq], [1, 5])
    assert.deepEqual(
      (await collect(connection.range(1, 5))).map(({ bytes }) => bytes[0]),
      [1, 2, 3, 4, 5],
    )
  })

  it('is ERR_LOG_UNAVAILABLE without a stream', async () => {
    const bench = await start()
    const { connection } = await bench.publisher()
    await assert.rejects(connection.append(frame(1), { messageId: 'm' }), code('ERR_LOG_UNAVAILABLE'))
  })
}
