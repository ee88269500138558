import { type Lift, liftFrom, parseLift } from '@rescind/protocol'
import { uuidv7 } from 'uuidv7'
import { type LiftAnswer, liftAnswer } from './answers.ts'
import type { RequestHashes } from './idempotency.ts'
import type { Principal } from './principal.ts'
import { notTaken, Problem } from './problems.ts'
import type { Publishing } from './publishing.ts'
import { askedBy } from './revoke.ts'

/** Records the lift that a body asks for, of which nothing is trusted. */
export async function lift(
  body: unknown,
  principal: Principal,
  parts: Publishing,
  request?: RequestHashes,
): Promise<LiftAnswer> {
  const parsed = parseLift(body, { issuers: parts.issuers(), nowMs: parts.latestNowMs() })
  if (!parsed.ok) {
    const later = parsed.mistakes.some(({ code }) => code === 'not_supported')
    throw new Problem(later ? 'not_supported' : 'invalid_lift', notTaken(parsed.mistakes.length), {
      errors: parsed.mistakes,
    })
  }
  const { policy, match, mode } = parsed.value
  const given = { id: uuidv7(), actor: principal.name }
  const build = (atMs: number): Lift => {
    const knownExpiresAtMs = parts.replica.denylist.latestExpiry(policy.iss, match, mode)
    return liftFrom(parsed.value, { ...given, atMs, knownExpiresAtMs })
  }
  const outcome = await parts.outbox.submit('lift', [{ build, fixed: false }], {
    request,
    by: askedBy(principal, 'lift'),
  })
  return liftAnswer(outcome.facts[0] as Lift, outcome.state === 'broadcast' ? outcome.cursor : undefined)
}
