import type { Answer, Fault, History, ReplicaRun, Status } from './history.ts'
import { Knowledge } from './knowledge.ts'
import { LIVE_WITHIN_MS, type Recovery, recoveries } from './recoveries.ts'
import { type Asked, Verdicts } from './verdicts.ts'

/** What can be wrong with a run; the key stays, the text is for people. */
export const RULES = {
  accepted_revoked: 'a live replica accepted a token that it had to refuse',
  forgotten: 'a replica did not refuse, stale or not, what it had already reached',
  refused_wrongly: 'a token was refused as revoked that nothing revokes',
  unavailable: 'a replica could not know, and nothing was wrong with it',
  stall_hidden: 'a replica that nothing could prove fresh answered as if it were',
  no_answer: 'a replica did not answer, and nothing was wrong with it',
  odd_answer: 'a replica answered with a status that is none of 200, 401, 503',
  went_back: 'a replica reported a cursor before one that it had reported',
  not_live_again: `a replica was not live within ${LIVE_WITHIN_MS / 1000} s`,
  digests_differ: 'at the end the replicas do not hold the same',
} as const

/** One thing that must not be, with what was seen. */
export interface Violation {
  readonly rule: keyof typeof RULES
  readonly atMs: number
  readonly detail: string
}

/**
 * Judges a run by what was seen of it: a pure function of the history. It never takes for wrong what may be right, because
 * of what was under way; it takes for wrong everything else. In order of time.
 */
export function judge(history: History): Violation[] {
  const judged = [
    ...history.runs.flatMap((_, run) => new RunJudge(history, run).judge()),
    ...recoveries(history).filter(isLate).map(late),
    ...digestsDiffer(history),
  ]
  return judged.sort((a, b) => a.atMs - b.atMs)
}

const VERDICTS = new WeakMap<History, Verdicts>()

/** The same for all runs of a history. */
function verdictsOf(history: History): Verdicts {
  const verdicts = VERDICTS.get(history) ?? new Verdicts(history)
  VERDICTS.set(history, verdicts)
  return verdicts
}

/** Judges what one run of a replica said. */
class RunJudge {
  readonly #history: History
  readonly #index: number
  readonly #run: ReplicaRun
  readonly #faults: readonly Fault[]
  readonly #knowledge: Knowledge
  readonly #verdicts: Verdicts
  readonly #statuses: readonly Status[]
  readonly #violations: Violation[] = []

  constructor(history: History, index: number) {
    this.#history = history
    this.#index = index
    this.#run = history.runs[index] as ReplicaRun
    this.#faults = history.faults.filter(({ runs }) => runs.includes(index))
    this.#statuses = history.statuses.filter(({ run }) => run === index)
    this.#knowledge = new Knowledge(this.#statuses)
    this.#verdicts = verdictsOf(history)
  }

  judge(): readonly Violation[] {
    for (const answer of this.#history.answers) if (answer.run === this.#index) this.#judgeAnswer(answer)
    this.#judgeCursors()
    return this.#violations
  }

  #judgeAnswer(answer: Answer): void {
    const { status, receivedMs } = answer
    if (status === 200) this.#judgeAccepted(answer)
    else if (status === 401) this.#judgeRefused(answer)
    // Whoever is asked to end may be unreachable, or closed, from then on.
    else if (receivedMs >= (this.#run.stoppingMs ?? Number.POSITIVE_INFINITY)) return
    else if (status === 503) this.#judgeUnknown(answer)
    else if (status !== 0) this.#report('odd_answer', answer, `${status}`)
    else if (!this.#mayBeSilent(answer)) this.#report('no_answer', answer, `for ${ms(receivedMs - answer.sentMs)}`)
  }

  #judgeAccepted(answer: Answer): void {
    const { staleAfterMs } = this.#history
    const handledFromMs = this.#handledFromMs(answer)
    const certain = this.#verdicts.mustRefuse(this.#asked(answer, handledFromMs - staleAfterMs))
    if (certain) {
      const { act, why } = certain
      const since = ms(answer.sentMs - act.answeredMs)
      this.#report(
        'accepted_revoked',
        answer,
        `${JSON.stringify(act.match)} (${act.mode}), known: ${why}; ${since} old`,
      )
    }
    // What was asked before the end and answered after it may rest on a proof of after it.
    const unproved = this.#faults.find(
      ({ kind, begunMs, endingMs }) =>
        kind === 'unreachable' && handledFromMs > begunMs + staleAfterMs && answer.receivedMs < endingMs,
    )
    if (unproved) this.#report('stall_hidden', answer, `${ms(answer.sentMs - unproved.begunMs)} into: ${unproved.name}`)
  }

