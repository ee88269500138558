import { formatRfc3339, type Lift, type Revocation } from '@rescind/protocol'
import { type Asked, accepted, isInDoubt, type Ledger } from './ledger.ts'
import type { LyingFact } from './stream.ts'

/** What may be wrong, and what it means. */
export const RULES = {
  lost: 'a fact that was answered with success is not in the stream',
  refused: 'a fact of a request that was refused is in the stream',
  torn: 'a request that had no answer came in part',
  doubled: 'one fact that was asked for got two ids',
  copied: 'one fact lies in the stream twice, and nothing had made that necessary',
  altered: 'a fact does not lie in the stream as it was answered',
  misplaced: 'the frame that an answer names does not hold its facts',
  disordered:
    'a client asked for one fact after another, and they have their times, or their places, the other way round',
  hung: 'a request got no answer for longer than anything may take',
  unanswered: 'a request that was repeated under its key never got an answer',
  wrongly_refused: 'a request in which nothing was wrong was refused',
  accepted_revoked: 'a replica that says live accepted what was revoked, and what it had refused before or had to know',
  lift_lost: 'a lift that was broadcast, of what was broadcast before, did nothing',
  late: 'an answer took longer than it may while the broker is away',
  unseen: 'readiness did not say what was wrong',
  unsorted: 'what was published again is not in its original order',
  not_healed: 'something did not come back by itself',
  unflushed: 'an answer left before what it names was on disk',
  blind: 'the check itself did not see what it has to see',
  wrong_verdict: 'a check does not say what the facts say',
} as const

/** Something that was wrong. */
export interface Violation {
  readonly rule: keyof typeof RULES
  readonly detail: string
}

/** What is judged. */
export interface Evidence {
  readonly ledger: Ledger
  readonly stream: readonly LyingFact[]
  /**
   * `strict`: nothing was lost, so no fact lies there twice but one that a newer lift had outrun. `lossy`: facts were lost,
   * so each may lie there once more in each epoch and from each publisher, if it is the same to the letter.
   */
  readonly copies: 'strict' | 'lossy'
  /** True: the requests of one client may have gone to different publishers, whose clocks differ. */
  readonly severalPublishers?: boolean
}

/** A second until it is `recorded`, and many times that for a machine that is busy. */
const LONGEST_ANSWER_MS = 15_000

type Dated = Revocation | Lift

interface Copy extends LyingFact {
  readonly fact: Dated
}

/** Holds the answers against the stream, after everything has come to rest. */
export function judge(evidence: Evidence): readonly Violation[] {
  const byNote = copiesByNote(evidence.stream)
  const violations: Violation[] = []
  for (const asked of evidence.ledger) violations.push(...judgeRequest(asked, byNote))
  violations.push(...judgeCopies(evidence))
  violations.push(...judgeOrder(evidence, byNote))
  return violations
}

/** The copies of every fact, by its note: `<request>/<index>`. */
export function copiesByNote(stream: readonly LyingFact[]): ReadonlyMap<string, readonly Copy[]> {
  const byNote = new Map<string, Copy[]>()
  for (const one of stream) {
    if (one.fact.kind === 'issuer') continue
    const { note = '' } = one.fact
    const copies = byNote.get(note) ?? []
    copies.push(one as Copy)
    byNote.set(note, copies)
  }
  return byNote
}

function judgeRequest(asked: Asked, byNote: ReadonlyMap<string, readonly Copy[]>): readonly Violation[] {
  const { name, facts, tries, wrong, key } = asked
  const found = facts.map((_, index) => byNote.get(`${name}/${index}`) ?? [])
  const present = found.filter((copies) => copies.length > 0).length
  const said = `${name} (${tries.map(({ status, code, answer }) => answer?.state ?? code ?? status).join(', then ')})`
  const violations: Violation[] = []
  const add = (rule: Violation['rule'], detail: string) => violations.push({ rule, detail: `${said}: ${detail}` })

  for (const [index, copies] of found.entries()) {
    const ids = new Set(copies.map(({ fact }) => fact.id))
    if (ids.size > 1) add('doubled', `fact ${index} has the ids ${[...ids].join(' and ')}`)
  }
  const slowestMs = Math.max(0, ...tries.map(({ sentMs, receivedMs }) => receivedMs - sentMs))
  if (slowestMs > LONGEST_ANSWER_MS) add('hung', `${(slowestMs / 1_000).toFixed(1)} s`)
  const answer = accepted(asked)
  if (answer === undefined) {
    if (present > 0 && !isInDoubt(asked)) add('refused', `${present} of ${facts.length} facts are there`)
    if (present > 0 && present < facts.length) add('torn', `${present} of ${facts.length} facts are there`)
    const last = tries.at(-1)
    if (key !== undefined && last?.status === 0) add('unanswered', `after ${tries.length} tries`)
    if (!wrong && last !== undefined && last.status >= 400 && !isExcused(last)) add('wrongly_refused', last.code ?? '')
    return violations
  }
  if (wrong) add('refused', 'it was accepted')
  if (answer.state === 'nothing_to_do') return violations
  const missing = found.flatMap((copies, index) => (copies.length === 0 ? [index] : []))
  if (missing.length > 0) add('lost', `facts ${missing.join(', ')} of ${facts.length}`)
  for (const each of tries) if (each.answer) violations.push(...judgeAnswer(said, each.answer, found))
  return violations
}

/** A publisher that is stopping in order may say so. */
function isExcused({ code }: { readonly code?: string }): boolean {
  return code === 'closing' || code === 'shutting_down'
}

