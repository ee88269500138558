import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, Fleet } from './harness.ts'

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ replicas: 2, apiEnv: { RESCIND_STALE_AFTER_MS: '3000' } })
})
after(() => fleet?.stop())

test('R19: a killed broker makes replicas stale, not open: revoked stays 401, the rest turns 503, never 401', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'ann' })
  const fine = await fleet.issuer.mint({ sub: 'bob' })
  await fleet.calls.revoke({ match: { jti: revoked.jti } })
  await fleet.everywhere(revoked.token, 401)
  await fleet.broker.kill()

  const seen = new Set<number>()
  await eventually(
    () => `503 for a good token (so far ${[...seen]})`,
    async () => {
      const statuses = await fleet.statuses(fine.token)
      for (const status of statuses) seen.add(status)
      assert.deepEqual(await fleet.statuses(revoked.token), [401, 401])
      return statuses.every((status) => status === 503)
    },
  )
  assert.deepEqual([...seen].sort(), [200, 503], 'good for as long as the proof lasts, then unknown')
  for (const replica of fleet.replicas) {
    const { retryAfter, challenge } = await fleet.calls.whoami(replica, fine.token)
    assert.match(retryAfter, /^\d+$/)
    assert.equal(challenge, '', 'a challenge would log people out')
    assert.equal((await fleet.calls.status(replica)).body.state, 'stale')
  }
})

/** Revoked while the broker was away. */
let recorded: { readonly jti: string; readonly token: string }

test('R12: while the broker is away, a revocation is recorded', async () => {
  recorded = await fleet.issuer.mint({ sub: 'cat' })
  const { status, body } = await fleet.calls.revoke({ match: { jti: recorded.jti } })
  assert.deepEqual([status, body.state], [202, 'recorded'])
})

test('R11: when the broker is back, replicas are live again, refuse what was revoked meanwhile, and hear what is new', async () => {
  const old = await fleet.issuer.mint({ sub: 'dan' })
  const fine = await fleet.issuer.mint({ sub: 'eve' })
  await fleet.broker.restart()
  await fleet.everywhere(fine.token, 200)
  await fleet.everywhere(recorded.token, 401)
  await eventually(
    () => 'the publisher takes revocations again',
    async () => (await fleet.calls.revoke({ match: { jti: old.jti } })).status === 201,
  )
  await fleet.everywhere(old.token, 401)
  assert.deepEqual(await fleet.statuses(fine.token), [200, 200])
})
