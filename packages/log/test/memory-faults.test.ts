import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type LogEvent, memoryLog } from '@rescind/log'
import { limits, manualClock } from '@rescind/protocol'

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected
/** Everything that was under way has arrived after two turns: one to carry out, one to deliver. */
const arrived = async () => {
  for (let i = 0; i < 2; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function open(options: Parameters<typeof memoryLog>[0] = {}) {
  const log = memoryLog(options)
  const told: LogEvent[] = []
  const connection = await log.connect({ name: 'publisher', onEvent: (event) => told.push(event) })
  await connection.establish()
  const append = (i: number) => connection.append(Buffer.from(`f${i}`), { messageId: `m${i}` })
  const live = () => told.filter((event) => event.kind === 'live').map(({ seq }) => seq)
  return { log, faults: log.faults, connection, told, append, live }
}

describe('faults on command', () => {
  it('loses, doubles and reorders broadcasts, and stores every frame', async () => {
    const { faults, append, live, connection } = await open()
    faults.dropLive(2)
    for (const i of [1, 2, 3]) await append(i)
    faults.duplicateLive(1)
    for (const i of [4, 5]) await append(i)
    faults.reorderLive(3)
    for (const i of [6, 7, 8, 9]) await append(i)
    await arrived()
    assert.deepEqual(live(), [3, 4, 4, 5, 8, 7, 6, 9])
    assert.equal((await connection.head()).lastSeq, 9)
  })

  it('cuts one name alone, and what was under way to it is lost', async () => {
    const { log, faults, append, connection, live } = await open()
    const other: LogEvent[] = []
    await log.replicaLog.connect({ name: 'other', onEvent: (event) => other.push(event) })
    const appending = append(1)
    await appending
    faults.disconnect('other')
    await append(2)
    await arrived()
    assert.deepEqual(other, [{ kind: 'disconnected' }])
    assert.deepEqual(live(), [1, 2])
    faults.reconnect('other')
    await append(3)
    await arrived()
    assert.deepEqual(
      other.map((event) => event.kind),
      ['disconnected', 'reconnected', 'live'],
    )
    assert.equal((await connection.head()).lastSeq, 3)
  })

  it('a frozen broker carries out at the thaw what nobody waits for any more, and tells it late', async () => {
    const { faults, append, live, connection } = await open({ requestTimeoutMs: 500 })
    faults.freeze()
    await assert.rejects(append(1), code('ERR_LOG_UNAVAILABLE'))
    await arrived()
    assert.deepEqual(live(), [])
    faults.thaw()
    assert.equal((await connection.head()).lastSeq, 1)
    await arrived()
    assert.deepEqual(live(), [1])
  })

  it('a follower that lags costs a second try, not the range', async () => {
    const { faults, append, connection } = await open()
    for (const i of [1, 2, 3]) await append(i)
    faults.missOnce(2)
    assert.equal(await connection.read(2), undefined)
    assert.equal(text((await connection.read(2))?.bytes), 'f2')
    faults.missOnce(2, 3)
    const read: (string | undefined)[] = []
    for await (const { bytes } of connection.range(1, 3)) read.push(text(bytes))
    assert.deepEqual(read, ['f1', 'f2', 'f3'])
  })

  it('loses the answer to an append that is stored', async () => {
    const { faults, append, connection } = await open()
    faults.loseAnswers(1)
    await assert.rejects(append(1), code('ERR_LOG_UNAVAILABLE'))
    assert.deepEqual(await append(1), { seq: 1, duplicate: true })
    assert.equal((await connection.head()).lastSeq, 1)
  })

  it('R19: a rolled back log has the same epoch and gives the same sequences to other frames', async () => {
    const { faults, append, connection } = await open()
    for (const i of [1, 2, 3]) await append(i)
    const before = await connection.head()
    faults.rollback(1)
    assert.deepEqual(await connection.head(), { ...before, lastSeq: 1 })
    assert.equal(await connection.read(2), undefined)
    // The restored store has forgotten the message ids as well.
    assert.deepEqual(await append(3), { seq: 2, duplicate: false })
    assert.equal(text((await connection.read(2))?.bytes), 'f3')
  })

  it('R11: a recreated log is empty and of another epoch; another deployment only if asked', async () => {
    const { faults, append, connection } = await open()
    await append(1)
    const before = await connection.head()
    faults.recreate()
    const same = await connection.head()
    assert.deepEqual({ ...same, epoch: before.epoch }, { ...before, firstSeq: 1, lastSeq: 0 })
    assert.notEqual(same.epoch, before.epoch)
    faults.recreate({ deployment: 'new' })
    const other = await connection.head()
    assert.notEqual(other.deployment, before.deployment)
    assert.notEqual(other.fingerprintKey, before.fingerprintKey)
    faults.remove()
    await assert.rejects(connection.head(), code('ERR_LOG_NOT_FOUND'))
    await assert.rejects(append(2), code('ERR_LOG_UNAVAILABLE'))
    assert.notEqual((await connection.establish()).deployment, other.deployment)
  })

  it('prunes from the beginning', async () => {
    const { faults, append, connection } = await open()
    for (const i of [1, 2, 3]) await append(i)
    faults.prune(2)
    assert.equal((await connection.head()).firstSeq, 3)
    faults.prune(100)
    const { firstSeq, lastSeq } = await connection.head()
    assert.deepEqual([firstSeq, lastSeq], [4, 3])
    assert.equal((await append(4)).seq, 4)
    assert.equal((await connection.head()).firstSeq, 4)
  })

  it('corrupts what is stored, and forges what is told', async () => {
    const { faults, append, connection, told } = await open()
    await append(1)
    faults.corrupt(1, Buffer.from('bad'))
    assert.equal(text((await connection.read(1))?.bytes), 'bad')
    assert.throws(() => faults.corrupt(2, Buffer.from('bad')), code('ERR_INVALID_OPTION'))
    const bytes = Buffer.from('forged')
    faults.injectLive(99, bytes)
    bytes.fill(0)
    await arrived()
    assert.deepEqual(told.at(-1), { kind: 'live', seq: 99, bytes: new Uint8Array(Buffer.from('forged')) })
  })

  it('proves nothing, or something old, and is full, as long as it is told to', async () => {
    const { faults, append, connection } = await open()
    faults.unproved(true)
    await assert.rejects(connection.head(), code('ERR_LOG_UNPROVED'))
    faults.unproved(false)
    faults.setProofAge(700)
    assert.equal((await connection.head()).ageMs, 700)
    faults.full(true)
    await assert.rejects(append(1), code('ERR_LOG_FULL'))
    faults.full(false)
    assert.equal((await append(1)).seq, 1)
  })

  it('R10: the clock is the one it was given, and can be set off', async () => {
    const clock = manualClock()
    const { faults, append, connection } = await open({ clock })
    assert.equal(await connection.brokerTime(), clock.now())
    faults.setBrokerClockOffset(-6_000)
    clock.advance(1_000)
    assert.equal(await connection.brokerTime(), clock.now() - 6_000)
    await append(1)
    clock.advance(limits.DUPLICATE_WINDOW_MS - 1)
    assert.equal((await append(1)).duplicate, true)
    clock.advance(1)
    assert.deepEqual(await append(1), { seq: 2, duplicate: false })
  })

  it('nobody shares memory with the log', async () => {
    const { connection } = await open()
    const bytes = Buffer.from('first')
    const appending = connection.append(bytes, { messageId: 'm' })
    bytes.fill(0)
    await appending
    const read = await connection.read(1)
    assert.equal(text(read?.bytes), 'first')
    read?.bytes.fill(0)
    assert.equal(text((await connection.read(1))?.bytes), 'first')
  })
})
