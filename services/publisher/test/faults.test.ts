import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog, type PublisherLog } from '@rescind/log'
import { encodeFrame, RescindError, type Revocation, systemClock } from '@rescind/protocol'
import { type Harness, ISS, intercept, shiftedClock, withPublisher } from './harness.ts'
import { until } from './until.ts'

const BODY = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }

/** A replica that turns stale soon, so that a test need not wait for a quarter of a minute. */
const QUICK = { staleAfterMs: 1_000, proveEveryMs: 100 }

test('HTTP comes up while the broker is away, says why it is not ready, and heals by itself', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  log.faults.disconnect()
  await withPublisher({ log, untilReady: false }, async (harness) => {
    assert.equal((await harness.call('GET', '/livez')).status, 200)
    const ready = await harness.call('GET', '/readyz')
    assert.equal(ready.status, 503)
    assert.equal(ready.body.status, 'not_ready')
    assert.deepEqual(Object.keys(await harness.notReady()), ['log', 'replica', 'store', 'clock', 'issuers'])
    const recorded = await harness.revoke(BODY)
    assert.deepEqual([recorded.status, recorded.body.state, recorded.body.cursor], [202, 'recorded', undefined])
    assert.equal(recorded.body.revocations[0].at, undefined, 'its time comes with its frame (R10)')
    const snapshot = await harness.call('GET', '/v1/snapshot')
    assert.deepEqual([snapshot.status, snapshot.body.code], [503, 'snapshot_unavailable'])
    assert.deepEqual(await harness.verdict({ iss: ISS }), { kind: 'unknown', cause: 'starting' })
    log.faults.reconnect()
    await harness.untilReady()
    await until('it is out', async () => (await revocationsOf(harness)).length > 0)
    const [fact] = (await revocationsOf(harness)).map(({ id }) => id)
    assert.equal(fact, recorded.body.revocations[0].id, 'it went out by itself')
    assert.equal((await harness.revoke(BODY)).status, 201)
  })
})

/** The revocations that are in the log, in its order. */
async function revocationsOf(harness: Harness): Promise<Revocation[]> {
  const facts = (await harness.frames()).flatMap((frame) => frame.facts)
  return facts.filter((fact) => fact.kind === 'revocation')
}

test('R12: the broker goes and comes back: 202 meanwhile, in normal time, and all is in force when it is back', () =>
  withPublisher({ config: QUICK }, async (harness) => {
    await harness.revoke(BODY)
    harness.log.faults.disconnect()
    const unsure = await harness.revoke({ ...BODY, match: { sub: 'bob' } })
    assert.deepEqual([unsure.status, unsure.body.state], [202, 'recorded'])
    await until('stale', async () => (await harness.notReady()).replica)
    assert.equal((await harness.call('GET', '/v1/snapshot')).status, 503, 'R20: not while its own replica is stale')
    const at = performance.now()
    assert.equal((await harness.revoke(BODY)).status, 202)
    assert.ok(performance.now() - at < 500, 'recorded at once, without trying')
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'ann' })) as { kind: string }).kind, 'revoked', 'R18')
    harness.log.faults.reconnect()
    await harness.untilReady()
    await until(
      'bob is out',
      async () => ((await harness.verdict({ iss: ISS, sub: 'bob' })) as { kind: string }).kind === 'revoked',
    )
    assert.equal((await harness.revoke(BODY)).status, 201)
  }))

test('a broker that halts for a moment is bridged: the caller only waits', () =>
  withPublisher({ config: { staleAfterMs: 60_000 } }, async (harness) => {
    harness.log.faults.freeze()
    const asked = harness.revoke(BODY)
    const other = await harness.call('GET', '/livez')
    assert.equal(other.status, 200)
    harness.log.faults.thaw()
    assert.equal((await asked).status, 201)
  }))

test('R10: an append that times out is repeated under its message id, and recorded once', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    harness.log.faults.loseAnswers(2)
    const reply = await harness.revoke(BODY)
    assert.equal(reply.status, 201)
    assert.equal((await harness.frames()).length, before + 1)
  }))

test('R10: applied is not acknowledged: where answers are lost, the leader is asked what lies there', () =>
  withPublisher({}, async (harness) => {
    harness.log.faults.loseAnswers(1_000)
    const reply = await harness.revoke(BODY)
    assert.equal(reply.status, 201)
    assert.equal((await revocationsOf(harness)).length, 1)
  }))

