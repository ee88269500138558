import { formatRfc3339, type Lift, type LiftDraft, liftFrom, type Revocation } from '@rescind/protocol'
import { uuidv7 } from 'uuidv7'
import { type DryLiftAnswer, type LiftAnswer, liftAnswer, liftedAnswer } from './answers.ts'
import type { RequestHashes } from './idempotency.ts'
import { liftTarget } from './lift-target.ts'
import type { Principal } from './principal.ts'
import type { Publishing } from './publishing.ts'
import { askedBy } from './revoke.ts'
import { liftedBy, standingOn } from './standing.ts'

/** Records the lift that a body asks for, of which nothing is trusted. */
export async function lift(
  body: unknown,
  principal: Principal,
  parts: Publishing,
  request?: RequestHashes,
): Promise<LiftAnswer> {
  const given = { id: uuidv7(), actor: principal.name }
  const draft = await liftTarget(body, parts)
  const build = (atMs: number): Lift => liftOf(draft, { ...given, atMs }, parts)
  const outcome = await parts.outbox.submit('lift', [{ build, fixed: false }], {
    request,
    by: askedBy(principal, 'lift'),
  })
  const fact = outcome.facts[0] as Lift
  const isBroadcast = outcome.state === 'broadcast'
  return liftAnswer(fact, isBroadcast ? outcome.cursor : undefined, await liftedWith(fact, isBroadcast, parts))
}

/** What a lift takes back: of one that is in the log what it took, of one that waits what stands on its key now. */
export async function liftedWith(
  fact: Lift,
  located: boolean,
  { store, earliestNowMs }: Pick<Publishing, 'store' | 'earliestNowMs'>,
): Promise<readonly Revocation[]> {
  return located ? await liftedBy(store, fact, earliestNowMs()) : await standingOn(store, fact, earliestNowMs())
}

/** What the same lift would do; nothing is recorded. Refuses whatever a lift refuses. */
export async function dryLift(body: unknown, principal: Principal, parts: Publishing): Promise<DryLiftAnswer> {
  const draft = await liftTarget(body, parts)
  const given = { id: '', actor: principal.name, atMs: parts.time.peek() }
  const { iss, match, mode, expiresAtMs } = liftOf(draft, given, parts)
  const lifted = await standingOn(parts.store, { iss, match, mode }, parts.earliestNowMs())
  return {
    dryRun: true,
    lift: { iss, match, mode, expiresAt: formatRfc3339(expiresAtMs) },
    ...liftedAnswer(lifted),
    replicas: parts.receipts.counted,
  }
}

function liftOf(
  draft: LiftDraft,
  given: { readonly id: string; readonly actor: string; readonly atMs: number },
  { replica }: Pick<Publishing, 'replica'>,
): Lift {
  const { policy, match, mode } = draft
  const knownExpiresAtMs = replica.denylist.latestExpiry(policy.iss, match, mode)
  return liftFrom(draft, { ...given, knownExpiresAtMs })
}
