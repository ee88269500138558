import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { type Frame, type Issuer, parseRfc3339, type Revocation, systemClock } from '@rescind/protocol'
import { pino } from 'pino'
import { DAY_MS, HOUR_MS, ISS, ISSUERS, OTHER_ISS, withPublisher } from './harness.ts'
import { until } from './until.ts'

function issuersOf(frames: readonly Frame[]): Issuer[] {
  return frames.flatMap(({ facts }) => facts).filter((fact): fact is Issuer => fact.kind === 'issuer')
}

test('the configured issuers are on the log before the publisher is ready', () =>
  withPublisher({}, async (harness) => {
    const issuers = issuersOf(await harness.frames())
    assert.deepEqual(
      issuers.map(({ kind, atMs, ...policy }) => policy),
      ISSUERS,
    )
  }))

test('a publisher that starts again adds nothing that is known, and only what is different', async () => {
  const log = memoryLog()
  await withPublisher({ log }, async (harness) => assert.equal((await harness.frames()).length, 1))
  await withPublisher({ log }, async (harness) => assert.equal((await harness.frames()).length, 1))
  let frames = 1
  for (const one of [{ maxExpiryMs: 5_000 }, { maxSessionMs: 6_000 }, { clockSkewMs: 7_000 }, { leewayMs: 8_000 }]) {
    const changed = ISSUERS.map((policy) => (policy.iss === OTHER_ISS ? { ...policy, ...one } : policy))
    await withPublisher({ log, config: { issuers: changed } }, async (harness) => {
      const issuers = issuersOf((await harness.frames()).slice(frames++))
      assert.deepEqual(
        issuers.map(({ kind, atMs, ...policy }) => policy),
        changed.filter(({ iss }) => iss === OTHER_ISS),
      )
    })
  }
})

test('R13, R17: facts outlive tokens also where another publisher gives their issuer longer lives', async () => {
  const log = memoryLog()
  const longer = ISSUERS.map((policy) => ({ ...policy, maxExpiryMs: DAY_MS, leewayMs: 120_000 }))
  const warned: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warned.push(line) })
  await withPublisher({ log, logger }, (one) =>
    withPublisher({ log, config: { issuers: longer } }, async () => {
      await until('the other is told of', () => warned.some((line) => line.includes('other lifetimes')))
      const reply = await one.revoke({
        iss: ISS,
        match: { sub: 'ann' },
        mode: 'block',
        until: new Date(systemClock.now() + HOUR_MS).toISOString(),
      })
      assert.equal(reply.status, 201, reply.text)
      const [fact] = (await one.frames()).at(-1)?.facts ?? []
      assert.ok((fact as Revocation).expiresAtMs >= systemClock.now() + DAY_MS + HOUR_MS)
      const jti = await one.revoke({
        iss: ISS,
        match: { jti: 'j' },
        tokenExp: Math.floor(systemClock.now() / 1000) + 80_000,
      })
      assert.equal(jti.status, 201, 'R14: a tokenExp that the other publisher would take')
      const lifted = await one.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' })
      assert.ok((parseRfc3339(lifted.body.lift.expiresAt) ?? 0) >= systemClock.now() + DAY_MS)
      assert.equal(warned.filter((line) => line.includes('other lifetimes')).length, 1, 'told once')
    }),
  )
})

test('two publishers that are configured differently do not overwrite each other for ever', async () => {
  const log = memoryLog()
  const other = ISSUERS.map((policy) => ({ ...policy, leewayMs: 1_000 }))
  await withPublisher({ log }, (one) =>
    withPublisher({ log, config: { issuers: other } }, async (two) => {
      await one.revoke({ iss: ISS, match: { sub: 'ann' } })
      await two.revoke({ iss: ISS, match: { sub: 'bob' } })
      assert.equal(issuersOf(await one.frames()).length, 4)
    }),
  )
})

test('R10: a lift outlives a block that was made under longer lifetimes', async () => {
  const log = memoryLog()
  const body = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }
  await withPublisher(
    { log, config: { issuers: ISSUERS.map((policy) => ({ ...policy, maxExpiryMs: 100 * DAY_MS })) } },
    async (harness) => {
      const until = new Date(systemClock.now() + 400 * DAY_MS).toISOString()
      assert.equal((await harness.revoke({ ...body, until })).status, 201)
    },
  )
  await withPublisher({ log }, async (harness) => {
    const { body: answer } = await harness.lift(body)
    const facts = (await harness.frames()).flatMap(({ facts }) => facts)
    const blocked = facts.find((fact): fact is Revocation => fact.kind === 'revocation')
    assert.equal(parseRfc3339(answer.lift.expiresAt), blocked?.expiresAtMs)
  })
})
