import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { natsLog, natsPublisherLog, type PublisherConnection } from '@rescind/log'
import { freshNames, operate, startTestBroker, streamLike, type TestBroker } from './nats-harness.ts'

let broker: TestBroker
before(async () => {
  broker = await startTestBroker()
})
after(() => broker?.end())

const DAY_MS = 86_400_000

const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected

async function asPublisher<T>(
  names: ReturnType<typeof freshNames>,
  use: (connection: PublisherConnection) => Promise<T>,
  more: object = {},
): Promise<T> {
  const log = natsPublisherLog({ servers: broker.server.url, ...names, maxBytes: 64 * 1024 * 1024, ...more })
  const connection = await log.connect({ name: 'publisher', onEvent: () => {} })
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}

describe('the stream as a publisher makes it', () => {
  it('has every setting that matters, as the server itself tells it', async () => {
    const names = freshNames()
    await asPublisher(names, (connection) => connection.establish({ maxAgeMs: DAY_MS }))
    const { config } = (await operate(broker.server, `STREAM.INFO.${names.stream}`, {})) as { config: object }
    const { description, ...rest } = config as { description: string }
    assert.match(
      description,
      /^\{"rescind":1,"epoch":"[0-9a-f]{32}","deployment":"[0-9a-f]{32}","fingerprintKey":"[0-9a-f]{32}"\}$/,
    )
    const expected = {
      name: names.stream,
      subjects: [names.subjects.log],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_age: DAY_MS * 1_000_000,
      max_msgs: -1,
      max_msgs_per_subject: -1,
      max_bytes: 64 * 1024 * 1024,
      num_replicas: 1,
      duplicate_window: 120_000_000_000,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      republish: { src: names.subjects.log, dest: names.subjects.live },
    }
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(rest, key)])), expected)
  })

  it('cannot be emptied, and its frames cannot be deleted, by whoever may call the API', async () => {
    const names = freshNames()
    await asPublisher(names, async (connection) => {
      await connection.establish()
      await connection.append(Buffer.from('f'), { messageId: 'm' })
    })
    await assert.rejects(operate(broker.server, `STREAM.PURGE.${names.stream}`, {}), /purge/)
    await assert.rejects(operate(broker.server, `STREAM.MSG.DELETE.${names.stream}`, { seq: 1 }), /delete/)
  })

  it('asked for three copies on a lone server, it is refused with the server’s reason', async () => {
    const establish = asPublisher(freshNames(), (connection) => connection.establish(), { replicas: 3 })
    await assert.rejects(establish, /ERR_LOG_MISCONFIGURED.*replicas/)
  })

  it('survives kill -9 of the broker with its identity and its frames (R12)', async () => {
    const names = freshNames()
    const before = await asPublisher(names, async (connection) => {
      await connection.establish()
      for (const i of [1, 2, 3]) await connection.append(Buffer.from(`f${i}`), { messageId: `m${i}` })
      return { ...(await connection.head()), maxAgeMs: 0 }
    })
    await broker.server.kill()
    await broker.server.restart()
    await asPublisher(names, async (connection) => {
      assert.deepEqual(await connection.establish(), before)
      assert.deepEqual(await connection.append(Buffer.from('f3'), { messageId: 'm3' }), { seq: 3, duplicate: true })
      assert.ok(Math.abs((await connection.brokerTime()) - Date.now()) < 2_000)
    })
  })
})

