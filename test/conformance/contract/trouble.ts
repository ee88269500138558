import assert from 'node:assert/strict'
import { it } from 'node:test'
import { appendAll, code, collect, frame, type Start } from './bench.ts'

/** A connection that is lost, a broker that is silent, a message that is forged. */
export function trouble(start: Start): void {
  it('tells once that the connection is lost and once that it is back, and then live frames flow', async () => {
    const bench = await start()
    const publisher = await bench.established()
    const replica = await bench.replica()
    await appendAll(publisher.connection, 1, 1)
    await bench.harness.cut()
    for (const { told } of [publisher, replica]) await told.until('disconnected', ({ others }) => others.length === 1)
    await assert.rejects(replica.connection.head(), code('ERR_LOG_UNAVAILABLE'))
    await assert.rejects(replica.connection.read(1), code('ERR_LOG_UNAVAILABLE'))
    await assert.rejects(collect(replica.connection.range(1, 1)), code('ERR_LOG_UNAVAILABLE'))
    await assert.rejects(publisher.connection.append(frame(2), { messageId: 'm2' }), code('ERR_LOG_UNAVAILABLE'))
    await bench.harness.mend()
    for (const { told } of [publisher, replica]) await told.until('reconnected', ({ others }) => others.length === 2)
    assert.equal((await replica.connection.head()).lastSeq, 1)
    await appendAll(publisher.connection, 2, 2)
    await replica.told.until('a live frame', ({ live }) => live.some(({ seq }) => seq === 2))
    assert.deepEqual(replica.told.others, ['disconnected', 'reconnected'])
    assert.deepEqual(publisher.told.others, ['disconnected', 'reconnected'])
  })

  it('ends a question by its signal or by the timeout while the broker is frozen, and works after it', async () => {
    const bench = await start({ requestTimeoutMs: 300 })
    const { connection } = await bench.established()
    await appendAll(connection, 1, 1)
    await bench.harness.freeze()
    const began = performance.now()
    await assert.rejects(connection.head({ signal: AbortSignal.timeout(50) }), code('ERR_LOG_UNAVAILABLE'))
    assert.ok(performance.now() - began < 290, 'the signal ends it before the timeout')
    const bySignal = { signal: new AbortController().signal }
    await assert.rejects(connection.read(1, bySignal), code('ERR_LOG_UNAVAILABLE'))
    await assert.rejects(collect(connection.range(1, 1)), code('ERR_LOG_UNAVAILABLE'))
    bench.harness.thaw()
    assert.equal((await connection.head()).lastSeq, 1)
  })

  it('R12: an append that was not answered is stored once when it is tried again', async () => {
    const bench = await start({ requestTimeoutMs: 300 })
    const { connection, told } = await bench.established()
    await bench.harness.freeze()
    await assert.rejects(connection.append(frame(1), { messageId: 'm1' }), code('ERR_LOG_UNAVAILABLE'))
    bench.harness.thaw()
    await told.until('the frame, stored after all', ({ live }) => live.length === 1)
    assert.deepEqual(await connection.append(frame(1), { messageId: 'm1' }), { seq: 1, duplicate: true })
    assert.equal((await connection.head()).lastSeq, 1)
  })

  it('R19: a forged live message is a hint, and moves nothing', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    await appendAll(connection, 1, 1)
    await bench.harness.forgeLive(77, frame(77))
    await replica.told.until('the forged frame', ({ live }) => live.length === 2)
    assert.deepEqual(
      replica.told.live.map(({ seq }) => seq),
      [1, 77],
    )
    assert.equal((await replica.connection.head()).lastSeq, 1)
    assert.equal(await replica.connection.read(77), undefined)
  })
}
