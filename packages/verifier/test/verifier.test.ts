import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { limits } from '@rescind/protocol'
import type { Refusal } from '@rescind/subscriber'
import { type CryptoKey, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { type Algorithm, createVerifier, type IssuerOptions, type Refused } from '../src/index.ts'
import {
  AUD,
  clockAtStart,
  ISS,
  MAX_EXPIRY_MS,
  type MintKey,
  mint,
  mintKey,
  REVOKED,
  replicaThat,
  START_SEC,
  UNAVAILABLE,
} from './token-mint.ts'

let es256: MintKey
let rs256: MintKey
let stranger: MintKey
before(async () => {
  ;[es256, rs256, stranger] = await Promise.all([
    mintKey('ES256', 'e1'),
    mintKey('RS256', 'r1'),
    mintKey('ES256', 'e1'),
  ])
})

function verifierFor(terms: Partial<IssuerOptions> = {}, refusal?: () => Refusal | undefined) {
  const clock = clockAtStart()
  const { replica, asked } = replicaThat(refusal)
  const algorithms: readonly Algorithm[] = ['ES256', 'RS256']
  const jwks = { keys: [es256.publicJwk, rs256.publicJwk] }
  const issuer = { iss: ISS, audience: AUD, algorithms, maxExpiryMs: MAX_EXPIRY_MS, jwks, ...terms }
  return { verifier: createVerifier({ replica, clock, issuers: [issuer] }), asked, clock }
}

async function refusedToken(token: string, terms: Partial<IssuerOptions> = {}): Promise<Refused> {
  const { verifier, asked } = verifierFor(terms)
  const result = await verifier.verifyToken(token)
  assert.equal(result.kind, 'refused', 'the token must not pass')
  assert.equal(asked.length, 0, 'R8: the replica is asked about verified tokens only')
  return result as Refused
}

test('a good token passes with its payload and header, ES256 and RS256 alike', async () => {
  for (const key of [es256, rs256]) {
    const { verifier, asked } = verifierFor()
    const result = await verifier.verify(`Bearer ${await mint(key)}`)
    assert.equal(result.kind, 'verified')
    assert.equal(result.payload.sub, 'ann')
    assert.equal(result.protectedHeader.kid, key.kid)
    assert.equal(asked[0]?.[0], result, 'R8: the replica sees exactly what was verified')
  }
})

test('R22: the replica is asked on every call, and its refusal stands as it is', async () => {
  const answers: (Refusal | undefined)[] = [undefined, REVOKED, UNAVAILABLE]
  let call = 0
  const { verifier, asked } = verifierFor({}, () => answers[call++])
  const header = `Bearer ${await mint(es256)}`
  assert.equal((await verifier.verify(header)).kind, 'verified')
  const revoked = (await verifier.verify(header)) as Refused
  assert.deepEqual([revoked.status, revoked.code, revoked.challenge], [401, 'token_revoked', REVOKED.challenge])
  const unavailable = (await verifier.verify(header)) as Refused
  assert.deepEqual(
    [unavailable.status, unavailable.code, unavailable.challenge, unavailable.retryAfterSec],
    [503, 'revocation_state_unavailable', '', 2],
  )
  assert.equal(asked.length, 3)
})

test('stats count what was verified and what was refused, by code, whichever method was called', async () => {
  const answers: (Refusal | undefined)[] = [undefined, REVOKED]
  let call = 0
  const { verifier } = verifierFor({}, () => answers[call++])
  assert.deepEqual(verifier.stats(), { verified: 0, refused: {} })
  const token = await mint(es256)
  await verifier.verify(`Bearer ${token}`)
  await verifier.verifyToken(token)
  await verifier.verify(undefined)
  await verifier.verifyToken('no token')
  await verifier.verifyToken('no token')
  const refused = { token_revoked: 1, no_credentials: 1, token_malformed: 2 }
  assert.deepEqual(verifier.stats(), { verified: 1, refused })
})

test('R18: whenUnknown can be overridden per call', async () => {
  const { verifier, asked } = verifierFor()
  await verifier.verify(`Bearer ${await mint(es256)}`, { whenUnknown: 'accept' })
  assert.deepEqual(asked[0]?.[1], { whenUnknown: 'accept' })
})

test('a token of another key, issuer or audience is refused', async () => {
  const cases: [string, Promise<string>][] = [
    ['signature_invalid', mint(stranger)],
    ['key_unknown', mint(stranger, {}, { kid: 'e2' })],
    ['issuer_unknown', mint(es256, { iss: `${ISS}/` })],
    ['issuer_unknown', mint(es256, { iss: undefined })],
    ['issuer_unknown', mint(es256, { iss: ['https://id.example'] })],
    ['audience_mismatch', mint(es256, { aud: 'https://other.example' })],
    ['audience_mismatch', mint(es256, { aud: undefined })],
  ]
  for (const [code, token] of cases) {
    const refused = await refusedToken(await token)
    assert.deepEqual([refused.status, refused.code], [401, code])
    assert.match(refused.challenge, /^Bearer error="invalid_token", error_description="[^"\\]+"$/)
  }
})

test('of several issuers, each is held to its own keys and audience', async () => {
  const { replica } = replicaThat()
  const other = {
    iss: 'https://two.example',
    audience: 'two',
    algorithms: ['RS256'] as const,
    maxExpiryMs: MAX_EXPIRY_MS,
  }
  const verifier = createVerifier({
    replica,
    clock: clockAtStart(),
    issuers: [
      { ...other, iss: ISS, audience: AUD, algorithms: ['ES256'], jwks: { keys: [es256.publicJwk] } },
      { ...other, jwks: { keys: [rs256.publicJwk] } },
    ],
  })
  const codeOf = async (key: MintKey, claims: object) => {
    const result = await verifier.verifyToken(await mint(key, claims))
    return result.kind === 'refused' ? result.code : result.kind
  }
  assert.equal(await codeOf(es256, {}), 'verified')
  assert.equal(await codeOf(rs256, { iss: other.iss, aud: 'two' }), 'verified')
  assert.equal(await codeOf(rs256, {}), 'algorithm_not_allowed')
  assert.equal(await codeOf(es256, { iss: other.iss, aud: 'two' }), 'algorithm_not_allowed')
  assert.equal(await codeOf(es256, { aud: 'two' }), 'audience_mismatch')
})

test('the token does not choose its algorithm: none, HS256 with the public key, and an algorithm not pinned', async () => {
  const claims = { iss: ISS, aud: AUD, sub: 'ann', iat: START_SEC, exp: START_SEC + 3_600 }
  const unsigned = new UnsecuredJWT(claims).encode()
  const publicKey = (await importJWK(rs256.publicJwk, 'RS256')) as CryptoKey
  const asSecret = new TextEncoder().encode(await exportSPKI(publicKey))
  const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'r1' }).sign(asSecret)
  assert.equal((await refusedToken(confused)).code, 'algorithm_not_allowed')
  assert.equal((await refusedToken(await mint(es256), { algorithms: ['RS256'] })).code, 'algorithm_not_allowed')
  assert.equal((await refusedToken(unsigned)).status, 401)
})

