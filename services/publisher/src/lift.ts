import { type Lift, liftFrom, parseLift } from '@rescind/protocol'
import { uuidv7 } from 'uuidv7'
import { type LiftAnswer, liftAnswer } from './answers.ts'
import type { Principal } from './principal.ts'
import { notTaken, Problem } from './problems.ts'
import type { Publishing } from './publishing.ts'

/** Records the lift that a body asks for, of which nothing is trusted. */
export async function lift(body: unknown, principal: Principal, parts: Publishing): Promise<LiftAnswer> {
  const parsed = parseLift(body, { issuers: parts.issuers(), nowMs: parts.clock.now() })
  if (!parsed.ok) {
    const later = parsed.mistakes.some(({ code }) => code === 'not_supported')
    throw new Problem(later ? 'not_supported' : 'invalid_lift', notTaken(parsed.mistakes.length), {
      errors: parsed.mistakes,
    })
  }
  const { policy, match, mode } = parsed.value
  const given = { id: uuidv7(), actor: principal.name }
  // Looked up when the frame is made: revocations that wait before it are applied by then (R10).
  const build = (atMs: number): Lift => {
    const knownExpiresAtMs = parts.replica.denylist.latestExpiry(policy.iss, match, mode)
    return liftFrom(parsed.value, { ...given, atMs, knownExpiresAtMs })
  }
  const { facts, cursor } = await parts.appender.submit('lift', [build])
  return liftAnswer(facts[0] as Lift, cursor)
}
