import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { AskOptions, LogConnection, PublisherConnection, StoredFrame } from '@rescind/log'
import { limits } from '@rescind/protocol'
import { EventRecorder } from './event-recorder.ts'
import type { HarnessOptions, LogHarness, OpenHarness } from './log-harness.ts'
import { presenceOf } from './presence-of.ts'

/** What a test works with: a fresh log, and connections that are closed at its end. */
class Bench {
  readonly harness: LogHarness
  readonly #connections: LogConnection[] = []

  constructor(harness: LogHarness) {
    this.harness = harness
  }

  async publisher(name = 'publisher'): Promise<{ connection: PublisherConnection; told: EventRecorder }> {
    const told = new EventRecorder()
    const connection = await this.harness.publisherLog.connect({ name, onEvent: told.onEvent, signal: inTime() })
    this.#connections.push(connection)
    return { connection, told }
  }

  async established(): Promise<{ connection: PublisherConnection; told: EventRecorder }> {
    const publisher = await this.publisher()
    await publisher.connection.establish()
    return publisher
  }

  async replica(name = 'replica'): Promise<{ connection: LogConnection; told: EventRecorder }> {
    const told = new EventRecorder()
    const connection = await this.harness.replicaLog.connect({ name, onEvent: told.onEvent, signal: inTime() })
    this.#connections.push(connection)
    return { connection, told }
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()))
    await this.harness.close()
  }
}

/** A test that waits for a broker in vain fails; it does not hang. */
const inTime = () => AbortSignal.timeout(20_000)

/** Frames that tell themselves apart. */
const frame = (i: number): Uint8Array => Buffer.from(`frame ${i}`)

async function appendAll(connection: PublisherConnection, from: number, to: number): Promise<void> {
  const all = []
  for (let i = from; i <= to; i += 1) all.push(connection.append(frame(i), { messageId: `m${i}` }))
  await Promise.all(all)
}

async function collect(range: AsyncIterable<StoredFrame>, into: StoredFrame[] = []): Promise<StoredFrame[]> {
  for await (const stored of range) into.push(stored)
  return into
}

const texts = (frames: readonly { bytes: Uint8Array }[]) => frames.map(({ bytes }) => Buffer.from(bytes).toString())
const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** The contract of the port, held against one log. Each test has a log of its own. */
export function logConformance(name: string, open: OpenHarness): void {
  let bench: Bench | undefined
  const start = async (options?: HarnessOptions): Promise<Bench> => {
    bench = new Bench(await open(options))
    return bench
  }
  afterEach(async () => {
    await bench?.close()
    bench = undefined
  })

  describe(`${name}: connecting and closing`, () => connecting(start))
  describe(`${name}: the head (R19)`, () => heads(start))
  describe(`${name}: appending`, () => appending(start))
  describe(`${name}: reading`, () => reading(start))
  describe(`${name}: trouble`, () => trouble(start))
  describe(`${name}: presence`, () => presences(start))
}

type Start = (options?: HarnessOptions) => Promise<Bench>

function connecting(start: Start): void {
  it('connects before there is a stream, and refuses a name that cannot stand in a subject', async () => {
    const bench = await start()
    await bench.replica()
    const { replicaLog, publisherLog } = bench.harness
    for (const name of ['', 'a.b', 'a b', '*', 'ä', 'x'.repeat(65)]) {
      await assert.rejects(replicaLog.connect({ name, onEvent: () => {} }), code('ERR_INVALID_OPTION'), name)
      await assert.rejects(publisherLog.connect({ name, onEvent: () => {} }), code('ERR_INVALID_OPTION'), name)
    }
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

function heads(start: Start): void {
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
    assert.deepEqual(await connection.establish(), renewed)
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

function appending(start: Start): void {
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

function reading(start: Start): void {
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

function trouble(start: Start): void {
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

function presences(start: Start): void {
  it('reaches publishers and nobody else', async () => {
    const bench = await start()
    const publishers = [await bench.publisher('p1'), await bench.publisher('p2')]
    const replica = await bench.replica('api-1')
    const other = await bench.replica('api-2')
    const presence = presenceOf('api-1', { cursor: { epoch: 'e', seq: 3, frameId: 'f' }, lagMs: 12 })
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
