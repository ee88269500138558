import type { Answer, Fault, History, ReplicaRun } from './history.ts'
import { LIVE_WITHIN_MS } from './recoveries.ts'

/**
 * Within this long of listening, or of the end of what blinded it, a replica was seen to accept something and to refuse
 * something: it may take its time to be live, and is then asked dozens of times a second, half of it about what was revoked.
 */
export const HEARD_WITHIN_MS = LIVE_WITHIN_MS + 3_000

/** A time in which nothing blinded a run. */
interface Calm {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The answers that a run lacks, for each time in which nothing blinded it for longer than {@link HEARD_WITHIN_MS}. A run that
 * nobody asked breaks no other rule.
 */
export function unheard(history: History, index: number): { readonly atMs: number; readonly detail: string }[] {
  const answers = history.answers.filter(({ run }) => run === index)
  return calms(history, index).flatMap(({ fromMs, toMs }) => {
    if (toMs - fromMs <= HEARD_WITHIN_MS) return []
    const within = ({ sentMs, receivedMs }: Answer) => sentMs >= fromMs && receivedMs <= toMs
    const missing = [200, 401].filter((status) => !answers.some((answer) => answer.status === status && within(answer)))
    if (missing.length === 0) return []
    return [{ atMs: toMs, detail: `no ${missing.join(' and no ')} in ${Math.round(toMs - fromMs)} ms` }]
  })
}

function calms(history: History, index: number): Calm[] {
  const { listensMs, stoppingMs = endOf(history) } = history.runs[index] as ReplicaRun
  if (listensMs === undefined) return []
  const found: Calm[] = []
  let fromMs = listensMs
  for (const { beginningMs, endedMs } of blinding(history, index)) {
    found.push({ fromMs, toMs: beginningMs })
    fromMs = Math.max(fromMs, endedMs)
  }
  return [...found, { fromMs, toMs: stoppingMs }]
}

function blinding({ faults }: History, index: number): Fault[] {
  const its = faults.filter(({ runs, kind }) => runs.includes(index) && kind !== 'lossy')
  return its.sort((a, b) => a.beginningMs - b.beginningMs)
}

/** When the last thing was seen of anybody. */
function endOf({ acts, answers, statuses }: History): number {
  const times = [acts.map(({ answeredMs }) => answeredMs), ...[answers, statuses].map((seen) => seen.map(timeOf))]
  return times.flat().reduce((last, atMs) => Math.max(last, atMs), 0)
}

function timeOf({ receivedMs }: { readonly receivedMs: number }): number {
  return receivedMs
}
