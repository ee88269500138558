import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { natsPublisherLog, type PublisherConnection } from '@rescind/log'
import { encodeFrame, type Revocation } from '@rescind/protocol'
import { BareNats } from './bare-nats.ts'
import { type Arrivals, FLOOR_SUBJECT, machineMs } from './broadcast-clock.ts'
import { cumulative, quantileOf, sorted } from './distribution.ts'
import type { Bench, Findings, Question } from './question.ts'
import { withBroker } from './with-broker.ts'
import { startWorker, type Worker } from './worker.ts'

const PROCESSES = 5
const LISTENERS_OF_EACH = 10
const LISTENERS = PROCESSES * LISTENERS_OF_EACH
const FRAMES = { full: 1_000, short: 200 }
const WARM_UP = 100
/** Between two messages: far longer than one takes, so that none waits for another. */
const EVERY_MS = 20
/** For the last of them to come. */
const PATIENCE_MS = 5_000

/**
 * G12. One frame of one revocation is published on a plain subject, to bare subscribers, and 20 ms later appended to the log, to
 * replicas in the same processes: the same bytes. The next frame takes the other order.
 */
export const BROADCAST: Question = {
  id: 'G12',
  title: `From the append of a frame to its enforcement in ${LISTENERS} replicas`,
  ask: (bench) =>
    withBroker(async ({ broker, port, cleanup }) => {
      const log = await natsPublisherLog({ servers: broker.address }).connect({ name: 'bench', onEvent() {} })
      cleanup.add('publisher', () => log.close())
      const { epoch } = await log.establish()
      const workers = await Promise.all(
        Array.from({ length: PROCESSES }, (_, index) =>
          startWorker('broadcast-listeners.ts', [broker.address, index * LISTENERS_OF_EACH, LISTENERS_OF_EACH]),
        ),
      )
      cleanup.add('replica', async () => void (await Promise.all(workers.map((worker) => worker.stop()))))
      const bare = new BareNats(port, [], () => {})
      cleanup.add('replica', async () => bare.close())
      const sent = await send({ log, bare, epoch }, bench)
      return findings(await lastArrivals(workers, sent), sent, { 'nats-server': broker.version })
    }),
}

interface Senders {
  readonly log: PublisherConnection
  readonly bare: BareNats
  readonly epoch: string
}

/** When each frame was appended, and when its bytes were published. */
interface Sent {
  readonly appended: ReadonlyMap<string, number>
  readonly published: ReadonlyMap<string, number>
}

async function send({ log, bare, epoch }: Senders, { short, stop, tell }: Bench): Promise<Sent> {
  const appended = new Map<string, number>()
  const published = new Map<string, number>()
  const frames = WARM_UP + (short ? FRAMES.short : FRAMES.full)
  tell(`${frames} frames, each also as bare bytes`)
  for (let n = 0; n < frames && !stop.aborted; n += 1) {
    const frameId = randomBytes(16).toString('hex')
    const bytes = encodeFrame({ frameId, epoch, publisher: 'bench', facts: [newFact()] })
    const steps = [
      () => {
        published.set(frameId, machineMs())
        return bare.publish(FLOOR_SUBJECT, bytes)
      },
      () => {
        appended.set(frameId, machineMs())
        return log.append(bytes, { messageId: frameId })
      },
    ]
    for (const step of n % 2 === 0 ? steps : steps.reverse()) {
      await Promise.all([step(), pause(EVERY_MS)])
    }
    if (n >= WARM_UP) continue
    appended.delete(frameId)
    published.delete(frameId)
  }
  return { appended, published }
}

/** When each frame had come to the last of its listeners; none that did not come to all. */
interface LastArrivals {
  readonly enforced: ReadonlyMap<string, number>
  readonly arrived: ReadonlyMap<string, number>
}

/** What came is asked for until it is all there, or has had time enough. */
async function lastArrivals(workers: readonly Worker[], sent: Sent): Promise<LastArrivals> {
  for (const deadlineMs = performance.now() + PATIENCE_MS; ; ) {
    const reports = await Promise.all(workers.map((worker) => worker.ask<Arrivals>('report')))
    const last = { enforced: lastOf(reports, 'enforced'), arrived: lastOf(reports, 'arrived') }
    const isComplete = last.enforced.size >= sent.appended.size && last.arrived.size >= sent.published.size
    if (isComplete || performance.now() > deadlineMs) return last
  }
}

function lastOf(reports: readonly Arrivals[], kind: keyof Arrivals): ReadonlyMap<string, number> {
  const all = new Map<string, number[]>()
  for (const [frameId, times] of reports.flatMap((report) => report[kind])) {
    all.set(frameId, [...(all.get(frameId) ?? []), ...times])
  }
  return new Map([...all].flatMap(([id, at]) => (at.length === LISTENERS ? [[id, Math.max(...at)] as const] : [])))
}

function findings(last: LastArrivals, sent: Sent, versions: Findings['versions']): Findings {
  const took = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) =>
    sorted([...from].flatMap(([id, atMs]) => (to.has(id) ? [(to.get(id) as number) - atMs] : [])))
  const log = took(sent.appended, last.enforced)
  const floor = took(sent.published, last.arrived)
  const ratio = (share: number) => quantileOf(log, share) / quantileOf(floor, share)
  const row = (what: string, values: readonly number[], of: number) => {
    const figures = [0.5, 0.9, 0.99, 0.999].map((share) => quantileOf(values, share).toFixed(2))
    return [what, ...figures, `${values.length} of ${of}`]
  }
  const goal = (name: string, share: number, most: number) => ({
    what: `${name} beside the floor's`,
    wanted: `at most ${most} times`,
    measured: `${ratio(share).toFixed(2)} times (${quantileOf(log, share).toFixed(2)} ms to ${quantileOf(floor, share).toFixed(2)} ms)`,
    met: ratio(share) <= most,
  })
  return {
    goals: [goal('p50', 0.5, 1.5), goal('p99', 0.99, 2)],
    columns: ['to the last of 50', 'p50 ms', 'p90 ms', 'p99 ms', 'p99.9 ms', 'came to all'],
    rows: [
      row('append to enforced in every replica', log, sent.appended.size),
      row('bare publish to every bare subscriber', floor, sent.published.size),
    ],
    plot: {
      title: `G12: to the last of ${LISTENERS}`,
      x: { label: 'ms', logarithmic: true },
      y: { label: '% of frames' },
      series: [cumulative('append to enforced', log), cumulative('bare publish to bare subscriber', floor)],
    },
    notes: [
      `${PROCESSES} processes, each with ${LISTENERS_OF_EACH} replicas and ${LISTENERS_OF_EACH} bare subscribers, one connection each; nothing else is under way.`,
      'A bare subscriber is a TCP socket and an indexOf; the append is stored by JetStream before it is broadcast.',
    ],
    versions,
  }
}

function newFact(): Revocation {
  const nowMs = Date.now()
  return {
    kind: 'revocation',
    id: randomUUID(),
    iss: 'https://id.example',
    match: { sub: randomUUID() },
    mode: 'cutoff',
    issuedBeforeMs: nowMs,
    reason: 'admin_revoked',
    actor: 'bench',
    atMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
  }
}