test('a key that the token brings along is never used', async () => {
  const refused = await refusedToken(await mint(stranger, {}, { kid: undefined, jwk: stranger.publicJwk }))
  assert.equal(refused.code, 'signature_invalid')
})

test('exp and iat are required, and times count with the tolerance', async () => {
  const cases: [string, object][] = [
    ['claim_invalid', { exp: undefined }],
    ['claim_invalid', { iat: undefined }],
    ['claim_invalid', { exp: 'tomorrow' }],
    ['claim_invalid', { iat: null }],
    ['token_expired', { iat: START_SEC - 3_000, exp: START_SEC - 30 }],
    ['token_not_yet_valid', { nbf: START_SEC + 31 }],
    ['token_not_yet_valid', { iat: START_SEC + 31, exp: START_SEC + 100 }],
  ]
  for (const [code, claims] of cases) {
    const refused = await refusedToken(await mint(es256, claims))
    assert.deepEqual([refused.status, refused.code], [401, code], JSON.stringify(claims))
  }
  for (const claims of [{ exp: START_SEC - 29 }, { nbf: START_SEC + 30 }, { iat: START_SEC + 30 }]) {
    const token = await mint(es256, { iat: START_SEC - 100, exp: START_SEC + 100, ...claims })
    assert.equal((await verifierFor().verifier.verifyToken(token)).kind, 'verified', JSON.stringify(claims))
  }
})

