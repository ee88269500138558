import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Issuer and audience of the tokens that these tests mint. */
export const ISS = 'https://id.example'
export const AUD = 'https://api.example'

/** An issuer that serves its JWKS and mints ES256 tokens, written with Node's own crypto. */
export async function demoIssuer() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }
  let held: Promise<void> | undefined
  let asked = 0
  const server = createServer(async (_request, response) => {
    asked += 1
    await held
    response.setHeader('Connection', 'close').end(JSON.stringify({ keys: [jwk] }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    /** How often the JWKS was asked for. */
    asked: () => asked,
    /** Keeps answers back until the returned function is called. */
    hold(): () => void {
      const { promise, resolve } = deferred()
      held = promise
      return resolve
    },
    /** A token of one hour from `nowMs` on. */
    mint(nowMs: number, claims: object = {}): string {
      const iat = Math.floor(nowMs / 1_000)
      const payload = { iss: ISS, aud: AUD, sub: 'ann', jti: randomUUID(), iat, exp: iat + 3_600, ...claims }
      const text = `${encode({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })}.${encode(payload)}`
      // JWS takes the two numbers of a signature side by side (RFC 7518 section 3.4), not DER.
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${text}.${signature.toString('base64url')}`
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
