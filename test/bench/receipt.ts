/**
 * `pnpm bench:receipt`: how long it takes from a POST to the receipt of 50 of 50 replicas: real ones, in five processes, on a
 * real nats-server. One client, one request at a time. Everything shares the machine.
 */
import { Agent } from 'node:http'
import { startChild } from './children.ts'
import { postAndWait, quantile, untilEnforced } from './post-and-wait.ts'
import { withRunningParts } from './running-parts.ts'

const PROCESSES = 5
const REPLICAS_OF_EACH = 10
const WARM_UP = 200
const REQUESTS = 2_000

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
    let missed = 0
    for (let n = 0; n < REQUESTS && !parts.stop.aborted; n += 1) {
      const { state, confirmed, ms } = await postAndWait(agent, parts)
      if (state === 'enforced' && confirmed === all) latenciesMs.push(ms)
      else missed += 1
    }
    latenciesMs.sort((a, b) => a - b)
    const [p50, p99] = [0.5, 0.99].map((share) => quantile(latenciesMs, share))
    console.log(
      `node ${process.version}, nats-server ${parts.natsVersion}; POST to receipt of ${all} of ${all} replicas:`,
    )
    console.log(`p50 ${p50} ms (goal: below 5), p99 ${p99} ms (goal: below 25); ${missed} of ${REQUESTS} without it`)
  } finally {
    agent.destroy()
    await Promise.all(children.map((child) => child.stop()))
  }
})