test('a token passes until it expires by the clock that was given', async () => {
  const { verifier, clock } = verifierFor()
  const token = await mint(es256)
  clock.advance(3_600_000 + 29_000)
  assert.equal((await verifier.verifyToken(token)).kind, 'verified')
  clock.advance(1_000)
  assert.equal(((await verifier.verifyToken(token)) as Refused).code, 'token_expired')
})

test('R13: a fraction of exp is heeded: what the facts may have forgotten does not pass', async () => {
  const { verifier, clock } = verifierFor()
  const token = await mint(es256, { exp: START_SEC + 600.001 })
  clock.advance(630_000)
  assert.equal((await verifier.verifyToken(token)).kind, 'verified')
  clock.advance(1)
  assert.equal(((await verifier.verifyToken(token)) as Refused).code, 'token_expired')
})

test('options that are null are none', async () => {
  const { verifier } = verifierFor()
  const none = null as unknown as undefined
  assert.equal((await verifier.verify(`Bearer ${await mint(es256)}`, none)).kind, 'verified')
})

test('R17: a token that lives longer than maxExpiry is refused, one of exactly maxExpiry passes', async () => {
  assert.equal((await refusedToken(await mint(es256, { exp: START_SEC + 3_601 }))).code, 'token_outlives_facts')
  assert.equal((await refusedToken(await mint(es256, { exp: 1e300 }))).code, 'token_outlives_facts')
  assert.equal((await verifierFor().verifier.verifyToken(await mint(es256))).kind, 'verified')
})

test('typ is checked if it was asked for: an ID token is no access token (RFC 9068 section 4)', async () => {
  const access = await mint(es256, {}, { typ: 'at+jwt' })
  assert.equal((await verifierFor({ typ: 'at+jwt' }).verifier.verifyToken(access)).kind, 'verified')
  assert.equal((await refusedToken(await mint(es256, {}, { typ: 'JWT' }), { typ: 'at+jwt' })).code, 'claim_invalid')
})

test('garbage is refused and never throws', async () => {
  const good = await mint(es256)
  const [header, payload, signature] = good.split('.')
  const encode = (value: string) => Buffer.from(value).toString('base64url')
  const garbage = [
    '',
    '.',
    '..',
    'abc',
    'a.b.c',
    'a.b.c.d.e',
    `${header}.${payload}.`,
    `${header}.${payload}.${signature}.x`,
    `${encode('null')}.${payload}.${signature}`,
    `${encode('{"alg":["ES256"]}')}.${payload}.${signature}`,
    `${encode('{"alg":"ES256","crit":["x"],"x":1}')}.${payload}.${signature}`,
    `${header}.${encode('[]')}.${signature}`,
    `${header}.${encode('{"iss":{}}')}.${signature}`,
    `${header}.${encode('\uFFFD{')}.${signature}`,
    `${header}.${encode('{"__proto__":{"iss":"https://id.example"}}')}.${signature}`,
  ]
  for (const token of garbage) {
    const refused = await refusedToken(token)
    assert.equal(refused.status, 401, token)
    assert.match(refused.challenge, /error="invalid_token"/)
  }
  for (const token of [undefined, null, 42, {}, Symbol('token')] as unknown as string[]) {
    assert.equal((await refusedToken(token)).code, 'token_malformed')
  }
})

test('every single altered character of a token is noticed', async () => {
  const token = await mint(es256)
  for (let index = 0; index < token.length; index += 7) {
    const other = token[index] === 'A' ? 'B' : 'A'
    const refused = await refusedToken(token.slice(0, index) + other + token.slice(index + 1))
    assert.equal(refused.status, 401)
  }
})

test('a token above the bound is refused unread, one below it passes', async () => {
  const claims = { pad: 'x'.repeat(8_000) }
  assert.equal((await verifierFor().verifier.verifyToken(await mint(es256, claims))).kind, 'verified')
  const long = await mint(es256, { pad: 'x'.repeat(limits.MAX_TOKEN_LENGTH) })
  const refused = await refusedToken(long)
  assert.deepEqual([refused.status, refused.code], [400, 'token_too_long'])
  assert.equal((await refusedToken('x'.repeat(5_000_000))).code, 'token_too_long')
})
