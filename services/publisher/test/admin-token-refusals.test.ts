import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { type RunningPublisher, startPublisher } from '../src/publisher.ts'
import { Harness, HOUR_MS, ISS, ISSUERS, KEPT, OTHER_ISS, storeFolder } from './harness.ts'
import { forged, goodClaims, identityProvider, signed, signingKey } from './identity-provider.ts'

const [k1, second, k2, p384, stranger] = [
  signingKey('k1'),
  signingKey('second'),
  signingKey('k2', 'RS256'),
  signingKey('p384', 'ES384'),
  signingKey('k1'),
]
let idp: Awaited<ReturnType<typeof identityProvider>>
let harness: Harness
let store: Awaited<ReturnType<typeof storeFolder>>

before(async () => {
  idp = await identityProvider([k1, second, k2, p384])
  const log = memoryLog()
  const admin = { ...idp.admin, typ: 'at+jwt' }
  store = await storeFolder()
  const { storeDir } = store
  const signOn = { keys: [], admin, shutdownDelayMs: 0 }
  const config = { host: '127.0.0.1', port: 0, issuers: ISSUERS, ...signOn, storeDir, ...KEPT }
  const publisher: RunningPublisher = await startPublisher({ config, log: { publisher: log, replica: log.replicaLog } })
  harness = new Harness(log, publisher)
  await harness.untilReady()
})
after(async () => {
  await harness?.publisher.close()
  await idp?.[Symbol.asyncDispose]()
  await store?.remove()
})

const nowSec = () => Math.floor(systemClock.now() / 1_000)
const claims = (changed: object) => signed(k1, goodClaims(changed))
const flipped = (token: string) => {
  const at = token.lastIndexOf('.') + 5
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

/** What is wrong with a token, and what the answer says of it. */
const CASES: readonly [string, () => string, RegExp][] = [
  ['alg none', forged.none, /not a signed JWT|algorithm|key .* not known/],
  ['alg HS256 with the public key as secret', () => forged.hmac(k1), /algorithm/],
  ['an algorithm that is not allowed, by a key that is', () => signed(p384, goodClaims()), /algorithm/],
  ['another key under a known kid', () => signed(stranger, goodClaims()), /signature/],
  ['the kid of another key of the issuer', () => signed(k1, goodClaims(), { kid: 'k2' }), /key|signature/],
  ['an unknown kid', () => signed(k1, goodClaims(), { kid: 'k9' }), /key/],
  [
    'no kid, where several keys fit',
    () => signed(k1, goodClaims(), { kid: undefined, alg: 'none' }),
    /algorithm|signed/,
  ],
  ['a signature that was touched', () => flipped(claims({})), /signature/],
  ['a payload that is no object', () => signed(k1, ['a']), /not a signed JWT/],
  ['another audience', () => claims({ aud: 'https://api.example' }), /audience/],
  ['no audience', () => claims({ aud: undefined }), /claim|audience/],
  ['an issuer that is managed, but not of admins', () => claims({ iss: OTHER_ISS }), /issuer/],
  ['an issuer nearly its own (R1)', () => claims({ iss: `${ISS}/` }), /issuer/],
  ['no issuer', () => claims({ iss: undefined }), /issuer/],
  ['expired beyond the tolerance', () => claims({ iat: nowSec() - 600, exp: nowSec() - 31 }), /expired/],
  ['no exp', () => claims({ exp: undefined }), /claim/],
  ['no iat', () => claims({ iat: undefined }), /claim/],
  ['nbf in the future', () => claims({ nbf: nowSec() + 300 }), /not valid yet/],
  ['iat in the future', () => claims({ iat: nowSec() + 300, exp: nowSec() + 600 }), /not valid yet/],
  ['R17: it outlives the facts', () => claims({ exp: nowSec() + HOUR_MS / 1_000 + 60 }), /longer/],
  ['an ID token, where typ is demanded', () => signed(k1, goodClaims(), { typ: 'JWT' }), /claim/],
  ['no sub', () => claims({ sub: undefined }), /needs a sub/],
  ['an empty sub', () => claims({ sub: '' }), /needs a sub/],
  ['a sub that is a number', () => claims({ sub: 7 }), /claim|needs a sub/],
  ['a sub that is too long for a fact', () => claims({ sub: 'x'.repeat(253) }), /1 to 252 characters/],
  ['a sub with half a surrogate', () => signed(k1, goodClaims({ sub: '\ud800' })), /needs a sub/],
  ['three words with dots', () => 'a.b.c', /not a signed JWT/],
  ['an encrypted token', () => 'a.b.c.d.e', /not configured/],
  ['nothing but dots', () => '..', /not configured/],
]

for (const [what, make, says] of CASES) {
  test(`${what} is 401`, async () => {
    const { status, body, headers } = await harness.revoke({ iss: ISS, match: { sub: 'ann' } }, {}, make())
    assert.deepEqual([status, body.code], [401, 'invalid_credentials'], JSON.stringify(body))
    assert.match(body.detail, says)
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer realm="rescind", error="invalid_token"/)
  })
}

test('what is right at the edge passes', async () => {
  const good = [
    claims({ sub: 'x'.repeat(252) }),
    claims({ aud: ['other', idp.admin.audience] }),
    claims({ iat: nowSec() - 60, nbf: nowSec() - 60, exp: nowSec() - 1 }),
    claims({ sub: '__proto__' }),
    claims({ sub: 'key:admin\nx' }),
    signed(k2, goodClaims()),
    signed(k2, goodClaims(), { kid: undefined }),
  ]
  for (const token of good) {
    const reply = await harness.revoke({ iss: ISS, match: { sub: 'ann' } }, {}, token)
    assert.equal(reply.status, 201, reply.text)
  }
})
