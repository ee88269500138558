import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { type AskedClaims, type MintedToken, type TokenMint, tokenMint } from './token-mint.ts'

/** An issuer of ES256 tokens for demonstrations: it asks nobody who they are. */
export interface DemoIssuer {
  /** The `iss` of its tokens. */
  readonly iss: string
  /** Their `aud`. */
  readonly audience: string
  /** Where it listens, such as `http://127.0.0.1:8082`. */
  readonly url: string
  /** Its keys, for verifiers. */
  readonly jwksUrl: string
  /** `GET <tokenUrl>?sub=ann`, with `sid` and `client_id` if wanted, answers a fresh token as plain text, or as JSON with its `jti` and `iat` if asked. */
  readonly tokenUrl: string
  /** Mints a token of now, valid for 15 minutes. */
  mint(claims: AskedClaims): Promise<MintedToken>
  /** Answers what is under way, then stops listening; idempotent. */
  close(): Promise<void>
}

/** Where a {@link DemoIssuer} listens and whom its tokens are for. */
export interface DemoIssuerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** Default `demo-api`. */
  readonly audience?: string
}

/** The longest life that its tokens may have, as the services are told. */
export const MAX_EXPIRY = '1h'

/** The longest claim that it signs, in UTF-16 units: a token has to fit into a request's headers. */
const MAX_CLAIM_LENGTH = 1_024
/** A client that takes longer to send a request or to read an answer is cut off, also when the issuer stops. */
const PATIENCE_MS = 5_000

/** Makes a key and serves it. Rejects if the port is taken. */
export async function startDemoIssuer(iss: string, options: DemoIssuerOptions = {}): Promise<DemoIssuer> {
  const { host = '127.0.0.1', port = 0, audience = 'demo-api' } = options
  const mint = await tokenMint(iss, audience)
  const server = createServer({ requestTimeout: PATIENCE_MS }, (request, response) => {
    // One that stays after its last answer would hold up the stop.
    if (!server.listening) response.setHeader('Connection', 'close')
    answer(mint, request, response).catch(() => response.writeHead(500).end())
  })
  await once(server.listen(port, host), 'listening')
  const url = `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
  let closing: Promise<void> | undefined
  return {
    iss,
    audience,
    url,
    jwksUrl: `${url}/jwks.json`,
    tokenUrl: `${url}/token`,
    mint: mint.mint,
    close() {
      closing ??= stop(server)
      return closing
    },
  }
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const impatience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS)
  await closed
  clearTimeout(impatience)
}

async function answer(mint: TokenMint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = `http://issuer${request.url ?? '/'}`
  if (!URL.canParse(target)) return void response.writeHead(400).end()
  const { pathname, searchParams } = new URL(target)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end()
  } else if (pathname === '/jwks.json') {
    send(response, 'application/jwk-set+json', JSON.stringify(mint.jwks))
  } else if (pathname === '/token') {
    const claims = askedClaims(searchParams)
    if (Object.values(claims).some((value) => value.length > MAX_CLAIM_LENGTH))
      return void response.writeHead(414).end()
    const minted = await mint.mint(claims)
    const asJson = request.headers.accept?.includes('application/json') ?? false
    send(response, asJson ? 'application/json' : 'text/plain', asJson ? JSON.stringify(minted) : minted.token)
  } else if (pathname === '/livez' || pathname === '/readyz') {
    send(response, 'application/json', '{"status":"ok"}')
  } else {
    response.writeHead(404).end()
  }
}

function askedClaims(query: URLSearchParams): AskedClaims {
  const sid = query.get('sid')
  const client_id = query.get('client_id')
  return { sub: query.get('sub') || 'ann', ...(sid && { sid }), ...(client_id && { client_id }) }
}

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', Vary: 'Accept' }).end(text)
}
