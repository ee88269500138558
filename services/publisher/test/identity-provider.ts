import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@rescind/protocol'
import type { AdminIssuer } from '../src/admin-tokens.ts'
import { HOUR_MS, ISS } from './harness.ts'

/** What tokens for the publisher's API carry in `aud`. */
export const AUDIENCE = 'https://rescind.example'

/** One signing key of the provider. */
export interface SigningKey {
  readonly kid: string
  readonly alg: 'ES256' | 'RS256' | 'ES384'
  readonly privateKey: KeyObject
  readonly jwk: object
}

export function signingKey(kid: string, alg: SigningKey['alg'] = 'ES256'): SigningKey {
  const namedCurve = alg === 'ES384' ? 'P-384' : 'P-256'
  const { publicKey, privateKey } =
    alg === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve })
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The payload of a good token of root: of now, for an hour, and allowed everything. Undefined takes a claim out. */
export function goodClaims(claims: object = {}): object {
  const iat = Math.floor(systemClock.now() / 1_000)
  const scope = 'openid revocations:write revocations:read snapshot:read'
  const exp = iat + HOUR_MS / 1_000
  return { iss: ISS, aud: AUDIENCE, sub: 'root', jti: randomUUID(), iat, exp, scope, ...claims }
}

/** A token of `claims` as they stand, signed by `key`. `header` overrides what it says of that. */
export function signed(key: SigningKey, claims: unknown, header: object = {}): string {
  const text = `${encode({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })}.${encode(claims)}`
  const digest = key.alg === 'ES384' ? 'sha384' : 'sha256'
  // JWS takes the two numbers of a signature side by side (RFC 7518 section 3.4), not DER.
  return `${text}.${sign(digest, Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** What an attacker makes of the public key: a token that says `none`, or HS256 with that key as its shared secret. */
export const forged = {
  none: () => `${encode({ alg: 'none' })}.${encode(goodClaims())}.`,
  hmac(key: SigningKey): string {
    const text = `${encode({ alg: 'HS256', kid: key.kid })}.${encode(goodClaims())}`
    return `${text}.${createHmac('sha256', JSON.stringify(key.jwk)).update(text).digest('base64url')}`
  },
}

/** The company's own identity provider: it serves its keys on loopback. */
export async function identityProvider(keys: readonly SigningKey[] = [signingKey('k1')]) {
  let isDown = false
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.setHeader('Connection', 'close')
    if (isDown) response.writeHead(500).end()
    else response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const [first] = keys
  if (!first) throw new Error('a provider has a key')
  const admin: AdminIssuer = {
    issuer: ISS,
    audience: AUDIENCE,
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    algorithms: ['ES256', 'RS256'],
  }
  return {
    admin,
    /** How often its keys were asked for. */
    asked: () => asked,
    /** From now on its keys cannot be had. */
    breakDown() {
      isDown = true
    },
    /** A good token, but for `claims` and `header`. */
    mint: (claims: object = {}, header: object = {}) => signed(first, goodClaims(claims), header),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
