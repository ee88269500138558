import {
  CONFIRMATION_REQUIRED,
  type Fact,
  limits,
  type Mistake,
  parseRevocation,
  type Revocation,
  type RevocationDraft,
  revocationFrom,
} from '@rescind/protocol'
import { uuidv7 } from 'uuidv7'
import { type RevocationsAnswer, revocationAnswer } from './answers.ts'
import type { Principal } from './principal.ts'
import { notTaken, Problem } from './problems.ts'
import type { Publishing } from './publishing.ts'
import { shapeMistakes } from './shape-bound.ts'

/** Records what a body asks for, of which nothing is trusted: one revocation, or an array of which all are taken or none. */
export async function revoke(body: unknown, principal: Principal, parts: Publishing): Promise<RevocationsAnswer> {
  const nowMs = parts.clock.now()
  const drafts = parseAll(body, nowMs, parts)
  const refusal = parts.readiness.refusal()
  if (refusal) throw refusal
  checkShapes(drafts, Array.isArray(body), parts)

  const provisionalAtMs = parts.time.peek()
  const planned = drafts.map((draft) => {
    const given = { id: uuidv7(), actor: principal.name }
    const build = (atMs: number): Revocation => revocationFrom(draft, { ...given, atMs })
    return { build, provisional: build(provisionalAtMs) }
  })
  // R14: what no unexpired token can match any more answers success and records nothing (as RFC 7009 section 2.2 does).
  const live = planned.filter(({ provisional }) => provisional.expiresAtMs > nowMs)
  if (live.length === 0) {
    return { state: 'nothing_to_do', revocations: planned.map((one) => revocationAnswer(one.provisional, false)) }
  }
  const { facts, cursor } = await parts.appender.submit(
    'revocation',
    live.map(({ build }) => build),
  )
  const recorded = new Map(facts.filter(isRevocation).map((fact) => [fact.id, fact]))
  const revocations = planned.map(({ provisional }) => {
    const fact = recorded.get(provisional.id)
    return fact ? revocationAnswer(fact, true) : revocationAnswer(provisional, false)
  })
  return { state: 'broadcast', cursor, revocations }
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
  const mistakes = shapeMistakes(requested, parts.replica.denylist, () => parts.appender.waiting())
  if (mistakes.length > 0) throw invalid(mistakes)
}

function invalid(errors: readonly Mistake[]): Problem {
  if (errors.every(({ code }) => code === CONFIRMATION_REQUIRED)) {
    return new Problem('confirmation_required', 'add "confirm" with the issuer to show that it is meant', { errors })
  }
  return new Problem('invalid_revocation', notTaken(errors.length), { errors })
}

function isRevocation(fact: Fact): fact is Revocation {
  return fact.kind === 'revocation'
}