  #judgeRefused(answer: Answer): void {
    // A refusal does not show that it was live: R18, revoked stands when stale.
    if (this.#verdicts.mayRefuse(this.#asked(answer, Number.NEGATIVE_INFINITY))) return
    this.#report('refused_wrongly', answer, JSON.stringify(this.#history.tokens[answer.token]))
  }

  #judgeUnknown(answer: Answer): void {
    const certain = this.#verdicts.mustRefuse(this.#asked(answer, Number.NEGATIVE_INFINITY))
    if (certain?.why === 'reached') this.#report('forgotten', answer, JSON.stringify(certain.act.match))
    if (!this.#mayBeUnknown(answer)) this.#report('unavailable', answer, '503')
  }

  /** Until it is live for the first time, and around what makes it blind: until 5 s after its end. */
  #mayBeUnknown({ sentMs, receivedMs }: Answer): boolean {
    const { listensMs = Number.POSITIVE_INFINITY } = this.#run
    if (sentMs <= listensMs + LIVE_WITHIN_MS) return true
    const blinding = this.#faults.filter(({ kind }) => kind !== 'lossy')
    return blinding.some(({ beginningMs, endedMs }) => receivedMs >= beginningMs && sentMs <= endedMs + LIVE_WITHIN_MS)
  }

  /** Before it listens, and while its process stands still. */
  #mayBeSilent({ sentMs, receivedMs }: Answer): boolean {
    if (sentMs < (this.#run.listensMs ?? Number.POSITIVE_INFINITY)) return true
    const still = this.#faults.filter(({ kind }) => kind === 'paused')
    return still.some(({ beginningMs, endedMs }) => receivedMs >= beginningMs && sentMs <= endedMs)
  }

  /** A process that stands still handles nothing: what is sent to it meanwhile is handled when it goes on. */
  #handledFromMs({ sentMs }: Answer): number {
    const still = this.#faults.find(
      ({ kind, begunMs, endingMs }) => kind === 'paused' && sentMs >= begunMs && sentMs < endingMs,
    )
    return still?.endingMs ?? sentMs
  }

  #asked({ token, sentMs, receivedMs }: Answer, freshSinceMs: number): Asked {
    return { token, knowledge: this.#knowledge, sentMs, receivedMs, freshSinceMs }
  }

  #judgeCursors(): void {
    const inOrder = this.#statuses.filter(({ cursor }) => cursor).sort((a, b) => a.sentMs - b.sentMs)
    for (const [index, { cursor, sentMs, receivedMs }] of inOrder.entries()) {
      // Only what was answered before this was asked is certainly older.
      const before = inOrder.slice(Math.max(0, index - 5), index).filter((status) => status.receivedMs <= sentMs)
      const back = before.find((status) => status.cursor?.epoch === cursor?.epoch && seqOf(status) > (cursor?.seq ?? 0))
      if (back) this.#report('went_back', { receivedMs }, `from ${seqOf(back)} to ${cursor?.seq}`)
    }
  }

  #report(rule: Violation['rule'], { receivedMs }: { readonly receivedMs: number }, detail: string): void {
    this.#violations.push({ rule, atMs: receivedMs, detail: `${this.#run.replica} (${this.#run.why}): ${detail}` })
  }
}

function seqOf({ cursor }: Status): number {
  return cursor?.seq ?? 0
}

function isLate({ tookMs }: Recovery): boolean {
  return tookMs === undefined || tookMs > LIVE_WITHIN_MS
}

function late({ replica, after, fromMs, tookMs }: Recovery): Violation {
  const took = tookMs === undefined ? 'never seen live again' : `after ${ms(tookMs)}`
  return { rule: 'not_live_again', atMs: fromMs, detail: `${replica}, ${after}: ${took}` }
}

/** Every replica that is to live at the end, and the publisher's own, is at one cursor with one digest. */
function digestsDiffer({ listed, runs }: History): Violation[] {
  const report = (detail: string): Violation[] => [{ rule: 'digests_differ', atMs: Number.MAX_VALUE, detail }]
  if (listed === undefined) return report('the publisher was not asked')
  const living = runs.filter(({ stoppingMs }) => stoppingMs === undefined).length
  const replicas = listed.filter(({ name }) => !name.startsWith('publisher-')).length
  if (replicas !== living) return report(`${replicas} replicas are listed, and ${living} live`)
  if (replicas === listed.length) return report("the publisher's own replica is not listed")
  const kinds = new Set(listed.map(({ cursor, digest }) => JSON.stringify([cursor, digest])))
  if (kinds.size === 1 && listed.every(({ digest }) => digest !== undefined)) return []
  return report(listed.map(({ name, cursor, digest }) => `${name} at ${cursor?.seq}: ${digest?.value}`).join('; '))
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}
