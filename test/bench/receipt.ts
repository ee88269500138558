import { Agent } from 'node:http'
import { cumulative, quantileOf, sorted } from './distribution.ts'
import { postAndWait, untilEnforced } from './post-and-wait.ts'
import { postRevocations } from './post-revocations.ts'
import type { Bench, Findings, Question } from './question.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'
import { startWorker } from './worker.ts'

const PROCESSES = 5
const REPLICAS_OF_EACH = 10
const REPLICAS = PROCESSES * REPLICAS_OF_EACH
const REQUESTS = { full: 1_200, short: 200 }
const WARM_UP = 200

/**
 * G13. Real replicas, presence and proofs of their own going on; one client, one request after the other. Each is followed by one
 * that does not wait: what a receipt adds is the difference.
 */
export const RECEIPT: Question = {
  id: 'G13',
  title: `From a POST with ?wait=enforced to the receipt of ${REPLICAS} of ${REPLICAS} replicas`,
  ask: (bench) =>
    withRunningParts(
      0,
      async (parts) => {
        const starting = Array.from({ length: PROCESSES }, (_, index) =>
          startWorker('receipt-replicas.ts', [parts.natsUrl, index * REPLICAS_OF_EACH, REPLICAS_OF_EACH]),
        )
        const workers = await Promise.all(starting)
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        try {
          bench.tell(`${REPLICAS} replicas are there; waiting until the publisher has heard all of them`)
          await untilEnforced(agent, parts, REPLICAS)
          return findings(await measure(agent, parts, bench), parts.natsVersion)
        } finally {
          agent.destroy()
          await Promise.all(workers.map((worker) => worker.stop()))
        }
      },
      bench.stop,
    ),
}

interface Measured {
  readonly tookMs: readonly number[]
  /** Of those that did not wait. */
  readonly unprovedMs: readonly number[]
  readonly missed: number
}

async function measure(agent: Agent, parts: RunningParts, { short, tell }: Bench): Promise<Measured> {
  for (let n = 0; n < WARM_UP; n += 1) await postAndWait(agent, parts)
  const requests = short ? REQUESTS.short : REQUESTS.full
  tell(`${requests} requests that wait, and as many that do not`)
  const unprovedMs: number[] = []
  const tookMs: number[] = []
  let missed = 0
  for (let n = 0; n < requests && !parts.stop.aborted; n += 1) {
    const { state, confirmed, ms } = await postAndWait(agent, parts)
    if (state === 'enforced' && confirmed === REPLICAS) tookMs.push(ms)
    else missed += 1
    const startedMs = performance.now()
    if ((await postRevocations(agent, parts, 1)) === '201') unprovedMs.push(performance.now() - startedMs)
  }
  return { tookMs: sorted(tookMs), unprovedMs: sorted(unprovedMs), missed }
}

function findings({ tookMs, unprovedMs, missed }: Measured, natsVersion: string): Findings {
  const [p50, p99] = [quantileOf(tookMs, 0.5), quantileOf(tookMs, 0.99)]
  const figures = (values: readonly number[]) =>
    [0.5, 0.9, 0.99, 0.999].map((share) => quantileOf(values, share).toFixed(2))
  const of = tookMs.length + missed
  return {
    goals: [
      { what: 'p50', wanted: 'below 5 ms', measured: `${p50.toFixed(1)} ms`, met: p50 < 5 },
      { what: 'p99', wanted: 'below 25 ms', measured: `${p99.toFixed(1)} ms`, met: p99 < 25 },
    ],
    columns: ['', 'p50 ms', 'p90 ms', 'p99 ms', 'p99.9 ms', 'receipts of all'],
    rows: [
      ['POST to receipt', ...figures(tookMs), `${tookMs.length} of ${of}`],
      ['POST that does not wait', ...figures(unprovedMs), ''],
    ],
    plot: {
      title: `G13: POST to the receipt of ${REPLICAS}`,
      x: { label: 'ms', logarithmic: true },
      y: { label: '% of requests' },
      series: [cumulative('POST to receipt', tookMs), cumulative('POST that does not wait', unprovedMs)],
    },
    notes: [
      `${PROCESSES} processes with ${REPLICAS_OF_EACH} replicas each; the client, the publisher and the broker are on the same cores.`,
      'In it: the fsync of the Store, the append, a barrier, and the answers of all replicas.',
    ],
    versions: { 'nats-server': natsVersion },
  }
}
