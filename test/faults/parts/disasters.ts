import { join } from 'node:path'
import { natsRequest } from '../../end-to-end/nats-request.ts'
import { until } from '../../launcher/wait.ts'
import { Load } from '../load/client.ts'
import type { Violation } from '../oracle/judge.ts'
import { accepted, type Ledger } from '../oracle/ledger.ts'
import { type LyingFact, StreamReader } from '../oracle/stream.ts'
import { certainlyRevoked, startReplica } from '../oracle/verdicts.ts'
import { Witness } from '../oracle/witness.ts'
import { Site } from '../site/site.ts'
import { judgeAtRest } from './at-rest.ts'
import { lasting } from './outage.ts'
import type { Part, PartContext } from './part.ts'

/** What happens to the stream. */
const DISASTERS = ['an older copy', 'an empty folder', 'deleted by hand', 'max_age shortened by hand'] as const

type Disaster = (typeof DISASTERS)[number]

interface Outcome {
  readonly disaster: Disaster
  readonly healedMs: number
  readonly requests: number
  readonly answeredBefore: number
  readonly publishedAgain: number
  readonly questions: number
  readonly violations: readonly Violation[]
}

const REPLICAS = 3
const CLIENTS = 5
const REST_MS = 20
const BEFORE_MS = 3_000
const AFTER_MS = 3_000
/** What `max_age` is shortened to. The publisher compares the log's beginning once in a minute. */
const SHORT_AGE_NS = 2e9
const HEALED_WITHIN_MS = 180_000

/** The stream is exchanged, emptied, deleted and shortened under load. */
export const disasters: Part = async (context) => {
  const outcomes: Outcome[] = []
  const chosen = DISASTERS.filter((disaster) => !context.short || disaster !== 'max_age shortened by hand')
  for (const disaster of chosen) outcomes.push(await perform(context, disaster))
  const rows = outcomes.map((one) => [
    one.disaster,
    (one.healedMs / 1_000).toFixed(1),
    ...[one.requests, one.answeredBefore, one.publishedAgain, one.questions].map(String),
  ])
  return {
    title: 'The stream lost under load',
    text: [
      `${CLIENTS} clients, ${REPLICAS} replicas, and one more that starts in the middle of it. "Healed": seconds until the stream had a new epoch and`,
      'the publisher was ready. "Published again": facts from before that lie in a frame of the new epoch. "Questions": put to replicas',
      'that said live, about what they had refused before, or had to know.',
      ...(context.short ? ['Shortening `max_age` takes minutes to be noticed; `--short` leaves it out.'] : []),
    ],
    tables: [{ head: ['the stream', 'healed', 'requests', 'facts before', 'published again', 'questions'], rows }],
    figures: outcomes.map(({ violations, ...figures }) => ({ ...figures, violations: violations.length })),
    violations: outcomes.flatMap(({ disaster, violations }) =>
      violations.map(({ rule, detail }) => ({ rule, detail: `${disaster}: ${detail}` })),
    ),
  }
}