describe('a stream that somebody else made', () => {
  const dangerous: [string, (names: ReturnType<typeof freshNames>) => object][] = [
    ['storage', () => ({ storage: 'memory' })],
    ['retention', () => ({ retention: 'interest' })],
    ['discard', () => ({ discard: 'old' })],
    ['deny_purge', () => ({ deny_purge: false })],
    ['deny_delete', () => ({ deny_delete: false })],
    ['allow_direct', () => ({ allow_direct: false })],
    ['republish', () => ({ republish: undefined })],
    ['republish', ({ subjects }) => ({ republish: { src: subjects.log, dest: subjects.live, headers_only: true } })],
    ['republish', ({ subjects }) => ({ republish: { src: subjects.log, dest: `${subjects.live}.other` } })],
    ['max_msgs', () => ({ max_msgs: 1_000 })],
    ['max_msgs_per_subject', () => ({ max_msgs_per_subject: 10 })],
    ['max_bytes', () => ({ max_bytes: -1 })],
    ['max_msg_size', () => ({ max_msg_size: 1_024 })],
    ['duplicate_window', () => ({ duplicate_window: 1_000_000_000 })],
    ['no_ack', () => ({ no_ack: true })],
    ['allow_rollup_hdrs', () => ({ allow_rollup_hdrs: true, deny_purge: false })],
    ['subjects', ({ subjects }) => ({ subjects: [subjects.log, `${subjects.log}.more`] })],
    [
      'subjects',
      ({ subjects: { log, live } }) => ({ subjects: [`${log}.x`], republish: { src: `${log}.x`, dest: live } }),
    ],
  ]
  for (const [field, change] of dangerous) {
    it(`is refused for its ${field}, by name and with what to do`, async () => {
      const names = freshNames()
      const changes = change(names)
      await operate(broker.server, `STREAM.CREATE.${names.stream}`, streamLike(names, changes))
      const refused = new RegExp(`ERR_LOG_MISCONFIGURED.*${names.stream}.*${field} is .* and must be .*stream edit`)
      await asPublisher(names, (connection) => assert.rejects(connection.establish(), refused))
      await operate(broker.server, `STREAM.DELETE.${names.stream}`, {})
    })
  }

  it('whose frames go too soon is made to keep them; longer and for ever stay, until the age is limited', async () => {
    const names = freshNames()
    const ageMs = async () => {
      const { config } = (await operate(broker.server, `STREAM.INFO.${names.stream}`, {})) as {
        config: { max_age: number }
      }
      return config.max_age / 1_000_000
    }
    await operate(broker.server, `STREAM.CREATE.${names.stream}`, streamLike(names, { max_age: 3_600_000_000_000 }))
    await asPublisher(names, async (connection) => {
      await connection.append(Buffer.from('f'), { messageId: 'm' })
      assert.equal((await connection.establish({ maxAgeMs: DAY_MS })).maxAgeMs, DAY_MS)
      assert.equal(await ageMs(), DAY_MS)
      assert.equal((await connection.establish({ maxAgeMs: 1_000 })).maxAgeMs, DAY_MS, 'never lowered')
      assert.equal((await connection.establish()).maxAgeMs, DAY_MS)
      await operate(broker.server, `STREAM.UPDATE.${names.stream}`, streamLike(names, { max_age: 0 }))
      const { maxAgeMs, lastSeq } = await connection.establish({ maxAgeMs: DAY_MS })
      assert.deepEqual([maxAgeMs, lastSeq], [0, 1], 'for ever: a limit would prune at once what it would not have kept')
      await connection.limitAge(2 * DAY_MS)
      assert.equal((await connection.establish({ maxAgeMs: DAY_MS })).maxAgeMs, 2 * DAY_MS)
    })
  })

  it('is accepted when nothing about it is dangerous', async () => {
    const names = freshNames()
    await operate(broker.server, `STREAM.CREATE.${names.stream}`, streamLike(names, { max_consumers: 7 }))
    assert.equal((await asPublisher(names, (connection) => connection.establish())).lastSeq, 0)
  })

  it('is refused, by publishers and replicas, when it is not one of Rescind', async () => {
    const names = freshNames()
    const foreign = streamLike(names, { description: 'our orders' })
    await operate(broker.server, `STREAM.CREATE.${names.stream}`, foreign)
    await asPublisher(names, async (connection) => {
      await assert.rejects(connection.establish(), /ERR_LOG_MISCONFIGURED.*not made by Rescind/)
      await assert.rejects(connection.renewEpoch(), code('ERR_LOG_MISCONFIGURED'))
    })
    const replica = await natsLog({ servers: broker.server.url, ...names }).connect({ name: 'r', onEvent: () => {} })
    await assert.rejects(replica.head(), code('ERR_LOG_MISCONFIGURED'))
    await replica.close()
  })

  it('is named when it holds our subject under another name', async () => {
    const names = freshNames()
    const thief = { ...streamLike(names), name: `${names.stream}_OTHER` }
    await operate(broker.server, `STREAM.CREATE.${thief.name}`, thief)
    const establish = asPublisher(names, (connection) => connection.establish())
    await assert.rejects(establish, /ERR_LOG_MISCONFIGURED.*subjects overlap/)
    const append = asPublisher(names, (each) => each.append(Buffer.from('f'), { messageId: 'm' }))
    await assert.rejects(append, code('ERR_LOG_MISCONFIGURED'))
    const { state } = (await operate(broker.server, `STREAM.INFO.${thief.name}`, {})) as { state: { messages: number } }
    assert.equal(state.messages, 0)
  })
})
