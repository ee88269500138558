import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { pino } from 'pino'
import { createLogger } from '../src/logger.ts'
import { startPublisher } from '../src/publisher.ts'
import { type Harness, ISS, ISSUERS, KEPT, KEYS, storeFolder, withPublisher } from './harness.ts'
import { until } from './until.ts'

const BODY = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }

test('a stopping publisher answers everything that came in, then goes', async () => {
  const log = memoryLog({ requestTimeoutMs: 10_000 })
  await withPublisher({ log, config: { staleAfterMs: 60_000 } }, async (harness) => {
    log.faults.freeze()
    const ask = (n: number) => harness.revoke({ ...BODY, match: { jti: `j${n}` } }, { 'idempotency-key': `k${n}` })
    const numbers = Array.from({ length: 20 }, (_, n) => n)
    const asked = numbers.map(ask)
    for (const n of numbers) await until(`request ${n} came in`, () => cameIn(harness, `k${n}`))
    const closed = harness.publisher.close()
    assert.equal(harness.publisher.close(), closed, 'closing is idempotent')
    const late = await harness.revoke(BODY)
    assert.deepEqual([late.status, late.body.code], [503, 'shutting_down'], 'nothing more is taken')
    log.faults.thaw()
    for (const { status, text } of await Promise.all(asked)) assert.equal(status, 201, text)
    await closed
    await assert.rejects(harness.call('GET', '/livez'), 'nobody listens any more')
    const facts = (await harness.frames()).flatMap(({ facts }) => facts)
    assert.equal(facts.filter(({ kind }) => kind === 'revocation').length, 20)
  })
})

/** Another body under the key of a request that is running is refused, and one that nobody asked with is not taken. */
async function cameIn(harness: Harness, key: string): Promise<boolean> {
  const { body } = await harness.revoke('7', { 'idempotency-key': key })
  return body.code === 'idempotency_key_reused'
}

test('a request that was still arriving is answered, and its connection ends with the answer', () =>
  withPublisher({}, async (harness) => {
    const { hostname, port } = new URL(harness.publisher.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    const body = JSON.stringify(BODY)
    const lines = ['POST /v1/revocations HTTP/1.1', 'Host: publisher', `Authorization: Bearer ${KEYS.admin.key}`]
    const head = [...lines, 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Expect: 100-continue']
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1.1 100 /, 'it has come in')
    const closed = harness.publisher.close()
    const isGone = () =>
      harness.call('GET', '/livez').then(
        () => false,
        () => true,
      )
    await until('nobody new is served', isGone)
    socket.write(body)
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1.1 503 /)
    assert.match(answer, /^connection: close\r$/im)
    assert.match(answer, /"code":"shutting_down"/)
    await closed
  }))

test('not ready first: during the delay it still serves, and readiness says why it goes', () =>
  withPublisher({ config: { shutdownDelayMs: 400 } }, async (harness) => {
    const closed = harness.publisher.close()
    const { serving } = await harness.notReady()
    assert.equal(serving?.code, 'ERR_CLOSED')
    assert.equal((await harness.revoke(BODY)).status, 201, 'load balancers need a moment')
    await closed
  }))

test('a publisher that never reached its broker stops, too', async () => {
  const log = memoryLog()
  log.faults.disconnect()
  await withPublisher({ log, untilReady: false }, async (harness) => {
    await harness.publisher.close()
    await assert.rejects(harness.call('GET', '/livez'))
  })
})

test('a taken port is an error, and nothing stays open', () =>
  withPublisher({}, async (harness) => {
    const log = memoryLog()
    const port = Number(new URL(harness.publisher.url).port)
    const { storeDir, remove } = await storeFolder()
    const given = { issuers: ISSUERS, keys: [KEYS.admin.kept], shutdownDelayMs: 0, storeDir, ...KEPT }
    const config = { host: '127.0.0.1', port, ...given }
    await assert.rejects(
      startPublisher({ config, log: { publisher: log, replica: log } }),
      /ERR_INVALID_OPTION: port \d+ of 127.0.0.1 is taken: set RESCIND_PORT/,
    )
    await (await startPublisher({ config: { ...config, port: 0 }, log: { publisher: log, replica: log } })).close()
    await remove()
  }))

test('without keys: refused beyond loopback, loud on it, and everyone may do everything', async () => {
  const log = memoryLog()
  const nowhere = { storeDir: '/nowhere', ...KEPT }
  const open = { host: '0.0.0.0', port: 0, issuers: ISSUERS, keys: [], shutdownDelayMs: 0, ...nowhere }
  await assert.rejects(startPublisher({ config: open, log: { publisher: log, replica: log } }), {
    code: 'ERR_INVALID_OPTION',
  })
  const lines: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  await withPublisher({ log, logger, config: { keys: [] } }, async (harness) => {
    assert.ok(lines.some((line) => line.includes('NO KEYS ARE CONFIGURED')))
    const reply = await harness.call('POST', '/v1/revocations', { body: BODY, key: '' })
    assert.equal(reply.status, 201)
    const fact = (await harness.frames()).at(-1)?.facts[0] as { actor: string }
    assert.equal(fact.actor, 'anyone')
  })
})

test('an IPv6 address is written as a URL', async () => {
  await withPublisher({ config: { host: '::1' } }, async (harness: Harness) => {
    assert.match(harness.publisher.url, /^http:\/\/\[::1\]:\d+$/)
  })
})

test('who revoked is logged; keys, notes and claims never are', async () => {
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  await withPublisher({ logger }, async (harness) => {
    await harness.revoke({ ...BODY, match: { sub: 'tres-secret-subject' }, note: 'tres-secret-note' })
    await harness.revoke({ ...BODY, match: { sub: 1.5 } })
    await harness.call('GET', '/v1/snapshot', { key: 'rsk_tres-secret-key' })
    harness.log.faults.full(true)
    await harness.revoke(BODY)
    await until('the refusal is logged', () => lines.some((line) => line.includes('log_full')))
  })
  logger.info({ headers: { authorization: 'Bearer tres-secret' }, token: 'tres-secret' }, 'as any line might')
  const all = lines.join('')
  assert.match(all, /"principal":"admin","state":"broadcast","revocations":1/)
  assert.ok(!all.includes('tres-secret'), all)
  assert.ok(!all.includes('rsk_'), all)
})
