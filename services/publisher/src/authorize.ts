import { challenge } from './challenge.ts'
import type { Gate } from './gate.ts'
import type { Principal, Scope } from './principal.ts'
import { Problem } from './problems.ts'

/** What is known of a request before its body. Nothing about it is trusted. */
export interface Arrival {
  /** Its `Authorization` header. */
  readonly authorization: string | undefined
  /** Where it comes from: the peer, or what a trusted proxy says. */
  readonly address: string
}

/**
 * Who makes this request, if they may do this now: 401 without credentials that we know, 429 from whoever asks too
 * often, 403 without the scope (RFC 6750 section 3).
 */
export async function authorize(arrival: Arrival, scope: Scope, { signOn, rates }: Gate): Promise<Principal> {
  const principal = await signOn.authenticate(arrival.authorization, arrival.address)
  const retryAfterSec = rates?.take(principal.id)
  if (retryAfterSec !== undefined) {
    const detail = `${principal.name} asks too often: wait, or send revocations together in one array`
    const headers = { 'retry-after': String(retryAfterSec) }
    throw new Problem('rate_limited', detail, { headers, logged: { principal: principal.name } })
  }
  if (principal.scopes.has(scope)) return principal
  const what = principal.signOn === 'token' ? 'token' : 'key'
  throw new Problem('insufficient_scope', `this ${what} lacks the scope ${scope}`, {
    headers: { 'www-authenticate': challenge({ error: 'insufficient_scope', scope }) },
    logged: { principal: principal.name, scope },
  })
}
