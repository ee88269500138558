import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@rescind/protocol'
import { readBearer } from '../src/bearer.ts'

function refusalOf(authorization: unknown) {
  const result = readBearer(authorization)
  assert.equal(typeof result, 'object', `${String(authorization).slice(0, 40)} must be refused`)
  return result as Exclude<typeof result, string>
}

test('a Bearer token is taken out of the header, whatever the case of the scheme (RFC 9110 section 11.1)', () => {
  assert.equal(readBearer('Bearer aa.bb-c_d.e~f'), 'aa.bb-c_d.e~f')
  assert.equal(readBearer('bearer aa.bb.cc'), 'aa.bb.cc')
  assert.equal(readBearer('BEARER   aa.bb.cc=='), 'aa.bb.cc==')
  assert.equal(readBearer('Bearer aa.bb.cc '), 'aa.bb.cc')
})

test('without credentials the challenge is bare (RFC 6750 section 3.1)', () => {
  for (const absent of [undefined, null, '', 'Basic YW5uOnNlY3JldA==', 'BearerX aa', 'DPoP aa.bb.cc']) {
    const refused = refusalOf(absent)
    assert.deepEqual([refused.status, refused.code, refused.challenge], [401, 'no_credentials', 'Bearer'])
  }
})

test('a header that is no Bearer token is a bad request (RFC 6750 section 3.1)', () => {
  for (const broken of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer é',
    'Bearer =',
    42,
    ['a'],
  ]) {
    const refused = refusalOf(broken)
    assert.deepEqual([refused.status, refused.code], [400, 'malformed_credentials'], String(broken))
    assert.match(refused.challenge, /^Bearer error="invalid_request", error_description="[^"]+"$/)
  }
})

test('a header longer than any token is refused before it is looked at', () => {
  const refused = refusalOf(`Bearer ${'a'.repeat(limits.MAX_TOKEN_LENGTH + 100)}`)
  assert.deepEqual([refused.status, refused.code], [400, 'token_too_long'])
})
