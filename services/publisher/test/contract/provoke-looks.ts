import assert from 'node:assert/strict'
import { systemClock } from '@rescind/protocol'
import { ISS, withPublisher } from '../harness.ts'

const REVOCATION = { iss: ISS, match: { sub: 'ann' }, reason: 'password_changed' }

/** Pages, verdicts with their cause, and what is not there. */
export function provokeLooks(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const nowSec = Math.floor(systemClock.now() / 1000)
    await harness.revoke(REVOCATION)
    const claims = { iss: ISS, sub: 'ann', iat: nowSec, exp: nowSec + 60 }
    const { body } = await harness.call('POST', '/v1/check', { body: { claims } })
    assert.equal(body.causes.length, 1)
    await harness.revoke(REVOCATION)
    const page = await harness.call('GET', '/v1/revocations?limit=1&claim.sub=ann')
    assert.ok(page.body.next)
    assert.deepEqual((await harness.call('GET', '/v1/revocations?actor=nobody')).body, { revocations: [] })
    assert.equal((await harness.call('GET', '/v1/revocations?limit=0')).body.code, 'invalid_parameter')
    const backwards = 'from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:00Z'
    assert.equal((await harness.call('GET', `/v1/audit?${backwards}`)).body.code, 'invalid_parameter')
    assert.equal((await harness.call('GET', '/v1/revocations/nothing')).body.code, 'not_found')
  })
}

/** Lifts that are tried, that are made, that name nothing, and that would lift more than they name. */
export function provokeLifts(): Promise<void> {
  return withPublisher({}, async (harness) => {
    const tried = await harness.call('POST', '/v1/revocations?dryRun=true', { body: REVOCATION })
    assert.deepEqual([tried.status, tried.body.dryRun], [200, true])
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, reason: 'account_blocked' })
    const lift = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }
    assert.equal((await harness.call('POST', '/v1/lifts?dryRun=true', { body: lift })).body.liftedCount, 1)
    assert.equal((await harness.lift(lift)).body.liftedCount, 1)
    assert.equal((await harness.lift({ id: 'nothing' })).body.code, 'not_found')
    const first = (await harness.revoke(REVOCATION)).body.revocations[0]
    await harness.revoke(REVOCATION)
    assert.equal((await harness.lift({ id: first.id })).body.code, 'lift_ambiguous')
  })
}
