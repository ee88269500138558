import {
  CONFIRMATION_REQUIRED,
  encodeMatch,
  limits,
  type Mistake,
  parseRevocation,
  type Revocation,
  type RevocationDraft,
  revocationFrom,
} from '@rescind/protocol'
import { uuidv7 } from 'uuidv7'
import { type DryRunAnswer, type PlannedAnswer, type RevocationsAnswer, revocationAnswer } from './answers.ts'
import { type AskedBy, type PlannedFact, sizeOfSubmission } from './group.ts'
import type { RequestHashes } from './idempotency.ts'
import type { Principal } from './principal.ts'
import { notTaken, Problem } from './problems.ts'
import type { Publishing } from './publishing.ts'
import { shapeMistakes } from './shape-bound.ts'
import { standingOn } from './standing.ts'

/** Records what a body asks for, of which nothing is trusted: one revocation, or an array of which all are taken or none. */
export async function revoke(
  body: unknown,
  principal: Principal,
  parts: Publishing,
  request?: RequestHashes,
): Promise<RevocationsAnswer> {
  const planned = planAll(body, principal, parts)
  // R14: what no unexpired token can match any more answers success and records nothing (as RFC 7009 section 2.2 does).
  const live = planned.filter(({ provisional }) => provisional.expiresAtMs > parts.earliestNowMs())
  if (live.length === 0) {
    return { state: 'nothing_to_do', revocations: planned.map((one) => revocationAnswer(one.provisional, false)) }
  }
  const outcome = await parts.outbox.submit('revocation', live, { request, by: askedBy(principal, 'revoke') })
  const isBroadcast = outcome.state === 'broadcast'
  const recorded = new Map((outcome.facts as readonly Revocation[]).map((fact) => [fact.id, fact]))
  const revocations = planned.map(({ provisional }) => {
    const fact = recorded.get(provisional.id)
    return fact ? revocationAnswer(fact, isBroadcast) : revocationAnswer(provisional, false)
  })
  return { state: outcome.state, ...(isBroadcast && { cursor: outcome.cursor }), revocations }
}

/** What the same request would do; nothing is recorded. Refuses whatever breaks the rules. */
export async function dryRevoke(body: unknown, principal: Principal, parts: Publishing): Promise<DryRunAnswer> {
  const { store, receipts, earliestNowMs } = parts
  const facts = planAll(body, principal, parts).map(({ provisional }) => provisional)
  sizeOfSubmission(facts, true)
  const nowMs = earliestNowMs()
  const counts = new Map<string, Promise<number>>()
  const revocations: PlannedAnswer[] = []
  for (const fact of facts) {
    const key = `${fact.mode} ${encodeMatch(fact.iss, fact.match)}`
    const count = counts.get(key) ?? standingOn(store, fact, nowMs).then(({ length }) => length)
    counts.set(key, count)
    const { id: _, at: __, ...planned } = revocationAnswer(fact, false)
    const isOver = fact.expiresAtMs <= nowMs
    revocations.push({ ...planned, liveFacts: await count, ...(isOver && { nothingToDo: true }) })
  }
  return { dryRun: true, revocations, replicas: receipts.counted }
}

/** All revocations that a body asks for, planned; or a problem with all mistakes. */
function planAll(body: unknown, principal: Principal, parts: Publishing): readonly PlannedRevocation[] {
  // While the clocks disagree, the later of them: a cutoff by a clock that is behind would spare tokens that are out.
  const drafts = parseAll(body, parts.latestNowMs(), parts)
  checkShapes(drafts, Array.isArray(body), parts)
  return drafts.map((draft) => planRevocation(draft, { id: uuidv7(), actor: principal.name }, parts))
}

/** For the audit record. */
export function askedBy({ name, signOn }: Principal, action: AskedBy['action']): AskedBy {
  return { principal: name, signOn, action }
}

/** A revocation on its way: as it would be now, and how it is made for the time that its frame is given. */
export interface PlannedRevocation extends PlannedFact {
  readonly provisional: Revocation
}

/** Plans the fact of a draft, under this id. */
export function planRevocation(
  draft: RevocationDraft,
  given: { readonly id: string; readonly actor: string },
  { time }: Pick<Publishing, 'time'>,
): PlannedRevocation {
  const build = (atMs: number): Revocation => revocationFrom(draft, { ...given, atMs })
  const fixed = draft.mode === 'cutoff' || draft.untilMs !== undefined || draft.tokenExpMs !== undefined
  return { provisional: build(time.peek()), fixed, build }
}

/** All drafts, or a problem with all mistakes of all of them, up to the bound. */
function parseAll(body: unknown, nowMs: number, parts: Publishing): readonly RevocationDraft[] {
  const issuers = parts.issuers()
  const items: readonly unknown[] = Array.isArray(body) ? body : [body]
  const mistakes: Mistake[] = []
  if (items.length === 0) mistakes.push({ pointer: '', code: 'empty', detail: 'name at least one revocation' })
  if (items.length > limits.MAX_FACTS_PER_FRAME) {
    throw new Problem('frame_too_large', `${items.length} revocations; the most is ${limits.MAX_FACTS_PER_FRAME}`)
  }
  const drafts: RevocationDraft[] = []
  for (const [index, item] of items.entries()) {
    const base = Array.isArray(body) ? `/${index}` : ''
    const parsed = parseRevocation(item, { issuers, nowMs, base })
    if (parsed.ok) drafts.push(parsed.value)
    else mistakes.push(...parsed.mistakes)
    if (mistakes.length >= limits.MAX_MISTAKES) break
  }
  if (mistakes.length > 0) throw invalid(mistakes.slice(0, limits.MAX_MISTAKES))
  return drafts
}

function checkShapes(drafts: readonly RevocationDraft[], isArray: boolean, parts: Publishing): void {
  const requested = drafts.map(({ policy, match }, index) => {
    return { iss: policy.iss, match, base: isArray ? `/${index}` : '' }
  })
  const mistakes = shapeMistakes(requested, parts.replica.denylist, () => parts.outbox.waiting())
  if (mistakes.length > 0) throw invalid(mistakes)
}

function invalid(errors: readonly Mistake[]): Problem {
  if (errors.every(({ code }) => code === CONFIRMATION_REQUIRED)) {
    return new Problem('confirmation_required', 'add "confirm" with the issuer to show that it is meant', { errors })
  }
  return new Problem('invalid_revocation', notTaken(errors.length), { errors })
}
