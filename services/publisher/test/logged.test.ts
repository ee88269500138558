import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { createLogger } from '../src/logger.ts'
import { type Harness, ISS, intercept, withPublisher } from './harness.ts'
import { goodClaims, identityProvider, signed, signingKey } from './identity-provider.ts'
import { until } from './until.ts'

/** Stands in everything that must not be logged. */
const MARK = `marked${randomBytes(6).toString('hex')}`

const nowSec = () => Math.floor(systemClock.now() / 1_000)

/** Claims of a token as a caller asks about it. */
const claims = () => ({
  iss: ISS,
  sub: `${MARK}-sub`,
  jti: `${MARK}-jti`,
  sid: `${MARK}-sid`,
  email: MARK,
  iat: nowSec(),
  exp: nowSec() + 60,
})

/** Whatever can be sent, right and wrong, all of it marked. */
async function sendEverything(harness: Harness): Promise<void> {
  const match = { sub: `${MARK}-sub` }
  await harness.revoke({ iss: ISS, match, note: MARK, onBehalfOf: MARK, except: { jti: [`${MARK}-jti`] } })
  await harness.revoke(
    { iss: ISS, match: { jti: `${MARK}-jti` }, tokenExp: nowSec() + 60 },
    { 'idempotency-key': MARK },
  )
  await harness.revoke(
    { iss: ISS, match: { jti: `${MARK}-jti` }, tokenExp: nowSec() + 60 },
    { 'idempotency-key': MARK },
  )
  await harness.revoke({ iss: ISS, match }, { 'idempotency-key': MARK })
  await harness.lift({ iss: ISS, match, mode: 'cutoff', note: MARK })
  await harness.verdict(claims(), { kid: MARK })
  // Wrong in one way or another.
  await harness.revoke({ iss: MARK, match: { [MARK]: MARK }, mode: MARK, reason: MARK, [MARK]: MARK })
  await harness.revoke(`{"match":{"sub":"${MARK}"`)
  await harness.revoke(`${MARK} is no JSON`)
  await harness.lift({ iss: ISS, match: { sub: { [MARK]: MARK } }, mode: MARK })
  await harness.call('POST', '/v1/check', { body: { claims: [MARK] } })
  await harness.call('POST', '/v1/revocations', { body: MARK, headers: { 'content-type': `text/${MARK}` } })
  await harness.call('GET', `/v1/revocations/${MARK}?token=${MARK}`)
  await harness.call('GET', `/readyz?${MARK}=${MARK}`)
  await harness.call('GET', `/${MARK}`, { headers: { 'x-token': MARK, cookie: MARK } })
  await harness.call('POST', `/livez?access_token=${MARK}`, { body: { sub: MARK } })
  await harness.revoke({ iss: ISS, match }, {}, `rsk_${MARK}`)
  await harness.revoke({ iss: ISS, match }, { authorization: `Basic ${MARK}` })
}

function listen() {
  const lines: string[] = []
  return { lines, logger: createLogger('trace', { write: (line) => void lines.push(line) }) }
}

/** Fails with the first line that holds a mark, as it stands or in one of the three parts of a token. */
function assertUnmarked(lines: readonly string[], tokens: readonly string[] = []): void {
  const forbidden = [MARK, ...tokens.flatMap((token) => token.split('.').filter((part) => part.length > 20))]
  const found = lines.filter((line) => forbidden.some((part) => line.includes(part)))
  assert.deepEqual(found, [])
}

test('whatever is sent, no claim, key or path of it stands in the log, at any level', async () => {
  const { lines, logger } = listen()
  await withPublisher({ logger }, async (harness) => {
    await sendEverything(harness)
    const audited = lines.filter((line) => line.includes('"principal":"admin"'))
    assert.ok(audited.length >= 3, 'who did what is in the log')
  })
  assertUnmarked(lines)
})

test('neither while the log is away or refuses, nor when something breaks', async () => {
  const { lines, logger } = listen()
  const log = memoryLog({ clock: systemClock, requestTimeoutMs: 100 })
  let broken = false
  const wrap = (whole: typeof log) =>
    intercept(whole, (connection) => ({
      async append(...given) {
        if (broken) throw new TypeError('the network card is on fire')
        return connection.append(...given)
      },
    }))
  await withPublisher({ logger, log, wrap: () => wrap(log) }, async (harness) => {
    broken = true
    await sendEverything(harness)
    broken = false
    log.faults.full(true)
    await sendEverything(harness)
    log.faults.full(false)
    log.faults.disconnect()
    await sendEverything(harness)
    log.faults.reconnect()
    await until('it is ready again', async () => (await harness.call('GET', '/readyz')).status === 200)
  })
  assert.ok(
    lines.some((line) => line.includes('"level":40')),
    'there was something to warn of',
  )
  assertUnmarked(lines)
})

test('of admins who sign on by token it holds the name of those who did something, and nothing of those refused', async () => {
  await using idp = await identityProvider()
  const { lines, logger } = listen()
  const good = idp.mint()
  const bad = [
    signed(signingKey('k1'), goodClaims({ sub: `${MARK}-sub`, jti: MARK })),
    idp.mint({ sub: `${MARK}-sub`, aud: MARK }),
    idp.mint({ jti: MARK, scope: MARK }),
    idp.mint({ sub: `${MARK}${'x'.repeat(300)}` }),
    idp.mint({ sub: `${MARK}-sub`, iss: MARK }),
    idp.mint({ sub: `${MARK}-sub`, exp: 1 }),
  ]
  await withPublisher({ logger, config: { admin: idp.admin } }, async (harness) => {
    for (const token of [good, ...bad]) await harness.revoke({ iss: ISS, match: { sub: MARK } }, {}, token)
  })
  assert.ok(lines.some((line) => line.includes('"principal":"jwt:root"')))
  assertUnmarked(lines, [good, ...bad])
})
