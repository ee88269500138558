import type { PublisherLog, RevocationLog } from '@rescind/log'
import { type Clock, FRAME_VERSIONS, limits, RescindError } from '@rescind/protocol'
import { type EmbeddedReplica, openEmbeddedReplica } from '@rescind/subscriber/internal'
import type { Logger } from 'pino'
import { AppliedFrames } from './applied-frames.ts'
import { BrokerClock } from './broker-clock.ts'
import type { PublisherConfig } from './config.ts'
import { EventStreams } from './event-streams.ts'
import { frameVersionToWrite } from './frame-version.ts'
import { HTTP_LIMITS } from './http-limits.ts'
import { IssuerFacts } from './issuer-facts.ts'
import { lifetimes } from './lifetimes.ts'
import { LogKeeper } from './log-keeper.ts'
import { LogicalTime } from './logical-time.ts'
import { maxAgeMs } from './max-age.ts'
import type { PublisherMetrics } from './metrics/publisher-metrics.ts'
import { timed } from './metrics/timed.ts'
import { Outbox } from './outbox.ts'
import type { Publishing } from './publishing.ts'
import { Readiness } from './readiness.ts'
import { Receipts } from './receipts.ts'
import { Reconciler } from './reconciler.ts'
import { Replicas } from './replicas.ts'
import { Sender } from './sender.ts'
import { Snapshots } from './snapshots.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import { Sweeping } from './sweeping.ts'

/** What the parts are made from. */
export interface AssembleOptions {
  readonly config: PublisherConfig
  readonly log: { readonly publisher: PublisherLog; readonly replica: RevocationLog }
  readonly logger: Logger
  readonly clock: Clock
  readonly metrics: PublisherMetrics
  /** For tests: opens the Store; default `openStore`. */
  readonly openStore?: typeof openStore
}

/** The parts of one publisher, everything but its HTTP side. */
export interface Parts {
  readonly store: Store
  readonly keeper: LogKeeper
  readonly replica: EmbeddedReplica
  readonly brokerClock: BrokerClock
  readonly issuerFacts: IssuerFacts
  readonly readiness: Readiness
  readonly reconciler: Reconciler
  readonly sender: Sender
  readonly snapshots: Snapshots
  readonly replicas: Replicas
  readonly receipts: Receipts
  readonly publishing: Publishing
  readonly events: EventStreams
  readonly sweeping: Sweeping
}

/**
 * Makes the parts, takes up what the Store holds, and begins to connect. Nothing here waits for the broker. Rejects with
 * `ERR_STORE_FAILED` if there can be no Store.
 */