test('R12: a broker that halts is answered for within a second: recorded, and in the log once when it goes on', () =>
  withPublisher({ config: { staleAfterMs: 60_000 } }, async (harness) => {
    harness.log.faults.freeze()
    const reply = await harness.revoke(BODY)
    assert.deepEqual([reply.status, reply.body.state], [202, 'recorded'])
    const at = performance.now()
    assert.equal((await harness.revoke(BODY)).status, 202)
    assert.ok(performance.now() - at < 500, 'the next one need not wait')
    harness.log.faults.thaw()
    await until('both are in the log', async () => (await revocationsOf(harness)).length === 2)
    await harness.untilReady()
    assert.equal((await revocationsOf(harness)).length, 2)
  }))

test('a lost live message costs a question, not the answer', () =>
  withPublisher({ config: { staleAfterMs: 60_000, proveEveryMs: 30_000 } }, async (harness) => {
    harness.log.faults.dropLive(1)
    const at = performance.now()
    assert.equal((await harness.revoke(BODY)).status, 201)
    assert.ok(performance.now() - at < 1_500, 'long before the next proof was due')
  }))

test('live messages that come twice or in reverse change nothing', () =>
  withPublisher({}, async (harness) => {
    harness.log.faults.duplicateLive(3)
    for (const sub of ['a', 'b', 'c']) assert.equal((await harness.revoke({ ...BODY, match: { sub } })).status, 201)
    harness.log.faults.reorderLive(2)
    const two = await Promise.all([
      harness.revoke(BODY),
      harness.lift({ iss: ISS, match: { sub: 'x' }, mode: 'block' }),
    ])
    assert.deepEqual(
      two.map(({ status }) => status),
      [201, 201],
    )
  }))

test('a full log is 507, at once, and heals', () =>
  withPublisher({}, async (harness) => {
    harness.log.faults.full(true)
    const reply = await harness.revoke(BODY)
    assert.deepEqual([reply.status, reply.body.code], [507, 'log_full'])
    const { backlog } = await harness.notReady()
    assert.equal(backlog?.code, 'ERR_LOG_FULL')
    harness.log.faults.full(false)
    await until('it takes them again', async () => (await harness.revoke(BODY)).status === 201)
    assert.equal((await revocationsOf(harness)).length, 1, 'nothing that was refused')
    await harness.untilReady()
  }))

