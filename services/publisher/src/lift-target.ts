import { encodeMatch, type LiftById, type LiftDraft, parseLift, type Revocation } from '@rescind/protocol'
import { MAX_AMBIGUOUS_TOLD } from './limits.ts'
import { findRevocation, noRevocation } from './look-up.ts'
import { notTaken, Problem } from './problems.ts'
import type { Publishing } from './publishing.ts'
import { standingOn } from './standing.ts'
import { waitingFacts } from './waiting-facts.ts'

/**
 * What a body asks to lift, of which nothing is trusted: as it says, or what the revocation stands for whose id it gives.
 * `not_found` if there is none, `lift_ambiguous` if others would be lifted with it and nobody said that they may be.
 */
export async function liftTarget(body: unknown, parts: Publishing): Promise<LiftDraft> {
  const parsed = parseLift(body, { issuers: parts.issuers(), nowMs: parts.latestNowMs() })
  if (!parsed.ok) {
    throw new Problem('invalid_lift', notTaken(parsed.mistakes.length), { errors: parsed.mistakes })
  }
  return 'id' in parsed.value ? await targetOf(parsed.value, parts) : parsed.value
}

async function targetOf({ id, all, note }: LiftById, parts: Publishing): Promise<LiftDraft> {
  const found = await findRevocation(parts.store, id)
  if (found === undefined) throw new Problem('not_found', noRevocation(id))
  const { iss, match, mode } = found.fact
  const policy = parts.issuers().get(iss)
  if (policy === undefined) {
    const mistake = { pointer: '/id', code: 'unknown_issuer', detail: `its issuer ${iss} is not configured here` }
    throw new Problem('invalid_lift', notTaken(1), { errors: [mistake] })
  }
  if (!all) await refuseAmbiguous(found.fact, parts)
  return { policy, match, mode, ...(note !== undefined && { note }) }
}

/**
 * Judged last of all, just before the lift is asked for. What remains: a revocation of the same key that is asked for at this
 * very moment, here and not on disk yet, or at another publisher and not applied here yet, may get an earlier time than the
 * lift, and is lifted with it. It had its answer, or gets it, and the lift's answer names it among what was lifted.
 */
async function refuseAmbiguous(fact: Revocation, { store, earliestNowMs }: Publishing): Promise<void> {
  const others = await othersOn(fact, store, earliestNowMs())
  if (others.length === 0) return
  const told = others.slice(0, MAX_AMBIGUOUS_TOLD)
  const count = others.length === 1 ? 'another revocation stands' : `${others.length} other revocations stand`
  const ids = told.map(({ id }) => id).join(', ')
  const detail = `${count} on the same issuer, match and mode, and would be lifted, too (${ids}): say "all": true if they may be`
  const errors = told.map(({ id, reason, actor }) => {
    return { pointer: '/id', code: 'lift_ambiguous', detail: `${id} would be lifted, too (${reason}, by ${actor})` }
  })
  throw new Problem('lift_ambiguous', detail, { errors })
}

/** Other revocations that would be lifted: those that count, and those that wait for the log and will. */
async function othersOn(fact: Revocation, store: Publishing['store'], nowMs: number): Promise<readonly Revocation[]> {
  const key = encodeMatch(fact.iss, fact.match)
  let waiting: Revocation[] = []
  // Before the others: what leaves the one place meanwhile is in the other by then.
  for await (const facts of waitingFacts(store)) {
    for (const one of facts) {
      if (one.kind === 'issuer' || one.mode !== fact.mode || encodeMatch(one.iss, one.match) !== key) continue
      if (one.kind === 'lift') waiting = []
      else waiting.push(one)
    }
  }
  // What the own replica has applied by now is on its way to the Store: an empty change is done when all before it are.
  await store.write({}, { sync: false })
  const all = [...(await standingOn(store, fact, nowMs)), ...waiting]
  return [...new Map(all.map((one) => [one.id, one])).values()].filter(({ id }) => id !== fact.id)
}
