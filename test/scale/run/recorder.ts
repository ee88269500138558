import type { Act, Answer, Fault, History, Listed, ReplicaRun, Status, Token } from '../oracle/history.ts'

/** Writes down what is seen of a run, as it happens. */
export class Recorder {
  readonly tokens: Token[] = []
  readonly acts: Act[] = []
  readonly runs: ReplicaRun[] = []
  readonly faults: Fault[] = []
  readonly answers: Answer[] = []
  readonly statuses: Status[] = []
  /** The status of each run that was asked for last. */
  readonly latest = new Map<number, Status>()
  listed: readonly Listed[] | undefined
  readonly #staleAfterMs: number

  constructor(staleAfterMs: number) {
    this.#staleAfterMs = staleAfterMs
  }

  /** Notes a status. */
  status(status: Status): void {
    this.statuses.push(status)
    // One that was asked of a process that stood still comes late.
    if (status.sentMs >= (this.latest.get(status.run)?.sentMs ?? 0)) this.latest.set(status.run, status)
  }

  /** Changes what is noted of a run of a replica. */
  amend(run: number, changes: Partial<ReplicaRun>): void {
    this.runs[run] = { ...(this.runs[run] as ReplicaRun), ...changes }
  }

  /** Everything so far. */
  history(): History {
    const { tokens, acts, runs, faults, answers, statuses, listed } = this
    const all = { staleAfterMs: this.#staleAfterMs, tokens, acts, runs, faults, answers, statuses }
    return listed === undefined ? all : { ...all, listed }
  }
}
