import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { parseCursor } from '@rescind/protocol'
import { pino } from 'pino'
import { openEvents } from '../events.ts'
import { type Harness, ISS, KEYS, withPublisher } from '../harness.ts'
import { identityProvider } from '../identity-provider.ts'
import { head, RawConnection } from '../raw-connection.ts'
import { until } from '../until.ts'

const subjects = (events: { facts: readonly { data: { match: { sub: string } } }[] }) =>
  events.facts.map(({ data }) => data.match.sub)

async function revoke(harness: Harness, ...subs: string[]): Promise<void> {
  const reply = await harness.revoke(subs.map((sub) => ({ iss: ISS, match: { sub }, note: 'seen' })))
  assert.equal(reply.status, 201, reply.text)
}

test('events are told as they come, whole frames with one id, whoever published them', () =>
  withPublisher({}, (harness) =>
    withPublisher({ log: harness.log }, async (other) => {
      await revoke(harness, 'before')
      await using events = await openEvents(harness)
      await events.until('it stands somewhere', () => events.lastId)
      await revoke(other, 'a', 'b')
      await harness.lift({ iss: ISS, match: { sub: 'a' }, mode: 'cutoff', note: 'sorry' })
      await events.until('all came', () => events.facts.length === 3)
      const [a, b, lift] = events.facts
      assert.deepEqual(
        [a?.event, a?.data.match, a?.data.actor, a?.data.note],
        ['revocation', { sub: 'a' }, 'admin', 'seen'],
      )
      assert.equal(a?.id, undefined, 'a resume before the end of the frame begins before it')
      assert.ok(b?.id && parseCursor(b.id))
      assert.deepEqual([lift?.event, lift?.data.mode, lift?.data.note], ['lift', 'cutoff', 'sorry'])
      assert.deepEqual(Object.keys(lift?.data ?? {}).slice(0, 6), ['id', 'iss', 'match', 'mode', 'at', 'expiresAt'])
      assert.ok(lift?.id)
    }),
  ))

test('a reader that comes back gets what it missed, from any publisher, without a hole or a double, under load', () =>
  withPublisher({}, (harness) =>
    withPublisher({ log: harness.log }, async (other) => {
      const all = Array.from({ length: 60 }, (_, n) => `s${n}`)
      const writing = (async () => {
        for (const sub of all) await revoke(harness, sub)
      })()
      const seen: string[] = []
      let lastEventId: string | undefined
      {
        await using first = await openEvents(harness)
        await first.until('some came', () => first.facts.length > 3)
        lastEventId = first.lastId
        // What came behind the last id comes again.
        const upTo = first.all.findLastIndex(({ id }) => id === lastEventId)
        seen.push(...subjects({ facts: first.all.slice(0, upTo + 1).filter(({ event }) => event === 'revocation') }))
      }
      for (const from of [other, harness, other]) {
        const before = seen.length
        await using next = await openEvents(from, { lastEventId })
        await next.until('more came', () => next.facts.length > 3 || before + next.facts.length >= all.length - 10)
        lastEventId = next.lastId ?? lastEventId
        const upTo = next.all.findLastIndex(({ id }) => id === lastEventId)
        seen.push(...subjects({ facts: next.all.slice(0, upTo + 1).filter(({ event }) => event === 'revocation') }))
      }
      await writing
      await using last = await openEvents(other, { lastEventId })
      await last.until('the last came', () => subjects(last).includes('s59') || seen.includes('s59'))
      seen.push(...subjects(last))
      const [first = ''] = seen
      assert.deepEqual(seen, all.slice(all.indexOf(first)))
    }),
  ))

test('what cannot be told any more is a reset, with the cursor from which it goes on', () =>
  withPublisher({}, async (harness) => {
    await revoke(harness, 'a')
    const { cursor } = (await harness.revoke({ iss: ISS, match: { sub: 'b' } })).body
    const strange = [
      'nonsense',
      `${'0'.repeat(32)}.${cursor.seq}.${cursor.frameId}`,
      `${cursor.epoch}.${cursor.seq}.${'0'.repeat(32)}`,
      `${cursor.epoch}.1.${'0'.repeat(32)}`,
    ]
    for (const lastEventId of strange) {
      await using events = await openEvents(harness, { lastEventId })
      const reset = await events.until('reset', () => events.all.find(({ event }) => event === 'reset'))
      assert.deepEqual(parseCursor(reset.id ?? ''), cursor, lastEventId)
      assert.deepEqual(subjects(events), [])
    }
    await using whole = await openEvents(harness, { lastEventId: `${cursor.epoch}.0.` })
    await whole.until('from the beginning', () => whole.facts.length === 2)
    assert.deepEqual(subjects(whole), ['a', 'b'])
  }))

