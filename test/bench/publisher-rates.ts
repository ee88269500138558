/**
 * `pnpm bench:publisher`: single revocations and arrays of a hundred over HTTP, from one client and from many, to one
 * publisher on a real nats-server, with three APIs that follow. Each answer means: in the stream, and in force in the
 * publisher's own replica. Group commit shows in the frames: fewer than requests. Client, broker, publisher and APIs share
 * the machine, so rates are what is left for each; processor time per revocation stays the same on a busy one.
 */
import { Agent } from 'node:http'
import { natsLog } from '@rescind/log'
import { postRevocations } from './post-revocations.ts'
import { sharesOfCore } from './process-cpu.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'

const RUN_MS = 8_000
const WARM_UP_MS = 3_000

interface Load {
  readonly clients: number
  /** Revocations of one request: 1 is an object, more are an array. */
  readonly revocations: number
}

const LOADS: readonly Load[] = [
  { clients: 1, revocations: 1 },
  { clients: 16, revocations: 1 },
  { clients: 64, revocations: 1 },
  { clients: 256, revocations: 1 },
  { clients: 4, revocations: 100 },
]

interface Measured {
  readonly latenciesMs: readonly number[]
  readonly failed: ReadonlyMap<string, number>
}

/** So many clients, each with one request under way at a time, for so long. */
async function drive({ clients, revocations }: Load, parts: RunningParts, forMs: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const latenciesMs: number[] = []
  const failed = new Map<string, number>()
  const deadlineMs = performance.now() + forMs
  const client = async (): Promise<void> => {
    while (performance.now() < deadlineMs && !parts.stop.aborted) {
      const startedMs = performance.now()
      const status = await postRevocations(agent, parts, revocations)
      if (status === '201') latenciesMs.push(performance.now() - startedMs)
      else failed.set(status, (failed.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), failed }
}

async function measure(load: Load, parts: RunningParts, lastSeq: () => Promise<number>): Promise<void> {
  const { deployment, natsPid } = parts
  const pids = {
    publisher: deployment.publisher.pid ?? 0,
    'nats-server': natsPid,
    api: deployment.replicas[0]?.pid ?? 0,
  }
  const firstFrame = await lastSeq()
  let measured: Measured = { latenciesMs: [], failed: new Map() }
  const { shares, elapsedSec } = await sharesOfCore(pids, async () => {
    measured = await drive(load, parts, RUN_MS)
  })
  const { latenciesMs, failed } = measured
  const frames = (await lastSeq()) - firstFrame
  const at = (share: number) => (latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(1)
  const revocationsPerSec = (latenciesMs.length * load.revocations) / elapsedSec
  const cpuMs = (name: keyof typeof pids) => (((shares[name] ?? Number.NaN) * 1000) / revocationsPerSec).toFixed(3)
  const cells = [
    load.clients,
    load.revocations,
    Math.round(latenciesMs.length / elapsedSec),
    Math.round(revocationsPerSec),
    at(0.5),
    at(0.99),
    (latenciesMs.length / frames).toFixed(1),
    cpuMs('publisher'),
    cpuMs('nats-server'),
    cpuMs('api'),
  ]
  console.log(`| ${cells.join(' | ')} |`)
  for (const [what, count] of failed) console.log(`  ${count} x ${what}`)
}

const HEAD = [
  'clients',
  'revocations per request',
  'requests/s',
  'revocations/s',
  'p50 ms',
  'p99 ms',
  'requests per frame',
  'publisher',
  'nats-server',
  'each API',
]

await withRunningParts(3, async (parts) => {
  const connection = await natsLog({ servers: parts.natsUrl }).connect({ name: 'bench', onEvent() {} })
  const lastSeq = async () => (await connection.head()).lastSeq
  try {
    console.log(`node ${process.version}, nats-server ${parts.natsVersion}; the last three: CPU ms per revocation`)
    console.log(`| ${HEAD.join(' | ')} |\n| ${HEAD.map(() => '---').join(' | ')} |`)
    await drive({ clients: 64, revocations: 1 }, parts, WARM_UP_MS)
    for (const load of LOADS) await measure(load, parts, lastSeq)
  } finally {
    await connection.close()
  }
})