export async function assemble(options: AssembleOptions): Promise<Parts> {
  const { config, logger, clock } = options
  const { storeDir: dir, retainMs, auditKeptMs } = config
  const open = options.openStore ?? openStore
  const store = await open({ dir, clock, logger, retainMs, auditKeptMs })
  try {
    return await connect(store, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** From the Store up: what comes first is told of by what comes later. */
async function connect(store: Store, { config, log, logger, clock, metrics }: AssembleOptions): Promise<Parts> {
  const appliedFrames = new AppliedFrames()
  const replicas = new Replicas(clock)
  const brokerClock = new BrokerClock(clock)
  const keeper = new LogKeeper({
    log: log.publisher,
    name: `publisher-${store.id.slice(0, 8)}`,
    brokerClock,
    clock,
    logger,
    maxAgeMs: () => maxAgeMs(issuers().values()),
    onPresence: (presence) => replicas.hear(presence),
    onDisconnected: () => outbox.tick(),
  })
  const sender = new Sender({
    refusal: () => readiness.refusal(),
    append: timed(clock, metrics, (bytes, appendOptions) => keeper.append(bytes, appendOptions)),
    read: (seq) => keeper.read(seq),
    epoch: () => replica.status.cursor?.epoch ?? '',
    frameVersion: () => frameVersionToWrite(FRAME_VERSIONS, replicas, keeper.listenedMs),
    appliedFrames,
    nudge: () => replica.nudge(),
    publisher: store.id,
  })
  const time = new LogicalTime(clock, () => replica.largestAtMs, store.found.largestAtMs)
  const outbox: Outbox = new Outbox({
    store,
    time,
    clock,
    latestNowMs: () => brokerClock.latestNowMs(),
    refusal: () => readiness.refusal(),
    fullness: (facts) => fullness(replica, config.maxEntries ?? limits.MAX_ENTRIES, facts),
    sender,
    expect: (frameId) => appliedFrames.expect(frameId),
    logger,
    metrics,
  })
  await outbox.open()
  const ownName = `publisher-replica-${store.id.slice(0, 8)}`
  const replica = await openEmbeddedReplica({
    log: log.replica,
    name: ownName,
    bootstrap: 'log',
    whenUnknown: 'reject',
    waitUntilLive: false,
    ...(config.staleAfterMs !== undefined && { staleAfterMs: config.staleAfterMs }),
    ...(config.proveEveryMs !== undefined && { proveEveryMs: config.proveEveryMs }),
    ...(config.maxEntries !== undefined && { maxEntries: config.maxEntries }),
    logger,
    clock,
    onApplied(event) {
      reconciler.applied(event, outbox.settledBy(event))
      appliedFrames.tell(event)
      metrics.follow(event.cursor)
      events.applied(event)
    },
    onReplaced: () => keeper.replaced(replica.status.cursor?.epoch ?? ''),
  })
  const events = new EventStreams({
    clock,
    limits: { ...HTTP_LIMITS, ...config.http },
    status: () => replica.status,
    range: (fromSeq, toSeq) => keeper.range(fromSeq, toSeq),
  })
  const issuers = () => lifetimes(config.issuers, replica.denylist)
  const issuerFacts = new IssuerFacts({ issuers: config.issuers, denylist: replica.denylist, outbox, logger })
  const reconciler: Reconciler = new Reconciler({
    store,
    replica,
    keeper,
    sender,
    clock,
    brokerClock,
    logger,
    random: Math.random,
  })
  const readiness: Readiness = new Readiness({ keeper, replica, brokerClock, issuerFacts, reconciler, outbox, clock })
  const snapshots = new Snapshots({
    replica,
    clock,
    refusal: () => readiness.reconciled(),
    identity: () => keeper.head,
    metrics,
  })
  const latestNowMs = () => brokerClock.latestNowMs()
  const earliestNowMs = () => brokerClock.earliestNowMs()
  const receipts = new Receipts({
    clock,
    replicas,
    own: { id: replica.id, name: ownName },
    staleAfterMs: config.staleAfterMs ?? limits.DEFAULT_STALE_AFTER_MS,
    listenedMs: () => keeper.listenedMs,
    barrier: (barrier) => keeper.barrier(barrier),
    onAnswered: (ms, enforced) => metrics.recordReceipt(ms, enforced ? 'enforced' : 'broadcast'),
  })
  const publishing = { issuers, replica, outbox, store, time, receipts, metrics, latestNowMs, earliestNowMs, clock }
  await takeUp(store, replica, clock)
  outbox.start()
  keeper.start()
  return {
    store,
    keeper,
    replica,
    brokerClock,
    issuerFacts,
    readiness,
    reconciler,
    sender,
    snapshots,
    replicas,
    receipts,
    publishing,
    events,
    sweeping: new Sweeping({ store, clock, brokerClock, logger }),
  }
}

/** What was in force before the restart is so at once, whether or not the log is there: a fact more revokes a fact more (R9). */
async function takeUp(store: Store, replica: EmbeddedReplica, clock: Clock): Promise<void> {
  for await (const slice of store.live(clock.now())) for (const { fact } of slice) replica.denylist.apply(fact)
}

/** R16: what the own replica could not hold is refused before it is recorded. */
function fullness(replica: EmbeddedReplica, maxEntries: number, facts: number): RescindError | undefined {
  if (replica.status.cause?.code !== 'full' && replica.denylist.size + facts <= maxEntries) return undefined
  return new RescindError('ERR_DENYLIST_FULL', `more than ${maxEntries} revocations would be live`)
}
