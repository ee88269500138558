import { unrest } from './at-rest.ts'
import { doubleFrames, stepsBack } from './cursors.ts'
import { unheard } from './hearing.ts'
import type { Answer, Fault, History, ReplicaRun, Status } from './history.ts'
import { Knowledge, LAG_ROUNDING_MS } from './knowledge.ts'
import { LISTENS_WITHIN_MS, LIVE_WITHIN_MS, type Recovery, recoveries } from './recoveries.ts'
import { type Asked, Verdicts } from './verdicts.ts'
import type { Violation } from './violation.ts'

/**
 * Judges a run by what was seen of it: a pure function of the history. It never takes for wrong what may be right, because
 * of what was under way; it takes for wrong everything else. In order of time.
 */
export function judge(history: History): Violation[] {
  const judged = [
    ...history.runs.flatMap((_, run) => new RunJudge(history, run).judge()),
    ...recoveries(history).filter(isLate).map(late),
    ...doubleFrames(history).map((seen): Violation => ({ rule: 'two_frames', ...seen })),
    ...restless(history),
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
  readonly #answers: readonly Answer[]
  readonly #violations: Violation[] = []

  constructor(history: History, index: number) {
    this.#history = history
    this.#index = index
    this.#run = history.runs[index] as ReplicaRun
    this.#faults = history.faults.filter(({ runs }) => runs.includes(index))
    this.#statuses = history.statuses.filter(({ run }) => run === index)
    this.#answers = history.answers.filter(({ run }) => run === index)
    this.#knowledge = new Knowledge(this.#statuses, this.#answers, history.staleAfterMs)
    this.#verdicts = verdictsOf(history)
  }

  judge(): readonly Violation[] {
    for (const answer of this.#answers) this.#judgeAnswer(answer)
    for (const status of this.#statuses) this.#judgeStatus(status)
    for (const { atMs, detail } of stepsBack(this.#statuses)) this.#report('went_back', { receivedMs: atMs }, detail)
    for (const { atMs, detail } of unheard(this.#history, this.#index)) {
      this.#report('unheard', { receivedMs: atMs }, detail)
    }
    this.#judgeStart()
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

  /** R19. The state and the lag are not read in the same instant. */
  #judgeStatus(status: Status): void {
    const { state, lagMs = 0 } = status
    if (state !== 'live' || lagMs <= this.#history.staleAfterMs + LAG_ROUNDING_MS) return
    this.#report('live_too_long', status, `${ms(lagMs)} after its last proof`)
  }

  /** One that is to live for good has to listen some time. */
  #judgeStart(): void {
    const { startedMs, listensMs, stoppingMs = Number.POSITIVE_INFINITY } = this.#run
    if ((listensMs ?? stoppingMs) - startedMs <= LISTENS_WITHIN_MS) return
    const when = listensMs === undefined ? 'never' : `after ${ms(listensMs - startedMs)}`
    this.#report('not_listening', { receivedMs: startedMs }, when)
  }

  #report(rule: Violation['rule'], { receivedMs }: { readonly receivedMs: number }, detail: string): void {
    this.#violations.push({ rule, atMs: receivedMs, detail: `${this.#run.replica} (${this.#run.why}): ${detail}` })
  }
}

function isLate({ tookMs }: Recovery): boolean {
  return tookMs === undefined || tookMs > LIVE_WITHIN_MS
}

function late({ replica, after, fromMs, tookMs }: Recovery): Violation {
  const took = tookMs === undefined ? 'never seen live again' : `after ${ms(tookMs)}`
  return { rule: 'not_live_again', atMs: fromMs, detail: `${replica}, ${after}: ${took}` }
}

function restless(history: History): Violation[] {
  const detail = unrest(history)
  return detail === undefined ? [] : [{ rule: 'digests_differ', atMs: Number.MAX_VALUE, detail }]
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}
