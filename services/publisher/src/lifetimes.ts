import type { Denylist } from '@rescind/denylist'
import type { IssuerPolicy } from '@rescind/protocol'

/**
 * The lifetimes that facts are made by: of each the larger of what is configured here and what the Issuer fact on the log
 * says. Replicas judge tokens by that fact (R17), and another publisher may have put it there, with longer lives: by ours
 * alone a revocation would be forgotten before the tokens end that it is about (R13).
 */
export function lifetimes(configured: readonly IssuerPolicy[], denylist: Denylist): ReadonlyMap<string, IssuerPolicy> {
  return new Map(configured.map((policy) => [policy.iss, longer(policy, denylist.issuer(policy.iss))]))
}

function longer(policy: IssuerPolicy, known: IssuerPolicy | undefined): IssuerPolicy {
  if (known === undefined) return policy
  return {
    iss: policy.iss,
    maxExpiryMs: Math.max(policy.maxExpiryMs, known.maxExpiryMs),
    maxSessionMs: Math.max(policy.maxSessionMs, known.maxSessionMs),
    clockSkewMs: Math.max(policy.clockSkewMs, known.clockSkewMs),
    leewayMs: Math.max(policy.leewayMs, known.leewayMs),
  }
}
