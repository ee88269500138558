/**
 * `pnpm bench:idle [ENTRIES]`: what Rescind costs while nothing happens. Broker, publisher and three APIs, each a process of
 * its own, are watched for 30 s. With a number, so many users are revoked first, and then one more API starts from a
 * snapshot of them all: what memory it takes, and how long it takes to be live.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { postRevocations } from './post-revocations.ts'
import { cpuSec, rssMb, sharesOfCore } from './process-cpu.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'

const WATCH_MS = 30_000
/** Well below what fits into one frame. */
const IN_ONE_REQUEST = 500
const CLIENTS = 4

async function revoke(entries: number, parts: RunningParts): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  let left = Math.ceil(entries / IN_ONE_REQUEST)
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const status = await postRevocations(agent, parts, IN_ONE_REQUEST)
      if (status !== '201') throw new Error(`the publisher answered ${status}`)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  agent.destroy()
}

/** One more API: how long after it listened it was live, and what processor time it took, in words. */
async function startLater({ deployment, calls }: RunningParts): Promise<string> {
  const part = await deployment.startReplica('api-later')
  const before = { ms: performance.now(), cpu: cpuSec(part.pid ?? 0) ?? Number.NaN }
  await calls.ready(part)
  const sec = (performance.now() - before.ms) / 1000
  const cpu = (cpuSec(part.pid ?? 0) ?? Number.NaN) - before.cpu
  return `api-later was live ${sec.toFixed(1)} s after it listened, for which it took ${cpu.toFixed(1)} s of CPU`
}

const entries = Number(process.argv[2] ?? 0)
if (!Number.isSafeInteger(entries) || entries < 0) throw new Error('give a number of entries, such as 1000000')

await withRunningParts(3, async (parts) => {
  const { deployment, natsPid, natsVersion, stop } = parts
  await revoke(entries, parts)
  const later = entries === 0 ? undefined : await startLater(parts)
  const { publisher, replicas } = deployment
  const pids = Object.fromEntries([publisher, ...replicas].map(({ name, pid = 0 }) => [name, pid]))
  const all = { 'nats-server': natsPid, ...pids }
  const deadlineMs = performance.now() + WATCH_MS
  const { shares, elapsedSec } = await sharesOfCore(all, async () => {
    while (performance.now() < deadlineMs) await pause(100, undefined, { signal: stop })
  })
  const what = `${entries.toLocaleString('en')} entries, ${elapsedSec.toFixed(0)} s without a request`
  console.log(`node ${process.version}, nats-server ${natsVersion}: ${what}`)
  if (later !== undefined) console.log(later)
  console.log('| process | share of one core | resident MB | most MB |')
  console.log('| --- | --- | --- | --- |')
  for (const [name, pid] of Object.entries(all)) {
    const { now, most } = rssMb(pid) ?? {}
    const share = shares[name] === undefined ? '' : `${(shares[name] * 100).toFixed(2)} %`
    console.log(`| ${[name, share, now?.toFixed(0) ?? '', most?.toFixed(0) ?? ''].join(' | ')} |`)
  }
})
