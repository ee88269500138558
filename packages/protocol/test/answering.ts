import { type CheckContext, type Fact, referenceCheck, type VerifiedToken } from '@rescind/protocol'
import { ISSUER, MINUTE, T } from './samples.ts'

export const NOW = T + 10 * MINUTE

/** The answer in one word: `active`, `revoked`, or the cause of an `unknown`. */
export function answer(facts: readonly Fact[], seen: VerifiedToken, context: Partial<CheckContext> = {}): string {
  const verdict = referenceCheck([ISSUER, ...facts], seen, { nowMs: NOW, ...context })
  return verdict.kind === 'unknown' ? verdict.cause : verdict.kind
}
