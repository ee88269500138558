import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { type Frame, type Issuer, parseRfc3339, type Revocation, systemClock } from '@rescind/protocol'
import { DAY_MS, ISS, ISSUERS, OTHER_ISS, withPublisher } from './harness.ts'

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
  const changed = ISSUERS.map((policy) => (policy.iss === OTHER_ISS ? { ...policy, maxExpiryMs: 5_000 } : policy))
  await withPublisher({ log, config: { issuers: changed } }, async (harness) => {
    const issuers = issuersOf((await harness.frames()).slice(1))
    assert.deepEqual(
      issuers.map(({ iss, maxExpiryMs }) => [iss, maxExpiryMs]),
      [[OTHER_ISS, 5_000]],
    )
  })
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
