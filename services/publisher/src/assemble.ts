import { randomBytes } from 'node:crypto'
import type { PublisherLog, RevocationLog } from '@rescind/log'
import { type Clock, FRAME_VERSIONS, type Frame } from '@rescind/protocol'
import { type EmbeddedReplica, openEmbeddedReplica } from '@rescind/subscriber/internal'
import type { Logger } from 'pino'
import { Appender } from './appender.ts'
import { AppliedFrames } from './applied-frames.ts'
import { BrokerClock } from './broker-clock.ts'
import { commitFrame } from './commit-frame.ts'
import type { PublisherConfig } from './config.ts'
import { frameVersionToWrite } from './frame-version.ts'
import { IssuerFacts } from './issuer-facts.ts'
import { lifetimes } from './lifetimes.ts'
import { APPEND_DEADLINE_MS } from './limits.ts'
import { LogKeeper } from './log-keeper.ts'
import { LogicalTime } from './logical-time.ts'
import type { PublisherMetrics } from './metrics/publisher-metrics.ts'
import { timed } from './metrics/timed.ts'
import type { Publishing } from './publishing.ts'
import { Readiness } from './readiness.ts'
import { Replicas } from './replicas.ts'
import { Snapshots } from './snapshots.ts'

/** What the parts are made from. */
export interface AssembleOptions {
  readonly config: PublisherConfig
  readonly log: { readonly publisher: PublisherLog; readonly replica: RevocationLog }
  readonly logger: Logger
  readonly clock: Clock
  readonly metrics: PublisherMetrics
}

/** The parts of one publisher, everything but its HTTP side. */
export interface Parts {
  readonly keeper: LogKeeper
  readonly replica: EmbeddedReplica
  readonly brokerClock: BrokerClock
  readonly issuerFacts: IssuerFacts
  readonly readiness: Readiness
  readonly snapshots: Snapshots
  readonly replicas: Replicas
  readonly publishing: Publishing
}

/** Makes the parts and begins to connect. Nothing here waits for the broker. */
export async function assemble(options: AssembleOptions): Promise<Parts> {
  const { config, log, logger, clock, metrics } = options
  const publisher = randomBytes(8).toString('hex')
  const appliedFrames = new AppliedFrames()
  const replicas = new Replicas(clock)
  const brokerClock = new BrokerClock(clock)
  const keeper = new LogKeeper({
    log: log.publisher,
    name: `publisher-${publisher.slice(0, 8)}`,
    brokerClock,
    clock,
    logger,
    onPresence: (presence) => replicas.hear(presence),
  })
  const replica = await openEmbeddedReplica({
    log: log.replica,
    name: `publisher-replica-${publisher.slice(0, 8)}`,
    bootstrap: 'log',
    whenUnknown: 'reject',
    waitUntilLive: false,
    ...(config.staleAfterMs !== undefined && { staleAfterMs: config.staleAfterMs }),
    ...(config.proveEveryMs !== undefined && { proveEveryMs: config.proveEveryMs }),
    ...(config.maxEntries !== undefined && { maxEntries: config.maxEntries }),
    logger,
    clock,
    onApplied(event) {
      appliedFrames.tell(event)
      metrics.follow(event.cursor)
    },
    onReplaced: () => keeper.replaced(replica.status.cursor?.epoch ?? ''),
  })
  const time = new LogicalTime(clock, () => replica.largestAtMs)
  const commit = (frame: Frame) =>
    commitFrame(frame, {
      append: timed(clock, metrics, (bytes, appendOptions) => keeper.append(bytes, appendOptions)),
      frameVersion: () => frameVersionToWrite(FRAME_VERSIONS, replicas, keeper.listenedMs),
      appliedFrames,
      nudge: () => replica.nudge(),
      deadlineMs: config.appendDeadlineMs ?? APPEND_DEADLINE_MS,
    })
  const appender: Appender = new Appender({
    refusal: () => readiness.refusal(),
    epoch: () => replica.status.cursor?.epoch ?? '',
    commit: async (frame) => metrics.committed(frame, await commit(frame)),
    time,
    publisher,
  })
  const issuerFacts = new IssuerFacts({ issuers: config.issuers, denylist: replica.denylist, appender, logger })
  const readiness: Readiness = new Readiness({ keeper, replica, brokerClock, issuerFacts })
  const snapshots = new Snapshots({
    replica,
    clock,
    refusal: () => readiness.reconciled(),
    identity: () => keeper.head,
    metrics,
  })
  const issuers = () => lifetimes(config.issuers, replica.denylist)
  const publishing = { issuers, replica, appender, time, readiness, clock }
  keeper.start()
  return { keeper, replica, brokerClock, issuerFacts, readiness, snapshots, replicas, publishing }
}
