import { randomUUID } from 'node:crypto'
import type { Revocation } from '@rescind/protocol'

/** When the facts of benches are recorded. */
export const AT_MS = Date.UTC(2026, 0, 1)

/** A cutoff of a new `sub`, or a block of a new `jti`: UUIDs, 36 characters. */
export function newRevocation(claim: 'sub' | 'jti'): Revocation {
  return {
    kind: 'revocation',
    id: randomUUID(),
    iss: 'https://id.example',
    match: { [claim]: randomUUID() },
    mode: claim === 'sub' ? 'cutoff' : 'block',
    ...(claim === 'sub' ? { issuedBeforeMs: AT_MS } : {}),
    reason: 'admin_revoked',
    actor: 'bench',
    atMs: AT_MS,
    expiresAtMs: AT_MS + 3_600_000,
  }
}
