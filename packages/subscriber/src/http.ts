import type { ServerResponse } from 'node:http'
import type { Refusal } from './replica-types.ts'

/** How a refusal is worded over HTTP. */
export interface RefusalOptions {
  /** Protection space of the challenge (RFC 7235 section 2.2). Default: none. */
  readonly realm?: string
  /** Adds the revocation's reason to a 401's body. Default false: a reason can leak an incident to whoever holds the token. */
  readonly exposeReason?: boolean
}

/** A refusal as status, headers and body (RFC 6750 section 3, RFC 9457), for any framework. */
export interface RefusalResponse {
  readonly status: 401 | 503
  readonly headers: Readonly<Record<string, string>>
  /** JSON text of the problem. */
  readonly body: string
}

/** What to send for a refusal. */
export function refusalResponse(refusal: Refusal, options: RefusalOptions = {}): RefusalResponse {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (refusal.challenge !== '') headers['www-authenticate'] = challengeWithRealm(refusal.challenge, options.realm)
  if (refusal.retryAfterSec !== undefined) headers['retry-after'] = String(refusal.retryAfterSec)
  const revoked = refusal.status === 401
  const problem = {
    type: `urn:rescind:problem:${refusal.code}`,
    title: revoked ? 'The access token was revoked' : 'It cannot be known now whether the access token was revoked',
    status: refusal.status,
    code: refusal.code,
    ...(revoked && options.exposeReason && refusal.verdict.kind === 'revoked'
      ? { reason: refusal.verdict.reason }
      : {}),
  }
  return { status: refusal.status, headers, body: JSON.stringify(problem) }
}

/** Answers a request of `node:http` (and of anything built on it) with a refusal. */
export function sendRefusal(response: ServerResponse, refusal: Refusal, options: RefusalOptions = {}): void {
  const { status, headers, body } = refusalResponse(refusal, options)
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Puts `realm` first in a Bearer challenge, as a quoted-string (RFC 7230 section 3.2.6). */
function challengeWithRealm(challenge: string, realm: string | undefined): string {
  if (realm === undefined) return challenge
  const quoted = realm.replaceAll(/[^\x20-\x7e]/g, '').replaceAll(/["\\]/g, '\\$&')
  return challenge.replace('Bearer ', `Bearer realm="${quoted}", `)
}
