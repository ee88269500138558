import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Load } from '../load/client.ts'
import { HttpCaller } from '../load/http-caller.ts'
import type { Violation } from '../oracle/judge.ts'
import { accepted, type Ledger, type Try } from '../oracle/ledger.ts'
import { StreamReader } from '../oracle/stream.ts'
import { startReplica } from '../oracle/verdicts.ts'
import { Site } from '../site/site.ts'
import { judgeAtRest } from './at-rest.ts'
import { type Latencies, latenciesOf, latencyCells } from './latencies.ts'
import type { Part, PartContext } from './part.ts'

/** How the broker goes, and how it comes back. */
const WAYS = {
  'kill -9': { go: (site: Site) => site.killBroker(), back: (site: Site) => site.restartBroker() },
  SIGSTOP: { go: (site: Site) => site.broker.pause(), back: async (site: Site) => site.broker.resume() },
  'clean stop': { go: (site: Site) => site.broker.stop(), back: (site: Site) => site.restartBroker() },
} as const

type Way = keyof typeof WAYS

interface Outage {
  readonly way: Way
  readonly downMs: number
  readonly before: Latencies
  readonly inFlight: Latencies
  readonly during: Latencies
  /** Of the answers while the broker was away. */
  readonly recorded: number
  readonly notRecorded: number
  /** The largest backlog that readiness named, and the age of its oldest fact in seconds. */
  readonly backlogFacts: number
  readonly backlogAgeSec: number
  readonly drainedMs: number
  readonly violations: readonly Violation[]
}

const DOWN_MS = { full: 60_000, short: 8_000 }
const REPLICAS = 3
const CLIENTS = 10
const REST_MS = 20
const BEFORE_MS = 3_000
const LOOK_EVERY_MS = 250
/** A second of patience for the first, and many times that for a machine that is busy. */
const LONGEST_ANSWER_MS = 5_000
/** Readiness passes over a backlog that is younger. */
const SHOWN_AFTER_SEC = 5

/** The broker goes away under load: everybody is answered in normal time, and nothing of it is lost. */
export const outage: Part = async (context) => {
  const outages: Outage[] = []
  for (const way of Object.keys(WAYS) as Way[]) outages.push(await perform(context, way))
  const rows = outages.flatMap((one) => [
    [`${one.way}: before`, ...latencyCells(one.before), '', '', ''],
    ['in flight as it went', ...latencyCells(one.inFlight), '', '', ''],
    [
      `away for ${one.downMs / 1_000} s`,
      ...latencyCells(one.during),
      String(one.recorded),
      String(one.notRecorded),
      `${one.backlogFacts}, ${one.backlogAgeSec.toFixed(1)} s`,
    ],
    ['back: all in the stream after', '', '', '', `${(one.drainedMs / 1_000).toFixed(1)} s`, '', '', ''],
  ])
  return {
    title: 'The broker away under load',
    text: [
      `${CLIENTS} clients, ${REPLICAS} replicas. Milliseconds from the sending of a request to its whole answer. While the broker is away every`,
      'answer is 202; the largest backlog and its age are as `/readyz?verbose` said them. "Other" answers were sent before it was',
      'noticed, or as it came back.',
    ],
    tables: [{ head: ['', 'answers', 'p50', 'p99', 'max', '202', 'other', 'backlog, its age'], rows }],
    figures: outages.map(({ violations, ...figures }) => ({ ...figures, violations: violations.length })),
    violations: outages.flatMap(({ violations }) => violations),
  }
}

async function perform(context: PartContext, way: Way): Promise<Outage> {
  const { short, stop, random, tell } = context
  const site = await Site.start({ ...context, folder: join(context.folder, way.replace(' ', '-')) })
  const startedMs = Date.now()
  const reader = await StreamReader.open(site.broker.url, stop)
  const publisher = site.addPublisher()
  await publisher.start()
  await publisher.ready()
  const replicas = await Promise.all(
    Array.from({ length: REPLICAS }, (_, index) => startReplica(site, `api-${index + 1}`, publisher.url)),
  )
  const load = new Load(CLIENTS, {
    random: random.fork(),
    key: site.admin,
    targets: () => [publisher],
    restMs: REST_MS,
  })
  const backlog = new Backlog(publisher.url, site.admin)
  try {
    await lasting(BEFORE_MS, stop)
    const goneMs = performance.now()
    await WAYS[way].go(site)
    const downMs = short ? DOWN_MS.short : DOWN_MS.full
    await backlog.watch(downMs, stop)
    const backMs = performance.now()
    await WAYS[way].back(site)
    await lasting(BEFORE_MS, stop)
    await load.stop()
    const { ledger } = load
    const parts = { site, ledger, reader, replicas, startedMs, copies: 'strict' } as const
    const { violations, tookMs } = await judgeAtRest(parts)
    await publisher.ready()
    const result = figuresOf(ledger, { way, downMs, goneMs, backMs, drainedMs: tookMs, backlog })
    tell(
      `${way}: ${result.during.count} answers while it was away, the slowest after ${result.during.max.toFixed(0)} ms`,
    )
    return { ...result, violations: [...violations, ...result.violations] }
  } finally {
    await load.stop()
    await Promise.all([...replicas.map((replica) => replica.close()), reader.close()])
    await site.stop()
  }
}

