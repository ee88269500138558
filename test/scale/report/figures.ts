import type { Act, Answer, Fault, History } from '../oracle/history.ts'
import { type Recovery, recoveries } from '../oracle/recoveries.ts'

/** One revocation as one replica came to refuse it. Milliseconds. */
export interface Propagation {
  readonly replica: string
  /** When it was sent to the publisher, on the observer's clock. */
  readonly sentMs: number
  /** From sending the `POST` to the first refusal seen. */
  readonly fromSending: number
  /** From the publisher's answer to the first refusal seen; 0 if the refusal was seen before it. */
  readonly fromAnswer: number
  /** From sending the last question that was answered 200: the truth lies within this, before the refusal that was seen. */
  readonly sampledWithin: number
  /** A fault of this replica was at work: its figures are the fault's, not the way's. */
  readonly inFault: boolean
}

/** Every watched revocation, on the replica that it was watched on and that was seen to accept its token before. */
export function propagations(history: History): Propagation[] {
  const byJti = new Map(history.tokens.map(({ claims: { jti } }, index) => [jti, index]))
  const asked = new Map<number, Answer[]>()
  const watched = history.acts.flatMap((act) => {
    const token = act.outcome === 'acknowledged' ? byJti.get(act.match.jti) : undefined
    if (act.watchedOn === undefined || token === undefined) return []
    const answers: Answer[] = []
    asked.set(token, answers)
    return [{ act, run: act.watchedOn, answers }]
  })
  for (const answer of history.answers) asked.get(answer.token)?.push(answer)
  return watched.flatMap(({ act, run, answers }) => {
    return (
      propagation(
        history,
        act,
        run,
        answers.filter((answer) => answer.run === run),
      ) ?? []
    )
  })
}

function propagation(history: History, { sentMs, answeredMs }: Act, run: number, answers: readonly Answer[]) {
  const refused = answers.filter(({ status }) => status === 401)
  const firstMs = Math.min(...refused.map(({ receivedMs }) => receivedMs))
  const accepted = answers.filter(({ status, receivedMs }) => status === 200 && receivedMs <= firstMs)
  const lastMs = Math.max(...accepted.map((answer) => answer.sentMs))
  if (!Number.isFinite(firstMs) || !accepted.some(({ receivedMs }) => receivedMs <= sentMs)) return undefined
  return {
    replica: history.runs[run]?.replica ?? '',
    sentMs,
    fromSending: firstMs - sentMs,
    fromAnswer: Math.max(0, firstMs - answeredMs),
    sampledWithin: firstMs - lastMs,
    inFault: history.faults.some((fault) => isAtWork(fault, run, sentMs, firstMs)),
  }
}

function isAtWork({ runs, beginningMs, endedMs }: Fault, run: number, fromMs: number, toMs: number): boolean {
  return runs.includes(run) && toMs >= beginningMs && fromMs <= endedMs
}

/** How a number of measurements lie. */
export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Percentiles by nearest rank; of nothing all are NaN. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Of one replica, over all its runs, or of all. */
export interface ReplicaFigures {
  readonly replica: string
  readonly fromSending: Spread
  readonly fromAnswer: Spread
  readonly sampledWithin: Spread
  /** Refused while a fault was at work on it, and not counted here. */
  readonly inFaults: number
}

/** After one kind of start or fault: how long it took until all of its replicas were live. */
export interface RecoveryFigures {
  readonly after: string
  readonly replicas: number
  /** Milliseconds; undefined if one never was. */
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
}

/** What a run is told by. */
export interface Figures {
  readonly replicas: readonly ReplicaFigures[]
  readonly recoveries: readonly RecoveryFigures[]
  readonly counts: Readonly<Record<string, number>>
}

/** Everything that the table shows. */
export function figuresOf(history: History): Figures {
  const all = propagations(history)
  const names = [...new Set(all.map(({ replica }) => replica))].sort()
  return {
    replicas: [
      ...names.map((name) =>
        replicaFigures(
          name,
          all.filter(({ replica }) => replica === name),
        ),
      ),
      replicaFigures('all', all),
    ],
    recoveries: recoveryFigures(recoveries(history)),
    counts: countsOf(history),
  }
}

function replicaFigures(replica: string, all: readonly Propagation[]): ReplicaFigures {
  const calm = all.filter(({ inFault }) => !inFault)
  return {
    replica,
    fromSending: spreadOf(calm.map(({ fromSending }) => fromSending)),
    fromAnswer: spreadOf(calm.map(({ fromAnswer }) => fromAnswer)),
    sampledWithin: spreadOf(calm.map(({ sampledWithin }) => sampledWithin)),
    inFaults: all.length - calm.length,
  }
}

function recoveryFigures(all: readonly Recovery[]): RecoveryFigures[] {
  return [...new Set(all.map(({ after }) => after))].map((after) => {
    const took = all.filter((one) => one.after === after).map(({ tookMs }) => tookMs ?? Number.POSITIVE_INFINITY)
    const ms = (value: number) => (Number.isFinite(value) ? value : undefined)
    return { after, replicas: took.length, firstMs: ms(Math.min(...took)), lastMs: ms(Math.max(...took)) }
  })
}

function countsOf({ acts, answers, statuses, tokens, runs }: History): Record<string, number> {
  const acted = (kind: Act['kind'], ...outcomes: readonly Act['outcome'][]) =>
    acts.filter((act) => act.kind === kind && outcomes.includes(act.outcome)).length
  const answered = (status: number) => answers.filter((answer) => answer.status === status).length
  return {
    'processes of replicas': runs.length,
    'revocations acknowledged': acted('revocation', 'acknowledged'),
    'lifts acknowledged': acted('lift', 'acknowledged'),
    'revocations and lifts in doubt (the broker was away)': acted('revocation', 'in_doubt') + acted('lift', 'in_doubt'),
    'tokens asked about': tokens.length,
    'questions with a token': answers.length,
    'answered 200': answered(200),
    'answered 401': answered(401),
    'answered 503': answered(503),
    'not answered (the process was gone, or stood still)': answered(0),
    'looks at a status': statuses.length,
  }
}
