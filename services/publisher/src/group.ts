import { randomBytes } from 'node:crypto'
import { type Cursor, type Fact, FRAME_REQUEST_BYTES, type FrameRequest, limits, RescindError } from '@rescind/protocol'
import type { AppliedFrame } from './applied-frames.ts'
import { ANSWER_PATIENCE_MS, FACT_SLACK_BYTES, MAX_AUDIT_IDS } from './limits.ts'
import type { AuditEntry, Waiting } from './store/store.ts'

/** A fact that is to be recorded: made for the logical time that its frame is given (R10). */
export interface PlannedFact {
  build(atMs: number): Fact
  /** True if its `expiresAtMs` does not depend on its `at` (R13). */
  readonly fixed: boolean
}

/** How far a submission came when it is answered. */
export type Outcome =
  /** In the log, and in force in the own replica. */
  | { readonly state: 'broadcast'; readonly facts: readonly Fact[]; readonly cursor: Cursor }
  /** On this publisher's disk; it goes out by itself. The `at` of its facts is not given yet. */
  | { readonly state: 'recorded'; readonly facts: readonly Fact[] }

/** Who asks for facts, and with what call. */
export type AskedBy = Pick<AuditEntry, 'principal' | 'signOn' | 'action'>

/** One request's facts, and whoever waits for what becomes of them. */
export interface Submission {
  readonly kind: Fact['kind']
  readonly planned: readonly PlannedFact[]
  /** The request that it comes from, by hashes, if that had an idempotency key. */
  readonly request: { readonly key: string; readonly body: string } | undefined
  /** True: not answered before it is broadcast. */
  readonly patient: boolean
  readonly by: AskedBy | undefined
  readonly bytes: number
  readonly facts: Fact[]
  /** How many of its facts are not in the log yet. */
  left: number
  /** One of them could not be held by the own replica. */
  unheld: boolean
  resolve(outcome: Outcome): void
  reject(error: RescindError): void
}

/** Whose fact it is, and which of theirs. */
export interface Owner {
  readonly submission: Submission
  readonly index: number
}

/** Facts that were recorded together, in memory: what is on disk, and who waits for it. */
export interface Group extends Waiting {
  /** Of each fact; empty for a group that was read from the disk. */
  readonly owners: readonly Owner[]
  /** Its times do not count: it was recorded while nothing could be appended, or by another process. */
  readonly provisional: boolean
  /** Since when it waits, by the monotonic clock; of the first, if it was merged. */
  readonly sinceMs: number
  /** Somebody was told that it is recorded: it must not be dropped any more. */
  answered: boolean
  /** Its frame may be in the log already: it must stay what it is, and nothing may join it. */
  sent: boolean
  /** Its frame was appended, and no answer came: what the log says later is no refusal of it. */
  unsure: boolean
}

/** Bytes of a frame around its facts: the header of 48, and `{"publisher":"…","facts":[],"requests":[]}` with 16 characters of id. */
export const FRAME_OVERHEAD_BYTES = 48 + 41 + 16

/** Bytes that a submission takes in its frame at most. `ERR_FRAME_TOO_LARGE` if it fits into none. */
export function sizeOfSubmission(facts: readonly Fact[], hasRequest: boolean): number {
  const bytes = facts.reduce((sum, fact) => sum + sizeOf(fact), hasRequest ? FRAME_REQUEST_BYTES : 0)
  if (bytes + FRAME_OVERHEAD_BYTES <= limits.MAX_FRAME_BYTES && facts.length <= limits.MAX_FACTS_PER_FRAME) return bytes
  const detail = `${facts.length} facts of ${bytes} bytes do not fit into one frame of ${limits.MAX_FRAME_BYTES} bytes: send them in parts`
  throw new RescindError('ERR_FRAME_TOO_LARGE', detail)
}

/** How many submissions, from the first, are of one kind and fit into one frame. */
export function batchIn(queue: readonly Submission[]): number {
  const kind = queue[0]?.kind
  let bytes = FRAME_OVERHEAD_BYTES
  let facts = 0
  const end = queue.findIndex((submission) => {
    bytes += submission.bytes
    facts += submission.planned.length
    return submission.kind !== kind || bytes > limits.MAX_FRAME_BYTES || facts > limits.MAX_FACTS_PER_FRAME
  })
  return end === -1 ? queue.length : end
}

