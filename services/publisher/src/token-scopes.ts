import { SCOPES, type Scope } from './principal.ts'

/**
 * What a token allows: our scopes in `scope` (RFC 8693 section 4.2, RFC 9068 section 2.2.3) and in `scp`, as some
 * identity providers call it. Each may be a string with spaces or an array of strings. Scopes of others, and whatever is
 * no text, mean nothing here; nothing throws. Takes claims that have been verified.
 */
export function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): ReadonlySet<Scope> {
  const named = new Set([...namesIn(scope), ...namesIn(scp)])
  return new Set(SCOPES.filter((ours) => named.has(ours)))
}

function namesIn(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim : []
}
