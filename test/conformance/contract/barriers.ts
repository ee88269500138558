import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Barrier } from '@rescind/log'
import type { Start } from './bench.ts'

const barrierOf = (seq: number, changes: Partial<Barrier> = {}): Barrier => ({
  barrier: String(seq).padStart(32, '0'),
  cursor: { epoch: 'e', seq, frameId: `f${seq}` },
  ...changes,
})

/** What publishers ask replicas, and who hears it. */
export function barriers(start: Start): void {
  it('reaches replicas and nobody else, as it was sent', async () => {
    const bench = await start()
    const publishers = [await bench.publisher('p1'), await bench.publisher('p2')]
    const replicas = [await bench.replica('api-1'), await bench.replica('api-2')]
    for (const seq of [1, 2]) publishers[0]?.connection.barrier(barrierOf(seq))
    for (const { told } of replicas) {
      await told.until('both barriers', ({ others }) => others.length === 2)
      assert.deepEqual(
        told.all,
        [1, 2].map((seq) => ({ kind: 'barrier', barrier: barrierOf(seq) })),
      )
    }
    for (const { told } of publishers) assert.deepEqual(told.all, [])
  })

  it('is dropped when it is none: another id, no cursor, a frame without a name, too long', async () => {
    const bench = await start()
    const { connection } = await bench.publisher()
    const { told } = await bench.replica()
    const { cursor } = barrierOf(1)
    const bad: readonly object[] = [
      { barrier: 'x' },
      { barrier: 'F'.repeat(32) },
      { cursor: { ...cursor, seq: -1 } },
      { cursor: { ...cursor, epoch: '' } },
      { cursor: { ...cursor, frameId: '' } },
      { cursor: { ...cursor, frameId: 'f'.repeat(2_000) } },
    ]
    for (const changes of bad) connection.barrier(barrierOf(1, changes))
    connection.barrier(barrierOf(2))
    await told.until('a barrier', ({ others }) => others.length > 0)
    assert.deepEqual(told.all, [{ kind: 'barrier', barrier: barrierOf(2) }])
  })

  it('comes after the frame that was acknowledged before it', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const { told } = await bench.replica()
    const { seq } = await connection.append(Buffer.from('frame'), { messageId: 'm1' })
    connection.barrier(barrierOf(seq))
    await told.until('both', ({ all }) => all.length === 2)
    assert.deepEqual(
      told.all.map(({ kind }) => kind),
      ['live', 'barrier'],
    )
  })

  it('never fails, not even while the broker is away or after the end', async () => {
    const bench = await start()
    const publisher = await bench.publisher()
    const replica = await bench.replica()
    await bench.harness.cut()
    await publisher.told.until('disconnected', ({ others }) => others.length === 1)
    publisher.connection.barrier(barrierOf(1))
    await bench.harness.mend()
    for (const { told } of [publisher, replica]) {
      await told.until('reconnected', ({ others }) => others.includes('reconnected'))
    }
    publisher.connection.barrier(barrierOf(2))
    await replica.told.until('a barrier', ({ others }) => others.includes('barrier'))
    const heard = replica.told.all.filter((event) => event.kind === 'barrier')
    assert.deepEqual(
      heard.map(({ barrier }) => barrier.cursor.seq),
      [2],
    )
    await publisher.connection.close()
    publisher.connection.barrier(barrierOf(3))
  })
}
