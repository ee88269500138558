/**
 * `pnpm bench:receipt`: how long it takes from a POST to the receipt of 50 of 50 replicas: real ones, in five processes, on a
 * real nats-server. One client, one request at a time. Everything shares the machine, so each is followed by one that does not
 * wait: what a receipt adds is the difference.
 */
import { Agent } from 'node:http'
import { startChild } from './children.ts'
import { postAndWait, quantile, untilEnforced } from './post-and-wait.ts'
import { postRevocations } from './post-revocations.ts'
import { withRunningParts } from './running-parts.ts'

const PROCESSES = 5
const REPLICAS_OF_EACH = 10
const WARM_UP = 200
const REQUESTS = 1_000

function quantiles(latenciesMs: number[]): string[] {
  latenciesMs.sort((a, b) => a - b)
  return [0.5, 0.99].map((share) => quantile(latenciesMs, share))
}

await withRunningParts(0, async (parts) => {
  const starting = Array.from({ length: PROCESSES }, (_, index) =>
    startChild('receipt-replicas.ts', [parts.natsUrl, String(index * REPLICAS_OF_EACH), String(REPLICAS_OF_EACH)]),
  )
  const children = await Promise.all(starting)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const all = PROCESSES * REPLICAS_OF_EACH
    await untilEnforced(agent, parts, all)
    for (let n = 0; n < WARM_UP; n += 1) await postAndWait(agent, parts)
    const latenciesMs: number[] = []
    const plainMs: number[] = []
    let missed = 0
    for (let n = 0; n < REQUESTS && !parts.stop.aborted; n += 1) {
      const { state, confirmed, others, ms } = await postAndWait(agent, parts)
      if (state === 'enforced' && confirmed === all) latenciesMs.push(ms)
      else {
        missed += 1
        console.log(`${state} after ${ms.toFixed(0)} ms, ${confirmed} of ${all}: ${others}`)
      }
      const startedMs = performance.now()
      await postRevocations(agent, parts, 1)
      plainMs.push(performance.now() - startedMs)
    }
    const [p50, p99] = quantiles(latenciesMs)
    const [plain50, plain99] = quantiles(plainMs)
    console.log(
      `node ${process.version}, nats-server ${parts.natsVersion}; POST to receipt of ${all} of ${all} replicas:`,
    )
    console.log(`p50 ${p50} ms (goal: below 5), p99 ${p99} ms (goal: below 25); ${missed} of ${REQUESTS} without it`)
    console.log(`the same without waiting for it: p50 ${plain50} ms, p99 ${plain99} ms`)
  } finally {
    agent.destroy()
    await Promise.all(children.map((child) => child.stop()))
  }
})
