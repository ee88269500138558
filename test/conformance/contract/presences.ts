import assert from 'node:assert/strict'
import { it } from 'node:test'
import { presenceOf } from '../presence-of.ts'
import type { Start } from './bench.ts'

/** What replicas say of themselves, and who hears it. */
export function presences(start: Start): void {
  it('reaches publishers and nobody else', async () => {
    const bench = await start()
    const publishers = [await bench.publisher('p1'), await bench.publisher('p2')]
    const replica = await bench.replica('api-1')
    const other = await bench.replica('api-2')
    const digest = { asOfMs: 1_767_225_600_000, value: '00112233445566ff' }
    const presence = presenceOf('api-1', { cursor: { epoch: 'e', seq: 3, frameId: 'f' }, lagMs: 12, digest })
    replica.connection.announce(presence)
    for (const { told } of publishers) {
      await told.until('presence', ({ others }) => others.length === 1)
      assert.deepEqual(told.all, [{ kind: 'presence', presence }])
    }
    assert.deepEqual([...replica.told.all, ...other.told.all], [])
  })

  it('is dropped when it is no presence, or names another connection than the one it came from', async () => {
    const bench = await start()
    const { told } = await bench.publisher()
    const { connection } = await bench.replica('api-1')
    connection.announce(presenceOf('api-2'))
    connection.announce(presenceOf('api-1', { state: 'fine' as 'live' }))
    connection.announce(presenceOf('api-1', { entries: -1 }))
    connection.announce(presenceOf('api-1', { version: 'last' }))
    await told.until('presence', ({ others }) => others.length > 0)
    assert.deepEqual(told.all, [{ kind: 'presence', presence: presenceOf('api-1', { version: 'last' }) }])
  })

  it('never fails, not even while the broker is away', async () => {
    const bench = await start()
    const publisher = await bench.publisher()
    const replica = await bench.replica('api-1')
    await bench.harness.cut()
    await replica.told.until('disconnected', ({ others }) => others.length === 1)
    replica.connection.announce(presenceOf('api-1', { version: 'lost' }))
    await bench.harness.mend()
    for (const { told } of [publisher, replica]) {
      await told.until('reconnected', ({ others }) => others.includes('reconnected'))
    }
    replica.connection.announce(presenceOf('api-1', { version: 'heard' }))
    await publisher.told.until('presence', ({ others }) => others.includes('presence'))
    const heard = publisher.told.all.filter((event) => event.kind === 'presence')
    assert.deepEqual(
      heard.map(({ presence }) => presence.version),
      ['heard'],
    )
  })
}
