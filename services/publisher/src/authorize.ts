import type { KeyRing, Principal, Scope } from './keys.ts'
import { SCOPES } from './keys.ts'
import { Problem } from './problems.ts'

/** Everyone, while no key is configured; only on a loopback address. */
const ANYONE: Principal = { name: 'anyone', scopes: new Set(SCOPES) }

const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i
const REALM = 'Bearer realm="rescind"'

/**
 * Who makes this request, if they may do this (RFC 6750 section 3): 401 without a key that we know, 403 for one without
 * the scope. Nothing about the header is trusted.
 */
export function authorize(header: string | undefined, scope: Scope, keys: KeyRing): Principal {
  if (keys.isEmpty) return ANYONE
  const key = BEARER.exec(header ?? '')?.[1]
  if (key === undefined) {
    // No error code in the challenge: the client gave nothing that could be wrong (RFC 6750 section 3.1).
    throw new Problem('credentials_required', 'send a key: "Authorization: Bearer rsk_…"', {
      headers: { 'www-authenticate': REALM },
    })
  }
  const principal = keys.find(key)
  if (!principal) {
    throw new Problem('invalid_credentials', 'this key is not configured here', {
      headers: { 'www-authenticate': `${REALM}, error="invalid_token"` },
    })
  }
  if (!principal.scopes.has(scope)) {
    throw new Problem('insufficient_scope', `this key lacks the scope ${scope}`, {
      headers: { 'www-authenticate': `${REALM}, error="insufficient_scope", scope="${scope}"` },
    })
  }
  return principal
}
