import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** A token and the claims that one revokes it by. */
export interface MintedToken {
  readonly token: string
  readonly sub: string
  readonly jti: string
  /** NumericDate. */
  readonly iat: number
}

/** An issuer of ES256 tokens for this run: its key is made at the start and lives in memory only. */
export interface DemoIssuer {
  /** The `iss` of its tokens. */
  readonly iss: string
  /** Their `aud`. */
  readonly audience: string
  /** Its keys, for verifiers. */
  readonly jwksUrl: string
  /** `GET <tokenUrl>?sub=ann` answers a fresh token as plain text. For demonstrations: it asks nobody who they are. */
  readonly tokenUrl: string
  /** Mints a token of now, valid for 15 minutes. With a `scope` it may sign on to a publisher. */
  mint(claims: { readonly sub: string; readonly scope?: string }): Promise<MintedToken>
  close(): Promise<void>
}

/** Life of a token in seconds; below {@link MAX_EXPIRY}, as R17 wants it. */
const LIFETIME_SEC = 900

/** The longest life that its tokens may have, as the services are told. */
export const MAX_EXPIRY = '1h'

/** Makes a key and serves it on a free port of 127.0.0.1. */
export async function startDemoIssuer(iss: string): Promise<DemoIssuer> {
  const audience = 'demo-api'
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const header = { alg: 'ES256', kid: randomUUID() }
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), ...header, use: 'sig' }] }

  const mint: DemoIssuer['mint'] = async (claims) => {
    const iat = Math.floor(Date.now() / 1000)
    const jti = randomUUID()
    const token = await new SignJWT({ ...claims, jti })
      .setProtectedHeader(header)
      .setIssuer(iss)
      .setAudience(audience)
      .setIssuedAt(iat)
      .setExpirationTime(iat + LIFETIME_SEC)
      .sign(privateKey)
    return { token, sub: claims.sub, jti, iat }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end())
  })
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://issuer')
    if (pathname === '/jwks.json') {
      response.writeHead(200, { 'Content-Type': 'application/jwk-set+json' }).end(JSON.stringify(jwks))
    } else if (pathname === '/token') {
      const { token } = await mint({ sub: searchParams.get('sub') ?? 'ann' })
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end(token)
    } else {
      response.writeHead(404).end()
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    iss,
    audience,
    jwksUrl: `${url}/jwks.json`,
    tokenUrl: `${url}/token`,
    mint,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
