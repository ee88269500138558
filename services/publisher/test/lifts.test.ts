import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, type Lift, msToNumericDate, parseRfc3339, type Revocation, systemClock } from '@rescind/protocol'
import { DAY_MS, HOUR_MS, ISS, withPublisher } from './harness.ts'

const ms = (time: string) => parseRfc3339(time) ?? Number.NaN
const nowSec = () => msToNumericDate(systemClock.now())

test('a block and its lift; a cutoff on the same match stays', () =>
  withPublisher({}, async (harness) => {
    const match = { sub: 'ann' }
    const old = { iss: ISS, sub: 'ann', iat: nowSec() - 60, exp: nowSec() + 60 }
    const fresh = { iss: ISS, sub: 'ann', iat: nowSec() + 60, exp: nowSec() + 600 }
    await harness.revoke([
      { iss: ISS, match, mode: 'block' },
      { iss: ISS, match, mode: 'cutoff' },
    ])
    assert.deepEqual(await harness.verdict(fresh), { kind: 'revoked', reason: 'other', mode: 'block', claims: ['sub'] })
    const reply = await harness.lift({ iss: ISS, match, mode: 'block', note: 'a mistake' })
    assert.equal(reply.status, 201)
    assert.deepEqual(Object.keys(reply.body), ['state', 'cursor', 'lift', 'lifted', 'liftedCount'])
    assert.equal(reply.body.state, 'broadcast')
    assert.deepEqual(Object.keys(reply.body.lift), ['id', 'iss', 'match', 'mode', 'at', 'expiresAt'])
    assert.deepEqual(await harness.verdict(fresh), { kind: 'active' })
    assert.equal(((await harness.verdict(old)) as { mode: string }).mode, 'cutoff')
    const again = await harness.revoke({ iss: ISS, match, mode: 'block' })
    assert.equal(again.status, 201)
    assert.equal(((await harness.verdict(fresh)) as { kind: string }).kind, 'revoked', 'R10: newer than the lift')
  }))

test('R10: a lift takes 1 ms after a whole second at or above everything before it', () =>
  withPublisher({}, async (harness) => {
    for (let round = 0; round < 3; round++) {
      await harness.revoke({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
      await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
    }
    const frames = await harness.frames()
    let largestAtMs = 0
    for (const fact of frames.map(({ facts }) => facts[0] as Fact)) {
      assert.ok(fact.atMs > largestAtMs, 'logical time only grows')
      if (fact.kind === 'lift') {
        assert.equal(fact.atMs % 1000, 1)
        assert.ok(fact.atMs > Math.ceil(largestAtMs / 1000) * 1000)
      }
      largestAtMs = fact.atMs
    }
    assert.equal(frames.filter(({ facts }) => facts[0]?.kind === 'lift').length, 3)
  }))

test('R10: a lift outlives whatever it lifts, and whatever the rules would allow now', () =>
  withPublisher({}, async (harness) => {
    const until = new Date(systemClock.now() + 399 * DAY_MS).toISOString()
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, mode: 'block', until })
    await harness.revoke({ iss: ISS, match: { sub: 'ann' } })
    const block = await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'block' })
    const cutoff = await harness.lift({ iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' })
    const facts = (await harness.frames()).flatMap(({ facts }) => facts)
    const banned = facts.find((fact): fact is Revocation => fact.kind === 'revocation' && fact.mode === 'block')
    assert.ok(banned && ms(block.body.lift.expiresAt) >= banned.expiresAtMs)
    const { atMs } = facts.findLast((fact): fact is Lift => fact.kind === 'lift' && fact.mode === 'block') as Lift
    assert.equal(ms(block.body.lift.expiresAt), atMs + 400 * DAY_MS + HOUR_MS + 60_000)
    assert.ok(ms(cutoff.body.lift.expiresAt) < systemClock.now() + 2 * HOUR_MS)
  }))

test('a lift of nothing is recorded all the same', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    assert.equal((await harness.lift({ iss: ISS, match: { sub: 'nobody' }, mode: 'block' })).status, 201)
    assert.equal((await harness.frames()).length, before + 1)
  }))
