import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@rescind/protocol'
import { authorize } from '../src/authorize.ts'
import { hashKey, KeyRing, newKey } from '../src/keys.ts'
import { Problem } from '../src/problems.ts'
import { RateLimit } from '../src/rate-limit.ts'
import { SignOn } from '../src/sign-on.ts'

const writer = newKey('writer', ['revocations:write'])
const reader = newKey('reader', ['revocations:read', 'snapshot:read'])
const ring = new KeyRing([writer.kept, reader.kept])

test('a key has 256 random bits, and only its hash is kept', () => {
  assert.match(writer.key, /^rsk_[A-Za-z0-9_-]{43}$/)
  assert.notEqual(writer.key, newKey('writer', ['revocations:write']).key)
  assert.deepEqual(writer.kept, { name: 'writer', hash: hashKey(writer.key), scopes: ['revocations:write'] })
  assert.match(writer.kept.hash, /^sha256:[0-9a-f]{64}$/)
})

test('a ring finds whose key it is, and nobody for anything else', () => {
  assert.equal(ring.find(writer.key)?.name, 'writer')
  assert.equal(ring.find(reader.key)?.name, 'reader')
  assert.equal(ring.find(writer.kept.hash), undefined, 'the hash is not the key')
  for (const wrong of ['', writer.key.slice(0, -1), `${writer.key}x`, writer.key.toUpperCase()]) {
    assert.equal(ring.find(wrong), undefined)
  }
})

const rates = { perSec: 100, maxNames: 10, clock: systemClock }
const signOnBy = (keys: KeyRing) => new SignOn({ keys, refusals: new RateLimit(rates) })

async function nameOf(authorization: string | undefined, keys = ring): Promise<string> {
  const arrival = { authorization, address: '192.0.2.1' }
  return (await authorize(arrival, 'revocations:write', { signOn: signOnBy(keys) })).name
}

async function refused(header: string | undefined) {
  try {
    await nameOf(header)
  } catch (error) {
    assert.ok(error instanceof Problem)
    return { code: error.code, status: error.status, challenge: error.headers['www-authenticate'] }
  }
  assert.fail('it was let through')
}

test('RFC 6750 section 3: what each lack is answered with', async () => {
  assert.equal(await nameOf(`Bearer ${writer.key}`), 'writer')
  assert.equal(await nameOf(`bearer  ${writer.key}`), 'writer', 'RFC 9110: any case')
  const bare = { code: 'credentials_required', status: 401, challenge: 'Bearer realm="rescind"' }
  for (const header of [undefined, '', 'Bearer', `Basic ${writer.key}`, `Bearer ${writer.key} x`, writer.key]) {
    assert.deepEqual(await refused(header), bare, String(header))
  }
  // Where nobody signs on by token, a token is one more key that we do not know.
  for (const unknown of ['rsk_wrong', 'e30.e30.AA']) {
    assert.deepEqual(await refused(`Bearer ${unknown}`), {
      code: 'invalid_credentials',
      status: 401,
      challenge: 'Bearer realm="rescind", error="invalid_token"',
    })
  }
  assert.deepEqual(await refused(`Bearer ${reader.key}`), {
    code: 'insufficient_scope',
    status: 403,
    challenge: 'Bearer realm="rescind", error="insufficient_scope", scope="revocations:write"',
  })
})

test('without any key everyone may do everything', async () => {
  assert.equal(await nameOf(undefined, new KeyRing([])), 'anyone')
})
