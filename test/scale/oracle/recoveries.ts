import type { Fault, History, ReplicaRun, Status } from './history.ts'

/** From the end of a fault, or from listening, to being live. */
export const LIVE_WITHIN_MS = 5_000

/** One replica that had to become live, and when it did. */
export interface Recovery {
  readonly replica: string
  /** What it recovered from: a start, or a fault. */
  readonly after: string
  /** When that was over: from listening, or from the end of the fault. */
  readonly fromMs: number
  /** Until it was seen live; absent if it never was. */
  readonly tookMs?: number
}

/**
 * Every recovery of a history, in order of time. After a start: until it says that it is live. After a fault: until it says
 * that it is live with a proof that is younger than the fault's end; what it knew before proves nothing.
 */
export function recoveries(history: History): Recovery[] {
  const started = history.runs.flatMap((run, index) => afterStart(history, run, index))
  const ended = history.faults.flatMap((fault) => fault.runs.flatMap((index) => afterFault(history, fault, index)))
  return [...started, ...ended].sort((a, b) => a.fromMs - b.fromMs)
}

function afterStart(history: History, run: ReplicaRun, index: number): Recovery[] {
  if (run.listensMs === undefined) return run.stoppingMs === undefined ? [neverListened(run)] : []
  return recovery(history, { run, index, after: run.why, fromMs: run.listensMs, isProof: () => true })
}

function neverListened({ replica, why, startedMs }: ReplicaRun): Recovery {
  return { replica, after: why, fromMs: startedMs }
}

function afterFault(history: History, { name, kind, endedMs }: Fault, index: number): Recovery[] {
  const run = history.runs[index] as ReplicaRun
  // Nothing blinded it: what it must do is in the other rules.
  if (kind === 'lossy') return []
  const isProof = ({ sentMs, lagMs }: Status) => lagMs !== undefined && sentMs - lagMs >= endedMs
  return recovery(history, { run, index, after: name, fromMs: endedMs, isProof })
}

function recovery(
  { statuses, faults }: History,
  due: {
    readonly run: ReplicaRun
    readonly index: number
    readonly after: string
    readonly fromMs: number
    readonly isProof: (status: Status) => boolean
  },
): Recovery[] {
  const { run, index, after, fromMs, isProof } = due
  const { replica } = run
  const seenMs = statuses
    .filter((status) => status.run === index && status.sentMs >= fromMs && status.state === 'live' && isProof(status))
    .reduce((first, { receivedMs }) => Math.min(first, receivedMs), Number.POSITIVE_INFINITY)
  // It was asked to end, or the next fault came over it, before its time was over.
  const next = faults.filter(({ runs, beginningMs }) => runs.includes(index) && beginningMs >= fromMs)
  const interruptedMs = Math.min(run.stoppingMs ?? Number.POSITIVE_INFINITY, ...next.map((fault) => fault.beginningMs))
  if (interruptedMs < Math.min(seenMs, fromMs + LIVE_WITHIN_MS)) return []
  return [{ replica, after, fromMs, ...(Number.isFinite(seenMs) && { tookMs: seenMs - fromMs }) }]
}
