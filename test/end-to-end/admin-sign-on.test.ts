import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Calls } from '../launcher/calls.ts'
import { eventually, Fleet } from './harness.ts'

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ replicas: 1, adminTokens: true })
})
after(() => fleet?.stop())

/** The publisher, as somebody with this token calls it. */
function callsBy(token: string): Calls {
  return new Calls(fleet.publisher, token, new AbortController().signal)
}

const admin = (sub: string) => fleet.issuer.mint({ sub, scope: 'openid revocations:write' })

test('an admin revokes with a token of the own issuer, and a user with one may not', async () => {
  const ann = await fleet.issuer.mint({ sub: 'ann' })
  const [root, user] = [callsBy((await admin('root')).token), callsBy(ann.token)]
  assert.equal((await user.revoke({ match: { sub: 'root' } })).status, 403)
  const { status, body } = await root.revoke({ match: { sub: 'ann' }, reason: 'account_blocked' })
  assert.equal(status, 201, JSON.stringify(body))
  await fleet.everywhere(ann.token, 401)
  const later = await user.revoke({ match: { sub: 'root' } })
  assert.deepEqual([later.status, later.body.code], [401, 'invalid_credentials'], 'revoked here, too')
})

test('R22: a revoked admin is refused on the very next request, also after the publisher was started again', async () => {
  const [fired, chief] = [await admin('fired'), callsBy((await admin('chief')).token)]
  assert.equal((await callsBy(fired.token).revoke({ match: { jti: 'x' } })).status, 201)
  assert.equal((await chief.revoke({ match: { sub: 'fired' }, reason: 'account_blocked' })).status, 201)
  const refused = await callsBy(fired.token).lift({ match: { sub: 'fired' }, mode: 'block' })
  assert.deepEqual([refused.status, refused.body.code], [401, 'invalid_credentials'])
  assert.match(refused.challenge, /error="invalid_token"/)

  await fleet.publisher.kill()
  await fleet.startPublisher()
  await eventually(
    () => 'the chief signs on again',
    async () => (await callsBy((await admin('chief')).token).revoke({ match: { jti: 'y' } })).status === 201,
  )
  assert.equal((await callsBy(fired.token).revoke({ match: { jti: 'z' } })).status, 401)
  assert.equal((await fleet.calls.revoke({ match: { jti: 'z' } })).status, 201, 'the static key goes on')
})
