import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../src/config.ts'

const ONE = { RESCIND_ISSUER: 'https://id.example', RESCIND_MAX_EXPIRY: '15m', RESCIND_STORE_DIR: 'store' }
const ADMIN = {
  RESCIND_ADMIN_ISSUER: 'https://id.example',
  RESCIND_ADMIN_AUDIENCE: 'https://rescind.example',
  RESCIND_ADMIN_JWKS_URL: 'https://id.example/jwks.json',
}

function publisher(env: Record<string, string>) {
  const read = readConfig({ ...ONE, ...env })
  assert.ok(read.ok, read.ok ? '' : read.mistakes.join('\n'))
  return read.config.publisher
}

function mistakes(env: Record<string, string>): readonly string[] {
  const read = readConfig({ ...ONE, ...env })
  return read.ok ? [] : read.mistakes
}

test('three variables let admins sign on; algorithms and typ have defaults', () => {
  assert.equal(publisher({}).admin, undefined)
  assert.deepEqual(publisher(ADMIN).admin, {
    issuer: 'https://id.example',
    audience: 'https://rescind.example',
    jwksUrl: 'https://id.example/jwks.json',
    algorithms: ['ES256', 'RS256'],
  })
  const chosen = publisher({ ...ADMIN, RESCIND_ADMIN_ALGORITHMS: 'EdDSA, PS256', RESCIND_ADMIN_TYP: 'at+jwt' }).admin
  assert.deepEqual([chosen?.algorithms, chosen?.typ], [['EdDSA', 'PS256'], 'at+jwt'])
})

test('half of it is refused, and every missing part is named', () => {
  assert.deepEqual(mistakes({ RESCIND_ADMIN_AUDIENCE: 'a' }), [
    'RESCIND_ADMIN_ISSUER: is required beside RESCIND_ADMIN_AUDIENCE',
    'RESCIND_ADMIN_JWKS_URL: is required beside RESCIND_ADMIN_AUDIENCE',
  ])
  for (const alone of [{ RESCIND_ADMIN_TYP: 'at+jwt' }, { RESCIND_ADMIN_ALGORITHMS: 'ES256' }]) {
    assert.equal(mistakes(alone).length, 3)
  }
})

test('a blank audience or typ is none', () => {
  assert.deepEqual(mistakes({ ...ADMIN, RESCIND_ADMIN_AUDIENCE: ' ', RESCIND_ADMIN_TYP: ' ' }), [
    'RESCIND_ADMIN_AUDIENCE: must be what tokens for this API carry in "aud", not blank, at most 1024 characters',
    'RESCIND_ADMIN_TYP: must be the "typ" of the tokens, such as at+jwt, not blank, at most 128 characters',
  ])
})

test('every mistake at once, each with what to do', () => {
  const found = mistakes({
    RESCIND_HOST: '0.0.0.0',
    RESCIND_PORT: 'http',
    RESCIND_ADMIN_ISSUER: 'https://id.example/',
    RESCIND_ADMIN_JWKS_URL: 'https://user:secret@id.example/jwks.json',
    RESCIND_ADMIN_ALGORITHMS: 'HS256',
    RESCIND_RATE_LIMIT: '-1',
    RESCIND_TRUSTED_PROXIES: 'lb.example',
  })
  for (const expected of [
    /^RESCIND_ADMIN_ISSUER: must be one of the configured issuers \("https:\/\/id\.example"\): only their tokens can be revoked/,
    /^RESCIND_ADMIN_AUDIENCE: is required beside /,
    /^RESCIND_ADMIN_JWKS_URL: must be a URL that starts with https:\/\/ or http:\/\/, without user and password$/,
    /^RESCIND_ADMIN_ALGORITHMS: must be some of ES256, .* with commas$/,
    /^RESCIND_RATE_LIMIT: must be a whole number from 0 to 100000$/,
    /^RESCIND_TRUSTED_PROXIES: must be addresses or ranges such as 10\.0\.0\.0\/8, with commas$/,
    /^RESCIND_PORT: /,
  ]) {
    assert.ok(
      found.some((mistake) => expected.test(mistake)),
      `${expected} is not among\n${found.join('\n')}`,
    )
  }
  assert.equal(found.length, 7, found.join('\n'))
  assert.ok(!found.join().includes('secret'))
  for (const none of ['none', 'ES256,none', 'ES256,', 'es256']) {
    assert.match(mistakes({ ...ADMIN, RESCIND_ADMIN_ALGORITHMS: none })[0] ?? '', /^RESCIND_ADMIN_ALGORITHMS: /, none)
  }
  for (const url of ['id.example/jwks', 'file:///jwks.json', 'https://']) {
    assert.match(mistakes({ ...ADMIN, RESCIND_ADMIN_JWKS_URL: url })[0] ?? '', /^RESCIND_ADMIN_JWKS_URL: /, url)
  }
})

test('of several issuers the admin issuer is one, and its maxExpiry is that of the list', () => {
  const issuers = (...names: string[]) => JSON.stringify(names.map((iss) => ({ iss, maxExpiry: '1h' })))
  const listed = (list: string) => {
    const read = readConfig({ ...ADMIN, RESCIND_STORE_DIR: 'store', RESCIND_ISSUERS: list })
    return read.ok ? [] : read.mistakes
  }
  assert.deepEqual(listed(issuers('a', 'https://id.example')), [])
  assert.match(listed(issuers('a', 'b'))[0] ?? '', /^RESCIND_ADMIN_ISSUER: must be one of .* \("a", "b"\)/)
  // Of a list that cannot be read there is a mistake already.
  assert.deepEqual(listed('['), ['RESCIND_ISSUERS: must be JSON'])
})

test('tokens are credentials enough beyond loopback', () => {
  assert.equal(publisher({ ...ADMIN, RESCIND_HOST: '0.0.0.0' }).keys.length, 0)
  assert.match(mistakes({ RESCIND_HOST: '0.0.0.0' })[0] ?? '', /^RESCIND_KEYS: .*RESCIND_ADMIN_ISSUER$/)
})

test('no key may be named like somebody who signs on by token', () => {
  const key = { name: 'jwt:ann', hash: `sha256:${'0'.repeat(64)}`, scopes: ['revocations:read'] }
  assert.deepEqual(mistakes({ RESCIND_KEYS: JSON.stringify([key]) }), [
    'RESCIND_KEYS/0/name: must not begin with jwt:, as the names of those do who sign on by token',
  ])
})

test('rates and proxies', () => {
  assert.equal(publisher({}).rateLimit, 2_500)
  assert.equal(publisher({ RESCIND_RATE_LIMIT: '0' }).rateLimit, 0)
  const proxies = publisher({ RESCIND_TRUSTED_PROXIES: '10.0.0.0/8, ::1' }).trustedProxies
  assert.deepEqual(proxies, ['10.0.0.0/8', '::1'])
})
