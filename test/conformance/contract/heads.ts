import assert from 'node:assert/strict'
import { it } from 'node:test'
import { appendAll, code, collect, type Start, texts } from './bench.ts'

/** The head of the log, and what identifies it (R19). */
export function heads(start: Start): void {
  it('is ERR_LOG_NOT_FOUND while there is no stream', async () => {
    const bench = await start()
    const replica = await bench.replica()
    const publisher = await bench.publisher()
    await assert.rejects(replica.connection.head(), code('ERR_LOG_NOT_FOUND'))
    await assert.rejects(publisher.connection.head(), code('ERR_LOG_NOT_FOUND'))
    await assert.rejects(publisher.connection.renewEpoch(), code('ERR_LOG_NOT_FOUND'))
  })

  it('names an empty log by firstSeq 1 and lastSeq 0, and identifies it', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    const head = await replica.connection.head()
    assert.deepEqual(await connection.head(), head)
    assert.deepEqual([head.firstSeq, head.lastSeq, head.ageMs], [1, 0, 0])
    for (const id of [head.epoch, head.deployment, head.fingerprintKey]) assert.match(id, /^[0-9a-f]{32}$/)
    assert.equal(new Set([head.epoch, head.deployment, head.fingerprintKey]).size, 3)
  })

  it('follows what is appended, and what is pruned', async () => {
    const bench = await start()
    await bench.harness.makeErasable()
    const { connection } = await bench.publisher()
    await appendAll(connection, 1, 5)
    const at = async () => connection.head().then(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])
    assert.deepEqual(await at(), [1, 5])
    await bench.harness.prune(3)
    assert.deepEqual(await at(), [4, 5])
    await bench.harness.prune(5)
    assert.deepEqual(await at(), [6, 5])
  })

  it('is the same for publishers that establish at once, and stays when one establishes again', async () => {
    const bench = await start()
    const publishers = await Promise.all(['p1', 'p2', 'p3'].map((name) => bench.publisher(name)))
    const [first, ...others] = await Promise.all(publishers.map(({ connection }) => connection.establish()))
    for (const head of others) assert.deepEqual(head, first)
    await appendAll((publishers[0] as (typeof publishers)[0]).connection, 1, 2)
    const again = await (publishers[1] as (typeof publishers)[1]).connection.establish()
    assert.deepEqual(again, { ...first, lastSeq: 2 })
  })

  it('R11: a new epoch changes the epoch alone', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const replica = await bench.replica()
    await appendAll(connection, 1, 3)
    const before = await replica.connection.head()
    const renewed = await connection.renewEpoch()
    assert.notEqual(renewed.epoch, before.epoch)
    assert.deepEqual({ ...renewed, epoch: '' }, { ...before, epoch: '' })
    assert.deepEqual(await replica.connection.head(), renewed)
    assert.deepEqual(texts(await collect(replica.connection.range(1, 3))), ['frame 1', 'frame 2', 'frame 3'])
    assert.deepEqual(await connection.establish(), { ...renewed, maxAgeMs: 0 })
  })

  it('R12: a new log keeps frames as long as was asked; one that exists is made to, and never to less', async () => {
    const bench = await start()
    const { connection } = await bench.publisher()
    const keptMs = async (maxAgeMs?: number) =>
      (await connection.establish(maxAgeMs === undefined ? undefined : { maxAgeMs })).maxAgeMs
    assert.equal(await keptMs(7_200_000), 7_200_000)
    assert.equal(await keptMs(86_400_000), 86_400_000)
    assert.equal(await keptMs(3_600_000), 86_400_000)
    assert.equal(await keptMs(), 86_400_000)
    await connection.limitAge(10_000_000)
    assert.equal(await keptMs(3_600_000), 10_000_000, 'shortened by hand')
    await connection.limitAge(0)
    assert.equal(await keptMs(3_600_000), 0, 'for ever, until limitAge')
    assert.equal((await connection.renewEpoch()).epoch, (await connection.head()).epoch)
    assert.equal(await keptMs(3_600_000), 0)
  })

  it('R10: the broker tells its time', async () => {
    const bench = await start()
    const { connection } = await bench.established()
    const { connection: other } = await bench.publisher('other')
    const before = Date.now()
    const times = await Promise.all([connection, other, connection].map((each) => each.brokerTime()))
    const after = Date.now()
    for (const time of times) assert.ok(time >= before - 50 && time <= after + 50, `${time} in ${before}..${after}`)
  })
}
