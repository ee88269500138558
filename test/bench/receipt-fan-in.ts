/**
 * `pnpm bench:fan-in [REPLICAS]`: what many replicas cost one publisher and one nats-server: presence every 2 s, and an answer
 * of each to every barrier. 1,000 by default, as connections of four processes. They say what replicas say, but hold
 * nothing and ask the stream's leader for nothing, so this is the cost of presence and receipts alone. Clients, broker and
 * publisher share the machine.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { postAndWait, quantile, untilEnforced, type Waited } from './post-and-wait.ts'
import { rssMb, sharesOfCore } from './process-cpu.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'
import { startWorker } from './worker.ts'

const PROCESSES = 4
const RUN_MS = 20_000
/** Requests that begin in a second, whatever became of those before; 0: none. */
const RATES = [0, 1, 20, 100]

const replicas = Number(process.argv[2] ?? 1_000)
if (!Number.isSafeInteger(replicas) || replicas < PROCESSES) throw new Error('give a number of replicas, such as 1000')

/** So many requests a second, for as long as a run lasts. */
async function drive(agent: Agent, parts: RunningParts, perSec: number): Promise<readonly Waited[]> {
  const startedMs = performance.now()
  const waiting: Promise<Waited>[] = []
  for (let n = 1; performance.now() - startedMs < RUN_MS && !parts.stop.aborted; n += 1) {
    if (perSec > 0) waiting.push(postAndWait(agent, parts))
    const nextMs = perSec > 0 ? startedMs + (n * 1_000) / perSec : startedMs + n * 100
    await pause(Math.max(0, nextMs - performance.now()))
  }
  return Promise.all(waiting)
}

async function measure(agent: Agent, parts: RunningParts, perSec: number): Promise<void> {
  const pids = { publisher: parts.deployment.publisher.pid ?? 0, broker: parts.natsPid }
  let answers: readonly Waited[] = []
  const { shares } = await sharesOfCore(pids, async () => {
    answers = await drive(agent, parts, perSec)
  })
  const proved = answers.filter(({ state, confirmed }) => state === 'enforced' && confirmed === replicas)
  const latenciesMs = proved.map(({ ms }) => ms).sort((a, b) => a - b)
  const share = (name: keyof typeof pids) => `${((shares[name] ?? Number.NaN) * 100).toFixed(0)} %`
  const mb = (name: keyof typeof pids) => rssMb(pids[name])?.now.toFixed(0) ?? ''
  const latency = proved.length === 0 ? ['', ''] : [quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99)]
  const counts = `${proved.length} of ${answers.length}`
  const cells = [perSec, counts, ...latency, share('publisher'), share('broker'), mb('publisher'), mb('broker')]
  console.log(`| ${cells.join(' | ')} |`)
}

const HEAD = [
  'waiting requests/s',
  'enforced',
  'p50 ms',
  'p99 ms',
  'publisher, of a core',
  'broker, of a core',
  'publisher MB',
  'broker MB',
]

await withRunningParts(0, async (parts) => {
  const each = Math.ceil(replicas / PROCESSES)
  const port = new URL(parts.natsUrl).port
  const starting = Array.from({ length: PROCESSES }, (_, index) => {
    const count = Math.min(each, replicas - index * each)
    return startWorker('presence-clients.ts', [port, index * each, count])
  })
  const workers = await Promise.all(starting)
  const agent = new Agent({ keepAlive: true })
  try {
    await untilEnforced(agent, parts, replicas)
    console.log(`node ${process.version}, nats-server ${parts.natsVersion}, ${replicas} replicas`)
    console.log(`| ${HEAD.join(' | ')} |\n| ${HEAD.map(() => '---').join(' | ')} |`)
    for (const perSec of RATES) await measure(agent, parts, perSec)
  } finally {
    agent.destroy()
    await Promise.all(workers.map((worker) => worker.stop()))
  }
})