test("R10: a broker's clock that is 6 s off: recorded, not appended, and readiness says why", async () => {
  const log = memoryLog()
  log.faults.setBrokerClockOffset(6_000)
  await withPublisher({ log, untilReady: false }, async (harness) => {
    await until('skew is all that is wrong', async () => {
      const { clock, replica } = await harness.notReady()
      return clock?.code === 'ERR_CLOCK_SKEW' && replica === undefined
    })
    const body = { iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' }
    const reply = await harness.revoke(body)
    assert.deepEqual([reply.status, reply.body.state], [202, 'recorded'])
    const { issuedBefore } = reply.body.revocations[0]
    const aheadMs = Date.parse(issuedBefore) - systemClock.now()
    assert.ok(
      aheadMs > 5_000,
      `a cutoff by the later of the clocks, ${aheadMs} ms ahead: no token that is out is spared`,
    )
    assert.equal((await harness.frames()).length, 0, 'not even the issuers were published')
    log.faults.setBrokerClockOffset(0)
    await harness.untilReady()
    const [fact] = await until('it is out', async () => {
      const facts = await revocationsOf(harness)
      return facts.length > 0 ? facts : undefined
    })
    assert.equal(fact?.issuedBeforeMs, Date.parse(issuedBefore), 'as it was answered')
    assert.ok((fact?.atMs ?? 0) <= systemClock.now(), 'with a time of the mended clocks')
    assert.equal((await harness.revoke(BODY)).status, 201)
  })
})

test('R10: our own wall clock that jumps is noticed at the next request, and forgiven when it is back', async () => {
  const clock = shiftedClock()
  await withPublisher({ clock }, async (harness) => {
    for (const offsetMs of [7_000, -7_000]) {
      clock.offsetMs = offsetMs
      const reply = await harness.revoke({ ...BODY, mode: 'cutoff' })
      assert.deepEqual([reply.status, reply.body.state], [202, 'recorded'], `${offsetMs} ms`)
      const aheadMs = Date.parse(reply.body.revocations[0].issuedBefore) - systemClock.now()
      assert.ok(offsetMs > 0 ? aheadMs > 5_000 : aheadMs > -2_000, `by the later clock: ${aheadMs} ms`)
      assert.equal((await harness.notReady()).clock?.code, 'ERR_CLOCK_SKEW')
      clock.offsetMs = 0
      await harness.untilReady()
      assert.equal((await harness.revoke(BODY)).status, 201)
    }
    clock.offsetMs = 4_000
    assert.equal((await harness.revoke(BODY)).status, 201, 'within 5 s')
  })
})

test('R10: times stay above those of another publisher whose clock is ahead', () =>
  withPublisher({}, async (harness) => {
    const connection = await harness.log.connect({ name: 'another', onEvent() {} })
    const { epoch } = await connection.head()
    const atMs = systemClock.now() + 4_500
    const facts = [
      {
        kind: 'issuer' as const,
        iss: 'https://theirs',
        maxExpiryMs: 1,
        maxSessionMs: 1,
        clockSkewMs: 0,
        leewayMs: 0,
        atMs,
      },
    ]
    await connection.append(encodeFrame({ frameId: 'f'.repeat(32), epoch, publisher: 'other', facts }), {
      messageId: 'm',
    })
    await connection.close()
    await until('it is applied', async () => {
      const verdict = (await harness.verdict({ iss: 'https://theirs' })) as { cause: string }
      return verdict.cause === 'outlives_facts'
    })
    const { body } = await harness.revoke(BODY)
    assert.equal(Date.parse(body.revocations[0].at), atMs + 1)
  }))

test('R10: a revocation outrun by the newer lift of another publisher is appended again and in force', async () => {
  const log = memoryLog()
  let races = 1
  const wrap = () =>
    intercept(log, (connection) => ({
      async append(bytes, options) {
        const text = Buffer.from(bytes).toString('latin1')
        if (text.includes('"raced"') && races-- > 0) {
          // Another publisher, a second ahead of us, gets its lift in first.
          const { epoch } = await connection.head()
          const atMs = Math.ceil(systemClock.now() / 1000) * 1000 + 1_001
          const lift = {
            kind: 'lift' as const,
            id: 'x',
            iss: ISS,
            match: { sub: 'raced' },
            mode: 'block' as const,
            actor: 'o',
            atMs,
            expiresAtMs: atMs + 1e9,
          }
          const frame = { frameId: 'd'.repeat(32), epoch, publisher: 'other', facts: [lift] }
          await connection.append(encodeFrame(frame), { messageId: 'theirs' })
        }
        return connection.append(bytes, options)
      },
    }))
  await withPublisher({ log, wrap }, async (harness) => {
    const { status, body } = await harness.revoke({ ...BODY, match: { sub: 'raced' } })
    assert.equal(status, 201)
    const mine = (await harness.frames()).filter(({ facts }) => facts.some((fact) => fact.kind === 'revocation'))
    assert.equal(mine.length, 2, 'appended twice')
    const [first, second] = mine.map(({ facts }) => facts[0] as { id: string; atMs: number })
    assert.equal(first?.id, second?.id)
    assert.equal(Date.parse(body.revocations[0].at), second?.atMs)
    assert.equal(body.cursor.frameId, mine[1]?.frameId)
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'raced' })) as { kind: string }).kind, 'revoked')
  })
})

test('R11: a log that is rolled back gets a new epoch, once; what was revoked stays revoked', () =>
  withPublisher({ config: QUICK }, async (harness) => {
    const first = await harness.revoke(BODY)
    await harness.revoke({ ...BODY, match: { sub: 'bob' } })
    harness.log.faults.rollback(first.body.cursor.seq)
    const { epoch } = await until('a new epoch', async () => {
      const { body, status } = await harness.revoke({ ...BODY, match: { sub: 'carl' } })
      return status === 201 && body.cursor.epoch !== first.body.cursor.epoch ? body.cursor : undefined
    })
    for (const sub of ['ann', 'bob', 'carl']) {
      assert.equal(((await harness.verdict({ iss: ISS, sub })) as { kind: string }).kind, 'revoked', sub)
    }
    await harness.untilReady()
    assert.equal((await harness.revoke(BODY)).body.cursor.epoch, epoch, 'one new epoch is enough')
    const issuers = (await harness.frames()).filter(
      ({ epoch: own, facts }) => own === epoch && facts[0]?.kind === 'issuer',
    )
    assert.equal(issuers.length, 1, 'and the new epoch has the issuers')
  }))

