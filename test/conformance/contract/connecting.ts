import assert from 'node:assert/strict'
import { it } from 'node:test'
import { presenceOf } from '../presence-of.ts'
import { appendAll, code, collect, type Start } from './bench.ts'

/** Connecting and closing. */
export function connecting(start: Start): void {
  it('connects before there is a stream, and refuses a name that cannot stand in a subject', async () => {
    const bench = await start()
    await bench.replica()
    const { replicaLog, publisherLog } = bench.harness
    for (const name of ['', 'a.b', 'a b', '*', 'ä', 'x'.repeat(65)]) {
      await assert.rejects(replicaLog.connect({ name, onEvent: () => {} }), code('ERR_INVALID_OPTION'), name)
      await assert.rejects(publisherLog.connect({ name, onEvent: () => {} }), code('ERR_INVALID_OPTION'), name)
    }
  })

  it('tells a publisher whether the broker lets everyone in, also after it was away', async () => {
    const bench = await start()
    const { connection, told } = await bench.established()
    assert.equal(connection.unguarded, bench.harness.unguarded)
    await bench.harness.cut()
    await bench.harness.mend()
    await told.until('reconnected', ({ others }) => others.includes('reconnected'))
    assert.equal(connection.unguarded, bench.harness.unguarded)
  })

  it('counts reconnections, and bytes in and out; the counts only ever grow', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    const before = replica.connection.stats()
    const sentBefore = connection.stats().sentBytes
    assert.equal(before.reconnects, 0)
    await appendAll(connection, 1, 3)
    await replica.told.until('the live frames', ({ live }) => live.length === 3)
    const frames = 'frame 1frame 2frame 3'.length
    assert.ok(connection.stats().sentBytes - sentBefore >= frames)
    const after = replica.connection.stats()
    assert.ok(after.receivedBytes - before.receivedBytes >= frames)
    await replica.connection.head()
    const { log } = replica.connection.stats()
    assert.ok(log && log.bytes >= frames && log.bytes < (log.maxBytes ?? 0), JSON.stringify(log))
    await bench.harness.cut()
    await bench.harness.mend()
    await replica.told.until('reconnected', ({ others }) => others.includes('reconnected'))
    const back = replica.connection.stats()
    assert.ok(back.reconnects >= 1 && back.receivedBytes >= after.receivedBytes, JSON.stringify(back))
  })

  it('stops connecting when the signal fires, before and while the broker is sought', async () => {
    const bench = await start()
    const connect = (signal: AbortSignal) => bench.harness.replicaLog.connect({ name: 'r', onEvent: () => {}, signal })
    await assert.rejects(connect(AbortSignal.abort()), code('ERR_LOG_UNAVAILABLE'))
    await bench.harness.cut()
    await assert.rejects(connect(AbortSignal.timeout(100)), code('ERR_LOG_UNAVAILABLE'))
    await bench.harness.mend()
  })

  it('connects as soon as a broker that was away is there', async () => {
    const bench = await start()
    await bench.harness.cut()
    const connecting = bench.replica()
    await bench.harness.mend()
    const { connection } = await connecting
    await assert.rejects(connection.head(), code('ERR_LOG_NOT_FOUND'))
  })

  it('closes once and for all: no event and no answer afterwards', async () => {
    const bench = await start()
    const publisher = await bench.established()
    const replica = await bench.replica()
    const open = assert.rejects(replica.connection.head({ signal: new AbortController().signal }), code('ERR_CLOSED'))
    const closed = replica.connection.close()
    await Promise.all([closed, replica.connection.close(), open])
    await appendAll(publisher.connection, 1, 1)
    await publisher.told.until('the live frame at the other connection', ({ live }) => live.length === 1)
    assert.deepEqual(replica.told.all, [])
    await assert.rejects(replica.connection.head(), code('ERR_CLOSED'))
    await assert.rejects(replica.connection.read(1), code('ERR_CLOSED'))
    await assert.rejects(collect(replica.connection.range(1, 1)), code('ERR_CLOSED'))
    replica.connection.announce(presenceOf('replica'))
  })

  it('closes at once while the broker is away, and tells nothing when it is back', async () => {
    const bench = await start()
    const replica = await bench.replica()
    const other = await bench.replica('other')
    await bench.harness.cut()
    await replica.told.until('disconnected', ({ others }) => others.length === 1)
    await replica.connection.close()
    await bench.harness.mend()
    await other.told.until('reconnected', ({ others }) => others.length === 2)
    assert.deepEqual(replica.told.others, ['disconnected'])
  })
}
