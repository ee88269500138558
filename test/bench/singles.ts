import { quantileOf, sorted } from './distribution.ts'
import type { Load, Loaded } from './load.ts'
import { cpuSec } from './process-cpu.ts'
import type { Bench, Findings, Question } from './question.ts'
import { type RunningParts, withRunningParts } from './running-parts.ts'
import { startWorker, type Worker } from './worker.ts'

/** How many connections the goal is judged by. */
const JUDGED = 64
const CONNECTIONS = [1, 16, JUDGED, 256]
const ROUNDS = { full: 3, short: 1 }
const ROUND_MS = 2_500
const WARM_UP_MS = 3_000

const PEERS = ['publisher', 'empty handler'] as const
type Peer = (typeof PEERS)[number]

/**
 * G14. The same client process puts the same load on the publisher and on an empty handler, in turns: one request under way on
 * each connection. An answer of the publisher means that the revocation is in its Store, with fsync, in the stream, and in
 * force in its own replica.
 */
export const SINGLES: Question = {
  id: 'G14',
  title: 'Durable single revocations over HTTP, beside an empty Fastify handler',
  ask: (bench) =>
    withRunningParts(
      0,
      async (parts) => {
        const workers = await Promise.all([startWorker('load-clients.ts'), startWorker('empty-server.ts')])
        try {
          const rounds = await measure(parts, workers, bench)
          return findings(rounds, parts.natsVersion)
        } finally {
          await Promise.all(workers.map((worker) => worker.stop()))
        }
      },
      bench.stop,
    ),
}

/** One load on one peer. */
interface Round {
  readonly peer: Peer
  readonly connections: number
  readonly loaded: Loaded
  /** Microseconds of processor time of each answered request: in the server, in the broker, in the client. */
  readonly cpuUs: Readonly<Record<'server' | 'broker' | 'client', number>>
}

async function measure(parts: RunningParts, [client, empty]: Worker[], bench: Bench): Promise<readonly Round[]> {
  const { deployment, keys, natsPid } = parts
  if (!client || !empty) throw new Error('a process is missing')
  const servers = {
    publisher: { url: deployment.publisher.url, pid: deployment.publisher.pid ?? 0 },
    'empty handler': { url: await empty.ask<string>('url'), pid: empty.pid },
  }
  const run = async (peer: Peer, connections: number, forMs: number): Promise<Round> => {
    const pids = { server: servers[peer].pid, broker: natsPid, client: client.pid }
    const spent = () => Object.entries(pids).map(([name, pid]) => [name, cpuSec(pid) ?? Number.NaN] as const)
    const before = new Map(spent())
    const load: Load = { url: servers[peer].url, key: keys.admin, connections, revocations: 1, forMs }
    const loaded = await client.ask<Loaded>(load)
    const requests = loaded.latenciesMs.length
    const cpuUs = spent().map(([name, sec]) => [name, ((sec - (before.get(name) ?? 0)) * 1e6) / requests])
    return { peer, connections, loaded, cpuUs: Object.fromEntries(cpuUs) }
  }
  for (const peer of PEERS) await run(peer, JUDGED, WARM_UP_MS)
  const rounds: Round[] = []
  const times = bench.short ? ROUNDS.short : ROUNDS.full
  for (let round = 1; round <= times; round += 1) {
    bench.tell(`round ${round} of ${times}: ${CONNECTIONS.join(', ')} connections on each`)
    for (const connections of CONNECTIONS) {
      if (bench.stop.aborted) return rounds
      const order = round % 2 === 0 ? PEERS : [...PEERS].reverse()
      for (const peer of order) rounds.push(await run(peer, connections, ROUND_MS))
    }
  }
  return rounds
}

/** All rounds of one load on one peer. */
interface Rate {
  readonly perSec: number
  readonly cells: readonly string[]
}

function rateOf(rounds: readonly Round[], peer: Peer, connections: number): Rate {
  const own = rounds.filter((round) => round.peer === peer && round.connections === connections)
  const latencies = sorted(own.flatMap(({ loaded }) => loaded.latenciesMs))
  const perSec = latencies.length / own.reduce((sum, { loaded }) => sum + loaded.elapsedSec, 0)
  const cpu = (of: 'server' | 'broker' | 'client') =>
    (own.reduce((sum, { cpuUs, loaded }) => sum + cpuUs[of] * loaded.latenciesMs.length, 0) / latencies.length).toFixed(
      0,
    )
  const failed = own.flatMap(({ loaded }) => loaded.failed).reduce((sum, [, count]) => sum + count, 0)
  const times = [0.5, 0.99].map((share) => quantileOf(latencies, share).toFixed(1))
  return { perSec, cells: [perSec.toFixed(0), ...times, cpu('server'), cpu('broker'), cpu('client'), String(failed)] }
}

function findings(rounds: readonly Round[], natsVersion: string): Findings {
  const rates = CONNECTIONS.map((connections) => ({
    connections,
    publisher: rateOf(rounds, 'publisher', connections),
    empty: rateOf(rounds, 'empty handler', connections),
  }))
  const share = ({ publisher, empty }: (typeof rates)[number]) => publisher.perSec / empty.perSec
  const judged = rates.find(({ connections }) => connections === JUDGED) as (typeof rates)[number]
  return {
    goals: [
      {
        what: `share of the empty handler's requests per second, on ${JUDGED} connections`,
        wanted: 'at least 60 %',
        measured: `${(share(judged) * 100).toFixed(0)} % (${judged.publisher.perSec.toFixed(0)} of ${judged.empty.perSec.toFixed(0)})`,
        met: share(judged) >= 0.6,
      },
    ],
    columns: [
      'connections',
      '',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'CPU µs: server',
      'broker',
      'client',
      'not 201',
      'share',
    ],
    rows: rates.flatMap((rate) => [
      [rate.connections, 'publisher', ...rate.publisher.cells, `${(share(rate) * 100).toFixed(0)} %`],
      [rate.connections, 'empty handler', ...rate.empty.cells, ''],
    ]),
    plot: {
      title: 'G14: requests per second',
      x: { label: 'connections', logarithmic: true },
      y: { label: 'requests/s' },
      series: [
        { name: 'publisher', points: rates.map(({ connections, publisher }) => [connections, publisher.perSec]) },
        { name: 'empty handler', points: rates.map(({ connections, empty }) => [connections, empty.perSec]) },
      ],
    },
    notes: [
      'Every answer counted is a 201: recorded with fsync, in the stream, and in force in the publisher’s own replica. No API follows.',
      'Both servers parse the same body as JSON; the empty one checks nothing, signs nobody on, and logs nothing.',
      'Client, broker and server share the cores: what the broker and the disk take is missing for the publisher.',
    ],
    versions: { 'nats-server': natsVersion },
  }
}
