import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually, Fleet } from './harness.ts'

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ replicas: 3 })
})
after(() => fleet?.stop())

test('one revocation is refused on every replica, and nothing else is', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'ann' })
  const other = await fleet.issuer.mint({ sub: 'ann' })
  assert.deepEqual(await fleet.statuses(revoked.token), [200, 200, 200])

  const answer = await fleet.calls.revoke({ match: { jti: revoked.jti }, reason: 'logged_out' })
  assert.equal(answer.status, 201)
  assert.equal(answer.body.state, 'broadcast')
  await fleet.everywhere(revoked.token, 401)
  assert.deepEqual(await fleet.statuses(other.token), [200, 200, 200])
})

test('R18: a revoked token is answered 401 invalid_token, and the answer does not tell why it was revoked', async () => {
  const { token, jti } = await fleet.issuer.mint({ sub: 'ann' })
  await fleet.calls.revoke({ match: { jti }, reason: 'token_compromised' })
  await fleet.everywhere(token, 401)
  for (const replica of fleet.replicas) {
    const { challenge, body } = await fleet.calls.whoami(replica, token)
    assert.match(challenge, /^Bearer .*error="invalid_token"/)
    assert.doesNotMatch(`${challenge}${JSON.stringify(body)}`, /token_compromised/)
  }
})

test('R4: after a cutoff by sub, a token minted from reissueNotBefore on works', async () => {
  const old = await fleet.issuer.mint({ sub: 'eve' })
  const { status, body } = await fleet.calls.revoke({ match: { sub: 'eve' }, reason: 'password_changed' })
  assert.equal(status, 201)
  await fleet.everywhere(old.token, 401)

  const [revocation] = body.revocations as [{ mode: string; reissueNotBefore: number }]
  assert.equal(revocation.mode, 'cutoff')
  const sameSecond = await fleet.issuer.mint({ sub: 'eve' })
  if (sameSecond.iat < revocation.reissueNotBefore) {
    assert.deepEqual(await fleet.statuses(sameSecond.token), [401, 401, 401])
  }
  await eventually(
    () => 'the clock is at reissueNotBefore',
    async () => Date.now() >= revocation.reissueNotBefore * 1000,
  )
  const next = await fleet.issuer.mint({ sub: 'eve' })
  assert.deepEqual(await fleet.statuses(next.token), [200, 200, 200])
})

test('a lift ends a block of the same match and mode on every replica, and no cutoff', async () => {
  const bob = await fleet.issuer.mint({ sub: 'bob' })
  const cut = await fleet.issuer.mint({ sub: 'cat' })
  await fleet.calls.revoke([
    { match: { sub: 'bob' }, reason: 'account_blocked' },
    { match: { sub: 'cat' }, reason: 'account_blocked' },
    { match: { sub: 'cat' }, reason: 'password_changed' },
  ])
  await fleet.everywhere(bob.token, 401)

  for (const sub of ['bob', 'cat']) {
    const { status } = await fleet.calls.lift({ match: { sub }, mode: 'block' })
    assert.equal(status, 201)
  }
  await fleet.everywhere(bob.token, 200)
  assert.deepEqual(await fleet.statuses(cut.token), [401, 401, 401])
})

test('R20: a replica that starts later knows it all from the snapshot, and without one it is never live', async () => {
  const revoked = await fleet.issuer.mint({ sub: 'dan' })
  const fine = await fleet.issuer.mint({ sub: 'fay' })
  await fleet.calls.revoke({ match: { sub: 'dan' }, reason: 'account_deleted' })
  await fleet.everywhere(revoked.token, 401)

  const shutOut = await fleet.startReplica('shut-out', { RESCIND_SNAPSHOT_TOKEN: 'rsk_nobody' })
  const late = await fleet.startReplica('late')
  await fleet.calls.ready(late)
  assert.equal((await fleet.calls.whoami(late, revoked.token)).status, 401)
  assert.equal((await fleet.calls.whoami(late, fine.token)).status, 200)
  const [first] = fleet.replicas
  assert.ok(first)
  assert.deepEqual((await fleet.calls.status(late)).body.cursor, (await fleet.calls.status(first)).body.cursor)

  // It has seen the log as long as the late one has, and still may not say that a token is good.
  const { status, retryAfter } = await fleet.calls.whoami(shutOut, fine.token)
  assert.equal(status, 503)
  assert.match(retryAfter, /^\d+$/)
  assert.equal((await fleet.calls.status(shutOut)).body.state, 'starting')
})