async function perform(context: PartContext, disaster: Disaster): Promise<Outcome> {
  const { stop, random, tell } = context
  const folder = join(context.folder, disaster.replaceAll(' ', '-'))
  const site = await Site.start({ ...context, folder })
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
  const { ledger } = load
  const witness = new Witness({ ledger, random: random.fork(), startedMs })
  for (const [index, replica] of replicas.entries()) witness.watch(`api-${index + 1}`, replica)
  try {
    await lasting(BEFORE_MS, stop)
    if (disaster === 'an older copy') {
      await site.killBroker()
      await site.copyBrokerFolder(join(folder, 'copy'))
      await site.restartBroker()
      await untilBroadcast(ledger, stop)
      await lasting(BEFORE_MS, stop)
    }
    await reader.catchUp()
    const { epoch } = reader
    const before = new Set([...certainlyRevoked(ledger).keys()])
    const beganMs = performance.now()
    await strike(site, disaster, join(folder, 'copy'))
    const late = await startReplica(site, 'api-late', publisher.url)
    replicas.push(late)
    witness.watch('api-late', late, before)
    await untilRenewed(reader, epoch, stop)
    await publisher.ready(HEALED_WITHIN_MS)
    const healedMs = performance.now() - beganMs
    await lasting(AFTER_MS, stop)
    await load.stop()
    const parts = { site, ledger, reader, replicas, startedMs, copies: 'lossy', reread: true } as const
    const { violations } = await judgeAtRest(parts)
    await witness.stop()
    const again = publishedAgain(reader, before)
    tell(`${disaster}: healed after ${(healedMs / 1_000).toFixed(1)} s, ${again.length} facts published again`)
    return {
      disaster,
      healedMs,
      requests: ledger.length,
      answeredBefore: before.size,
      publishedAgain: again.length,
      questions: witness.questions,
      violations: [...violations, ...witness.violations, ...unsorted(again), ...blind(again, witness)],
    }
  } finally {
    await Promise.all([load.stop(), witness.stop()])
    await Promise.all([...replicas.map((replica) => replica.close()), reader.close()])
    await site.stop()
  }
}

async function strike(site: Site, disaster: Disaster, copy: string): Promise<void> {
  const { port } = site.broker
  if (disaster === 'deleted by hand') {
    await natsRequest(port, '$JS.API.STREAM.DELETE.RESCIND')
  } else if (disaster === 'max_age shortened by hand') {
    const { config } = await natsRequest(port, '$JS.API.STREAM.INFO.RESCIND')
    const shorter = { ...(config as object), max_age: SHORT_AGE_NS, duplicate_window: SHORT_AGE_NS }
    const { error } = await natsRequest(port, '$JS.API.STREAM.UPDATE.RESCIND', JSON.stringify(shorter))
    if (error) throw new Error(`max_age cannot be shortened: ${JSON.stringify(error)}`)
  } else {
    await site.killBroker()
    await site.replaceBrokerFolder(disaster === 'an older copy' ? copy : undefined)
    await site.restartBroker()
  }
}

async function untilBroadcast(ledger: Ledger, stop: AbortSignal): Promise<void> {
  const from = ledger.length
  const isSo = async () =>
    ledger.slice(from).some((asked) => accepted(asked)?.state === 'broadcast') ? true : undefined
  await until(() => 'nothing is broadcast', isSo, { withinMs: HEALED_WITHIN_MS, signal: stop })
}

async function untilRenewed(reader: StreamReader, epoch: string, stop: AbortSignal): Promise<void> {
  const isSo = async () => {
    reader.forget()
    await reader.catchUp()
    return reader.epoch !== epoch ? true : undefined
  }
  await until(() => 'the stream has no new epoch', isSo, { withinMs: HEALED_WITHIN_MS, signal: stop })
}

/** What had been accepted before, as it lies in frames of the new epoch, in the stream's order. */
function publishedAgain(reader: StreamReader, before: ReadonlySet<string>): readonly LyingFact[] {
  return reader.facts.filter(({ fact, frame }) => {
    return fact.kind !== 'issuer' && frame.epoch === reader.epoch && before.has(fact.note ?? '')
  })
}

/** R12: in their original order. */
function unsorted(again: readonly LyingFact[]): readonly Violation[] {
  return again.flatMap(({ fact, seq }, index) => {
    const earlier = again[index - 1]
    if (!earlier || earlier.fact.atMs <= fact.atMs) return []
    return [{ rule: 'unsorted' as const, detail: `at ${seq}: ${earlier.fact.atMs}, then ${fact.atMs}` }]
  })
}

function blind(again: readonly LyingFact[], { questions }: Witness): readonly Violation[] {
  return [
    ...(again.length === 0 ? [{ rule: 'blind' as const, detail: 'nothing had to be published again' }] : []),
    ...(questions === 0 ? [{ rule: 'blind' as const, detail: 'no replica was asked' }] : []),
  ]
}