test('R11: a stream that is deleted is made again, with its issuers; what was revoked stays revoked', () =>
  withPublisher({ config: QUICK }, async (harness) => {
    const first = await harness.revoke(BODY)
    harness.log.faults.remove()
    await until('another log', async () => {
      const { body, status } = await harness.revoke({ ...BODY, match: { sub: 'bob' } })
      return status === 201 && body.cursor.epoch !== first.body.cursor.epoch
    })
    await harness.untilReady()
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'ann' })) as { kind: string }).kind, 'revoked')
    const frames = await harness.frames()
    assert.ok(frames.some(({ facts }) => facts.some((fact) => fact.kind === 'issuer' && fact.iss === ISS)))
    const snapshot = await harness.call('GET', '/v1/snapshot')
    assert.equal(snapshot.status, 200)
  }))

test('a revocation that finds no stream waits until it is made again, long before staleness would tell', () =>
  withPublisher({}, async (harness) => {
    const first = await harness.revoke(BODY)
    harness.log.faults.remove()
    const second = await harness.revoke({ ...BODY, match: { sub: 'bob' } })
    assert.equal(second.status, 201)
    assert.notEqual(second.body.cursor.epoch, first.body.cursor.epoch)
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'ann' })) as { kind: string }).kind, 'revoked')
  }))

test('a frame in the stream that cannot be read stops the publisher though it is live, and readiness names it', () =>
  withPublisher({ config: { ...QUICK, staleAfterMs: 600_000 } }, async (harness) => {
    const connection = await harness.log.connect({ name: 'vandal', onEvent() {} })
    harness.log.faults.dropLive(1)
    const { seq } = await connection.append(Buffer.from('no frame of ours'), { messageId: 'x' })
    await connection.close()
    const { replica } = await until('it is found', async () => {
      const found = await harness.notReady()
      return found.replica?.detail.includes(`frame ${seq} cannot be read`) ? found : undefined
    })
    assert.match(replica?.detail ?? '', /own replica is live:/)
    const reply = await harness.revoke(BODY)
    assert.deepEqual([reply.status, reply.body.state], [202, 'recorded'])
    assert.equal((await harness.call('GET', '/v1/snapshot')).status, 503)
  }))

test('a broker that cannot be reached is named in readiness, with the reason', () => {
  const refused = new RescindError('ERR_LOG_UNAVAILABLE', 'cannot connect to nats://nowhere: ECONNREFUSED')
  const wrap = (log: PublisherLog): PublisherLog => ({
    async connect(options) {
      options.onTrouble?.(refused)
      return log.connect(options)
    },
  })
  const log = memoryLog()
  log.faults.disconnect()
  return withPublisher({ log, wrap, untilReady: false }, async (harness) => {
    const { body } = await harness.call('GET', '/readyz')
    const failing = body.checks.find(({ name }: { name: string }) => name === 'log')
    assert.deepEqual([failing.code, failing.detail], [refused.code, refused.detail])
  })
})

test('R12: a log that turns out to be full after an append without an answer refuses nothing that it may hold', async () => {
  const log = memoryLog({ requestTimeoutMs: 500 })
  let appends = Number.NEGATIVE_INFINITY
  const wrap = (inner: PublisherLog): PublisherLog =>
    intercept(inner, (connection) => ({
      async append(bytes, options) {
        appends += 1
        if (appends > 1) throw new RescindError('ERR_LOG_FULL', 'no room')
        const stored = await connection.append(bytes, options)
        if (appends === 1) throw new RescindError('ERR_LOG_UNAVAILABLE', 'the answer was lost')
        return stored
      },
    }))
  await withPublisher({ log, wrap }, async (harness) => {
    appends = 0
    log.faults.dropLive(1)
    const { status } = await harness.revoke(BODY)
    assert.ok(status === 201 || status === 202, `${status}: a refusal would be a lie`)
    await harness.untilReady()
    assert.equal((await revocationsOf(harness)).length, 1)
  })
})