/** Makes a group of submissions of one kind; their facts get this time. */
export function groupOf(
  batch: readonly Submission[],
  given: {
    readonly order: number
    readonly atMs: number
    readonly recordedAtMs: number
    readonly provisional: boolean
    readonly sinceMs: number
  },
): Group {
  const facts: Fact[] = []
  const fixed: number[] = []
  const requests: FrameRequest[] = []
  const owners: Owner[] = []
  for (const submission of batch) {
    const from = facts.length
    for (const [index, { build, fixed: isFixed }] of submission.planned.entries()) {
      const fact = build(given.atMs)
      submission.facts[index] = fact
      if (isFixed) fixed.push(facts.length)
      facts.push(fact)
      owners.push({ submission, index })
    }
    if (submission.request) requests.push({ ...submission.request, from, count: submission.planned.length })
  }
  const { order, recordedAtMs, provisional, sinceMs } = given
  return {
    order,
    frameId: newId(),
    facts,
    fixed,
    requests,
    recordedAtMs,
    owners,
    provisional,
    sinceMs,
    answered: false,
    sent: false,
    unsure: false,
  }
}

/** What the audit record says of a submission; nothing of what the publisher itself asks for. */
export function auditOf({ by, facts }: Submission, timeMs: number): AuditEntry[] {
  if (by === undefined) return []
  const ids = facts.slice(0, MAX_AUDIT_IDS).flatMap((fact) => (fact.kind === 'issuer' ? [] : [fact.id]))
  const [first] = facts
  const onBehalfOf = first?.kind === 'revocation' && first.onBehalfOf
  return [{ timeMs, ...by, ...(onBehalfOf && { onBehalfOf }), outcome: 'recorded', ids, count: facts.length }]
}

/** A group as it was found on the disk. */
export function foundGroup(waiting: Waiting): Group {
  return {
    ...waiting,
    owners: [],
    provisional: true,
    sinceMs: Number.NEGATIVE_INFINITY,
    answered: true,
    sent: false,
    unsure: false,
  }
}

/** What of a group goes to the disk. */
export function waitingOf({ order, frameId, facts, fixed, requests, recordedAtMs }: Group): Waiting {
  return { order, frameId, facts, fixed, requests, recordedAtMs }
}

/** The groups, from the first, that fit into one frame with it, whose times do not count yet and that were never sent. */
export function mergeable(groups: readonly Group[]): readonly Group[] {
  if (groups[0]?.sent) return groups.slice(0, 1)
  const kind = groups[0]?.facts[0]?.kind
  let bytes = FRAME_OVERHEAD_BYTES
  let facts = 0
  const end = groups.findIndex((group, index) => {
    bytes += group.facts.reduce((sum, fact) => sum + sizeOf(fact), group.requests.length * FRAME_REQUEST_BYTES)
    facts += group.facts.length
    if (index === 0) return false
    const fits = bytes <= limits.MAX_FRAME_BYTES && facts <= limits.MAX_FACTS_PER_FRAME
    return !fits || group.sent || !group.provisional || group.facts[0]?.kind !== kind
  })
  return groups.slice(0, end === -1 ? groups.length : end)
}

/** One group of several, under the frame id and order of the first; all facts get this time, and it counts. */
export function merged(groups: readonly Group[], atMs: number): Group {
  const first = groups[0] as Group
  const facts: Fact[] = []
  const fixed: number[] = []
  const requests: FrameRequest[] = []
  for (const group of groups) {
    const from = facts.length
    const isFixed = new Set(group.fixed)
    for (const [index, fact] of group.facts.entries()) facts.push(restated(fact, atMs, isFixed.has(index)))
    fixed.push(...group.fixed.map((index) => from + index))
    requests.push(...group.requests.map((request) => ({ ...request, from: from + request.from })))
  }
  const owners = groups.flatMap((group) => group.owners)
  const answered = groups.some((group) => group.answered)
  return { ...first, facts, fixed, requests, owners, answered, provisional: false }
}