function judgeAnswer(
  said: string,
  answer: NonNullable<ReturnType<typeof accepted>>,
  found: readonly (readonly Copy[])[],
) {
  const violations: Violation[] = []
  for (const [index, { id, at }] of answer.facts.entries()) {
    const copies = found[index] ?? []
    const ofId = copies.filter(({ fact }) => fact.id === id)
    if (copies.length > 0 && ofId.length === 0) {
      violations.push({ rule: 'altered', detail: `${said}: answered was ${id}; there is ${copies[0]?.fact.id}` })
    }
    if (at !== undefined && ofId.length > 0 && !ofId.some(({ fact }) => formatRfc3339(fact.atMs) === at)) {
      const times = ofId.map(({ fact }) => formatRfc3339(fact.atMs)).join(', ')
      violations.push({
        rule: 'altered',
        detail: `${said}: ${id} was answered with at ${at}; it lies there at ${times}`,
      })
    }
  }
  if (answer.state !== 'broadcast') return violations
  if (answer.cursor === undefined) return [...violations, { rule: 'misplaced' as const, detail: `${said}: no cursor` }]
  const { frameId, seq, epoch } = answer.cursor
  const last = found.at(-1) ?? []
  const isThere = last.some(({ frame }) => frame.frameId === frameId)
  // A stream that was replaced holds other frames: then the fact lies in another epoch.
  const isElsewhere = last.some(({ frame }) => frame.epoch !== epoch)
  if (last.length > 0 && !isThere && !isElsewhere) {
    violations.push({ rule: 'misplaced', detail: `${said}: ${frameId} at ${seq} does not hold its last fact` })
  }
  return violations
}

function judgeCopies({ stream, copies: allowed }: Evidence): readonly Violation[] {
  const violations: Violation[] = []
  const first = new Map<string, Copy[]>()
  const lifts = new Map<string, number>()
  for (const one of stream) {
    const { fact } = one
    if (fact.kind === 'issuer') continue
    const place = JSON.stringify([fact.match, fact.mode])
    const earlier = first.get(fact.id) ?? []
    first.set(fact.id, [...earlier, one as Copy])
    if (earlier.length > 0 && !isMeant(one as Copy, earlier, allowed, lifts.get(place))) {
      const where = [...earlier, one].map(
        ({ seq, frame }) => `${seq} (${frame.frameId.slice(0, 8)}, ${frame.epoch.slice(0, 8)})`,
      )
      const isSame = contentOf(fact) === contentOf((earlier[0] as Copy).fact)
      const rule = isSame ? 'copied' : 'altered'
      violations.push({ rule, detail: `${fact.note} (${fact.id}) lies at ${where.join(' and ')}` })
    }
    if (fact.kind === 'lift') lifts.set(place, Math.max(lifts.get(place) ?? 0, fact.atMs))
  }
  return violations
}

/** R10: what a lift outran goes again under a later time. R12: what was lost goes again as it was. */
function isMeant(
  copy: Copy,
  earlier: readonly Copy[],
  allowed: Evidence['copies'],
  liftAtMs: number | undefined,
): boolean {
  const { fact, frame } = copy
  const isOutrun = liftAtMs !== undefined && earlier.every((one) => one.fact.atMs <= liftAtMs) && fact.atMs > liftAtMs
  if (isOutrun && undated(fact) === undated((earlier[0] as Copy).fact)) return true
  if (allowed === 'strict') return false
  if (!earlier.some((one) => contentOf(one.fact) === contentOf(fact))) return false
  return !earlier.some((one) => one.frame.epoch === frame.epoch && one.frame.publisher === frame.publisher)
}

function contentOf(fact: Dated): string {
  return JSON.stringify(fact, Object.keys(fact).sort().concat(Object.keys(fact.match)))
}

function undated(fact: Dated): string {
  return contentOf({ ...fact, atMs: 0, expiresAtMs: 0 })
}

/** Facts of one client, one after the other: their times rise, and where they were given together, their places do. */
function judgeOrder(
  { ledger, severalPublishers }: Evidence,
  byNote: ReadonlyMap<string, readonly Copy[]>,
): readonly Violation[] {
  const violations: Violation[] = []
  const last = new Map<string, { readonly asked: Asked; readonly copy: Copy; readonly index: number }>()
  for (const asked of ledger) {
    const copy = byNote.get(`${asked.name}/0`)?.[0]
    const to = asked.tries.at(-1)?.to
    if (copy === undefined || to === undefined) continue
    if (severalPublishers && new Set(asked.tries.map((one) => one.to)).size > 1) continue
    const line = severalPublishers ? `${asked.client} ${to}` : String(asked.client)
    const index = copy.frame.facts.findIndex(
      ({ kind, ...fact }) => kind !== 'issuer' && 'id' in fact && fact.id === copy.fact.id,
    )
    const before = last.get(line)
    if (before && compare(before, { copy, index }) >= 0) {
      const detail = `${before.asked.name} is at ${before.copy.fact.atMs} in ${before.copy.seq}, ${asked.name} at ${copy.fact.atMs} in ${copy.seq}`
      violations.push({ rule: 'disordered', detail })
    }
    last.set(line, { asked, copy, index })
  }
  return violations
}

function compare(a: { copy: Copy; index: number }, b: { copy: Copy; index: number }): number {
  return a.copy.fact.atMs - b.copy.fact.atMs || a.copy.seq - b.copy.seq || a.index - b.index
}