/** What readiness says of the backlog. */
class Backlog {
  facts = 0
  ageSec = 0
  readonly #caller: HttpCaller

  constructor(url: string, key: string) {
    this.#caller = new HttpCaller(url, key)
  }

  /** Looks at it for so long. */
  async watch(forMs: number, stop: AbortSignal): Promise<void> {
    const untilMs = performance.now() + forMs
    while (performance.now() < untilMs) {
      stop.throwIfAborted()
      const { body } = await this.#caller.get('/readyz?verbose')
      const [, facts, age] = /(\d+) facts are recorded and wait for the log, the oldest for ([\d.]+) s/.exec(body) ?? []
      this.facts = Math.max(this.facts, Number(facts ?? 0))
      this.ageSec = Math.max(this.ageSec, Number(age ?? 0))
      await pause(LOOK_EVERY_MS)
    }
    this.#caller.close()
  }
}

function figuresOf(
  ledger: Ledger,
  parts: {
    readonly way: Way
    readonly downMs: number
    readonly goneMs: number
    readonly backMs: number
    readonly drainedMs: number
    readonly backlog: Backlog
  },
): Outage {
  const { way, downMs, goneMs, backMs, drainedMs, backlog } = parts
  const violations: Violation[] = []
  const tries = ledger.filter(({ wrong }) => !wrong).flatMap((asked) => asked.tries.map((one) => ({ asked, one })))
  const took = (isSo: (one: Try) => boolean) =>
    tries.filter(({ one }) => isSo(one)).map(({ one }) => one.receivedMs - one.sentMs)
  const isDuring = ({ sentMs, receivedMs }: Try) => sentMs >= goneMs && receivedMs < backMs
  for (const { asked, one } of tries) {
    const tookMs = one.receivedMs - one.sentMs
    if (tookMs > LONGEST_ANSWER_MS)
      violations.push({ rule: 'late', detail: `${way}: ${asked.name} after ${tookMs.toFixed(0)} ms` })
    if (one.status === 0) violations.push({ rule: 'hung', detail: `${way}: ${asked.name} got no answer` })
  }
  const during = tries.filter(({ one }) => isDuring(one))
  const recorded = during.filter(({ one }) => one.status === 202).length
  // R10 was true of the first moments: what the broker had taken before it went may be answered as broadcast.
  for (const { asked, one } of during) {
    const isPast = one.sentMs > goneMs + LONGEST_ANSWER_MS
    if (isPast && one.status !== 202)
      violations.push({
        rule: 'late',
        detail: `${way}: ${asked.name} was answered ${one.status} while the broker was away`,
      })
  }
  if (backlog.facts === 0 || backlog.ageSec < downMs / 1_000 - SHOWN_AFTER_SEC - 2) {
    violations.push({
      rule: 'unseen',
      detail: `${way}: readiness named ${backlog.facts} facts of ${backlog.ageSec} s at most`,
    })
  }
  if (!ledger.some((asked) => accepted(asked)?.state === 'broadcast'))
    violations.push({ rule: 'blind', detail: `${way}: nothing was broadcast` })
  return {
    way,
    downMs,
    before: latenciesOf(took(({ receivedMs }) => receivedMs < goneMs)),
    inFlight: latenciesOf(took(({ sentMs, receivedMs }) => sentMs < goneMs && receivedMs >= goneMs)),
    during: latenciesOf(during.map(({ one }) => one.receivedMs - one.sentMs)),
    recorded,
    notRecorded: during.length - recorded,
    backlogFacts: backlog.facts,
    backlogAgeSec: backlog.ageSec,
    drainedMs,
    violations,
  }
}

/** The load goes on for so long. */
export async function lasting(ms: number, stop: AbortSignal): Promise<void> {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) {
    stop.throwIfAborted()
    await pause(Math.min(LOOK_EVERY_MS, Math.max(1, untilMs - performance.now())))
  }
}