test('a log that becomes another one resets whoever listens', () =>
  withPublisher({ config: { staleAfterMs: 1_000, proveEveryMs: 100 } }, async (harness) => {
    await revoke(harness, 'a')
    await using events = await openEvents(harness)
    await events.until('it stands somewhere', () => events.lastId)
    const old = parseCursor(events.lastId ?? '')
    const connection = await harness.log.connect({ name: 'operator', onEvent() {} })
    await connection.renewEpoch()
    await connection.close()
    const reset = await events.until('reset', () => events.all.find(({ event }) => event === 'reset'))
    assert.notEqual(parseCursor(reset.id ?? '')?.epoch, old?.epoch)
    await harness.untilReady()
    await revoke(harness, 'b')
    await events.until('and goes on', () => subjects(events).includes('b'))
  }))

test('heartbeats keep a stream open beyond every bound of ordinary answers', () => {
  const http = { heartbeatMs: 100, stallTimeoutMs: 400, answerTimeoutMs: 200, requestTimeoutMs: 300, keepAliveMs: 300 }
  return withPublisher({ config: { http: { ...http, headersTimeoutMs: 200, checkEveryMs: 20 } } }, async (harness) => {
    await using events = await openEvents(harness)
    await events.until('ten heartbeats', () => events.all.filter(({ comment }) => comment === 'heartbeat').length > 10)
    await revoke(harness, 'a')
    await events.until('the event', () => events.facts.length === 1)
    assert.equal(events.ended, false)
  })
})

test('a reader that does not read is cut off, and others read on', () => {
  let cut = false
  const logger = pino({}, { write: (line: string) => (cut ||= line.includes('a stream of events has ended')) })
  const http = { maxStreamBytes: 100_000, heartbeatMs: 50, stallTimeoutMs: 60_000 }
  return withPublisher({ config: { http }, logger }, async (harness) => {
    const connection = await RawConnection.open(Number(new URL(harness.publisher.url).port))
    connection.write(head('GET', '/v1/events', { authorization: `Bearer ${KEYS.admin.key}` }))
    await until('the head', () => connection.text.includes('id: '))
    connection.socket.pause()
    const note = 'n'.repeat(1_000)
    const bodies = Array.from({ length: 150 }, (_, n) => ({ iss: ISS, match: { jti: `j${n}` }, mode: 'block', note }))
    // What the kernel holds between the two comes first.
    for (let round = 0; round < 300 && !cut; round++) assert.equal((await harness.revoke(bodies)).status, 201)
    await until('cut off', () => cut)
    connection.socket.destroy()
    await using next = await openEvents(harness)
    await next.until('it stands somewhere', () => next.lastId)
  })
})

test('R22: an admin who is revoked meanwhile loses the stream, and is told why', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
    const key = idp.mint()
    const { sub } = JSON.parse(Buffer.from(key.split('.')[1] ?? '', 'base64url').toString())
    await using events = await openEvents(harness, { key })
    await events.until('it stands somewhere', () => events.lastId)
    const iss = idp.admin.issuer
    assert.equal((await harness.revoke({ iss, match: { sub }, mode: 'block' })).status, 201)
    const closed = await events.until('closed', () => events.all.find(({ event }) => event === 'closed'))
    assert.equal(closed.data.code, 'invalid_credentials')
    await events.until('ended', () => events.ended)
    assert.deepEqual(subjects(events), [], 'nothing is told any more')
  })
})

test('a stop ends every stream with a word, and takes no new one', async () => {
  await withPublisher({}, async (harness) => {
    await using events = await openEvents(harness)
    await events.until('it stands somewhere', () => events.lastId)
    await harness.publisher.close()
    await events.until('ended', () => events.ended)
    const last = events.all.at(-1)
    assert.deepEqual([last?.event, last?.data.code], ['closed', 'shutting_down'])
  })
})

test('while the own replica is not live, a reader waits, and then stands where the replica does', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  log.faults.disconnect()
  await withPublisher({ log, untilReady: false, config: { staleAfterMs: 1_000 } }, async (harness) => {
    await using events = await openEvents(harness)
    assert.equal(events.lastId, undefined)
    log.faults.reconnect()
    await events.until('it stands somewhere', () => events.lastId)
    await harness.untilReady()
    await revoke(harness, 'a')
    await events.until('the event', () => events.facts.length === 1)
  })
})
