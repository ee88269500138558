import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRescindError } from '@rescind/protocol'
import { createVerifier, type IssuerOptions, type VerifierOptions } from '../src/index.ts'
import { AUD, ISS, MAX_EXPIRY_MS, mintKey, replicaThat } from './token-mint.ts'

const { replica } = replicaThat()
const issuer: IssuerOptions = {
  iss: ISS,
  audience: AUD,
  algorithms: ['ES256'],
  maxExpiryMs: MAX_EXPIRY_MS,
  jwksUri: 'https://id.example/jwks',
}

function pointersOf(options: unknown): string[] {
  try {
    createVerifier(options as VerifierOptions)
  } catch (error) {
    assert.ok(isRescindError(error), String(error))
    assert.equal(error.code, 'ERR_INVALID_OPTION')
    for (const mistake of error.mistakes) assert.ok(mistake.detail.length > 10, 'each says what to do')
    return error.mistakes.map((mistake) => mistake.pointer)
  }
  return []
}

const pointersOfIssuer = (changes: object) => pointersOf({ replica, issuers: [{ ...issuer, ...changes }] })

test('good options are taken', () => {
  assert.deepEqual(pointersOfIssuer({}), [])
  assert.deepEqual(pointersOfIssuer({ audience: ['a', 'b'], jwksUri: new URL('http://127.0.0.1:1/') }), [])
})

test('none, shared secrets and unknown algorithms are refused by name', () => {
  for (const algorithm of ['none', 'HS256', 'HS512', 'es256', 'RSA-OAEP', '', undefined]) {
    assert.deepEqual(pointersOfIssuer({ algorithms: ['ES256', algorithm] }), ['/issuers/0/algorithms/1'], algorithm)
  }
  assert.deepEqual(pointersOfIssuer({ algorithms: [] }), ['/issuers/0/algorithms'])
  assert.deepEqual(pointersOfIssuer({ algorithms: undefined }), ['/issuers/0/algorithms'])
})

test('keys come from exactly one place', () => {
  assert.deepEqual(pointersOfIssuer({ jwksUri: undefined }), ['/issuers/0/jwksUri'])
  assert.deepEqual(pointersOfIssuer({ jwks: { keys: [{ kty: 'EC' }] } }), ['/issuers/0/jwksUri'])
  for (const jwksUri of ['jwks.json', 'file:///jwks.json', '', 42]) {
    assert.deepEqual(pointersOfIssuer({ jwksUri }), ['/issuers/0/jwksUri'], String(jwksUri))
  }
})

test('a local key set holds public keys only', async () => {
  const { publicJwk } = await mintKey('ES256', 'k1')
  const local = (...keys: unknown[]) => pointersOfIssuer({ jwksUri: undefined, jwks: { keys } })
  assert.deepEqual(local(publicJwk), [])
  assert.deepEqual(local(publicJwk, { ...publicJwk, d: 'AA' }), ['/issuers/0/jwks/keys/1'])
  assert.deepEqual(local({ kty: 'oct', k: 'AA' }), ['/issuers/0/jwks/keys/0'])
  assert.deepEqual(local(null), ['/issuers/0/jwks/keys/0'])
  assert.deepEqual(local(), ['/issuers/0/jwks'])
})

test('every mistake is named at once', () => {
  const options = {
    clockToleranceMs: 60_001,
    jwksTimeoutMs: 5,
    issuers: [{ ...issuer, iss: '', maxExpiryMs: undefined, audience: [] }, issuer, { ...issuer, maxExpiryMs: 0.5 }],
  }
  assert.deepEqual(pointersOf(options), [
    '/replica',
    '/clockToleranceMs',
    '/jwksTimeoutMs',
    '/issuers/0/iss',
    '/issuers/0/audience',
    '/issuers/0/maxExpiryMs',
    '/issuers/2/maxExpiryMs',
    '/issuers/2/iss',
  ])
  assert.deepEqual(pointersOf({ replica, issuers: [] }), ['/issuers'])
  assert.deepEqual(pointersOf(undefined), ['/replica', '/issuers'])
})