/**
 * What goes again of a group, in a frame of its own (R10).
 *
 * @param indexes which facts, ascending.
 * @param unsent those of them that no frame holds yet, nor the requests that they came from.
 */
export function remainder(group: Group, indexes: readonly number[], unsent: ReadonlySet<number>): Group {
  const isFixed = new Set(group.fixed)
  const places = new Map(indexes.map((index, place) => [index, place]))
  return {
    ...group,
    frameId: newId(),
    facts: indexes.map((index) => group.facts[index] as Fact),
    fixed: indexes.flatMap((index, place) => (isFixed.has(index) ? [place] : [])),
    requests: group.requests
      .filter(({ from }) => unsent.has(from))
      .map((request) => ({ ...request, from: places.get(request.from) as number })),
    owners: group.owners.length === 0 ? [] : indexes.map((index) => group.owners[index] as Owner),
    provisional: true,
    sent: false,
    unsure: false,
  }
}

/** A fact of a group that is in the log. */
export interface Settled {
  readonly index: number
  readonly fact: Fact
  readonly cursor: Cursor
  /** The own replica could not hold it (R16). */
  readonly unheld: boolean
}

/** What became of a group's facts when a frame that bears its id was applied. */
export interface Fates {
  readonly settled: readonly Settled[]
  /** Indexes of those that go again: a newer lift outran them (R10), or the frame does not hold them. */
  readonly again: readonly number[]
  /** Those of them that the frame does not hold. */
  readonly unsent: ReadonlySet<number>
}

/** Compares a group with the frame that bears its id. */
export function fatesIn(group: Group, { frame, cursor, applied }: AppliedFrame): Fates {
  const settled: Settled[] = []
  const again: number[] = []
  const unsent = new Set<number>()
  const places = new Map(frame.facts.map((fact, place) => [identityOf(fact), place]))
  for (const [index, planned] of group.facts.entries()) {
    const place = places.get(identityOf(planned))
    const fact = place === undefined ? undefined : frame.facts[place]
    const fate = place === undefined ? undefined : applied[place]
    if (!fact) unsent.add(index)
    if (!fact || (fate === 'lifted' && fact.kind === 'revocation')) again.push(index)
    else settled.push({ index, fact, cursor, unheld: fate === 'full' })
  }
  return { settled, again, unsent }
}

/** What a fact is known by, whatever its times. */
function identityOf(fact: Fact): string {
  return fact.kind === 'issuer' ? fact.iss : fact.id
}

/** Tells those who need not wait any longer that it is recorded. */
export function answerRecorded(group: Group): void {
  group.answered = true
  for (const { submission } of group.owners) {
    if (!submission.patient) submission.resolve({ state: 'recorded', facts: submission.facts })
  }
}

/** Whoever waits for it has waited long enough. */
export function isLate({ sinceMs }: Group, nowMs: number): boolean {
  return nowMs - sinceMs > ANSWER_PATIENCE_MS
}

/** A fact of a group is in the log: whoever waits for the last of theirs is answered. */
export function settleFact({ owners }: Group, { index, fact, cursor, unheld }: Settled): void {
  const owner = owners[index]
  if (!owner) return
  const { submission } = owner
  submission.facts[owner.index] = fact
  submission.unheld ||= unheld
  submission.left -= 1
  if (submission.left > 0) return
  const { facts } = submission
  submission.resolve(submission.unheld ? { state: 'recorded', facts } : { state: 'broadcast', facts, cursor })
}

/** The same fact with the time that its frame is given: what depends on it moves with it, and never to sooner (R13). */
function restated(fact: Fact, atMs: number, isFixed: boolean): Fact {
  if (fact.kind === 'issuer' || isFixed) return { ...fact, atMs }
  return { ...fact, atMs, expiresAtMs: fact.expiresAtMs + Math.max(0, atMs - fact.atMs) }
}

function sizeOf(fact: Fact): number {
  return Buffer.byteLength(JSON.stringify(fact)) + FACT_SLACK_BYTES
}

function newId(): string {
  return randomBytes(16).toString('hex')
}
