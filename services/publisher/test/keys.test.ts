import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize } from '../src/authorize.ts'
import { hashKey, KeyRing, newKey } from '../src/keys.ts'
import { Problem } from '../src/problems.ts'

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

function refused(header: string | undefined): { code: string; status: number; challenge: string | undefined } {
  try {
    authorize(header, 'revocations:write', ring)
  } catch (error) {
    assert.ok(error instanceof Problem)
    return { code: error.code, status: error.status, challenge: error.headers['www-authenticate'] }
  }
  assert.fail('it was let through')
}

test('RFC 6750 section 3: what each lack is answered with', () => {
  assert.equal(authorize(`Bearer ${writer.key}`, 'revocations:write', ring).name, 'writer')
  assert.equal(authorize(`bearer  ${writer.key}`, 'revocations:write', ring).name, 'writer', 'RFC 9110: any case')
  const bare = { code: 'credentials_required', status: 401, challenge: 'Bearer realm="rescind"' }
  for (const header of [undefined, '', 'Bearer', `Basic ${writer.key}`, `Bearer ${writer.key} x`, writer.key]) {
    assert.deepEqual(refused(header), bare, String(header))
  }
  assert.deepEqual(refused('Bearer rsk_wrong'), {
    code: 'invalid_credentials',
    status: 401,
    challenge: 'Bearer realm="rescind", error="invalid_token"',
  })
  assert.deepEqual(refused(`Bearer ${reader.key}`), {
    code: 'insufficient_scope',
    status: 403,
    challenge: 'Bearer realm="rescind", error="insufficient_scope", scope="revocations:write"',
  })
})

test('without any key everyone may do everything', () => {
  assert.equal(authorize(undefined, 'revocations:write', new KeyRing([])).name, 'anyone')
})
