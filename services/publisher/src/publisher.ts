import type { PublisherLog, RevocationLog } from '@rescind/log'
import { type Clock, limits, RescindError, systemClock } from '@rescind/protocol'
import { type Meter, type Meters, openMeters, replicaMetrics, requestMetrics } from '@rescind/telemetry'
import type { FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import { assemble, type Parts } from './assemble.ts'
import { isLoopback, type PublisherConfig } from './config.ts'
import { makeGate } from './gate.ts'
import { IdempotentAnswers } from './idempotency.ts'
import { CLOSE_PATIENCE_MS, TICK_MS } from './limits.ts'
import { observe } from './metrics/observed.ts'
import { PublisherMetrics } from './metrics/publisher-metrics.ts'
import { healthRoutes } from './routes/health-routes.ts'
import { type ListParts, listRoutes } from './routes/list-routes.ts'
import { metricsRoutes } from './routes/metrics-routes.ts'
import { openApiRoutes } from './routes/openapi-routes.ts'
import { readRoutes } from './routes/read-routes.ts'
import { streamRoutes } from './routes/stream-routes.ts'
import { writeRoutes } from './routes/write-routes.ts'
import { createServer } from './server.ts'
import type { openStore } from './store/open-store.ts'

/** What a publisher is started with. */
export interface StartPublisherOptions {
  readonly config: PublisherConfig
  readonly log: {
    /** For appending. */
    readonly publisher: PublisherLog
    /** For the publisher's own replica: the same log, as every replica sees it. */
    readonly replica: RevocationLog
  }
  /** Silent if absent. */
  readonly logger?: Logger
  /** Default: the machine's clocks. */
  readonly clock?: Clock
  /** What to measure with; closed with the publisher. Default: one that only `GET /metrics` reads. */
  readonly meters?: Meters
  /** For tests: opens the Store otherwise. */
  readonly openStore?: typeof openStore
}

/** A publisher that listens. It may not be ready yet: `GET /readyz` tells. */
export interface RunningPublisher extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Stops: not ready, then the configured delay, then no new requests, then answers to all that wait; idempotent. */
  close(): Promise<void>
}

/**
 * Starts a publisher. Resolves once it listens, also while the broker is away: it heals by itself. Rejects with
 * `ERR_INVALID_OPTION` without keys on an address that others reach, and if the port is taken.
 */
export async function startPublisher(options: StartPublisherOptions): Promise<RunningPublisher> {
  const { config, logger = pino({ level: 'silent' }), clock = systemClock } = options
  if (config.keys.length === 0 && !config.admin && !isLoopback(config.host)) {
    const detail = `keys or an admin issuer are required, because others than this machine reach ${config.host}`
    throw new RescindError('ERR_INVALID_OPTION', detail)
  }
  const meters = options.meters ?? openMeters({ service: 'rescind-publisher' })
  const metrics = new PublisherMetrics(meters.meter)
  const parts = await assemble({ ...options, logger, clock, metrics })
  measure(meters.meter, parts, config, clock)
  const app = await makeServer(options, parts, clock, logger, metrics)
  requestMetrics(app, meters.meter)
  const answers = new IdempotentAnswers(parts.store, clock)
  writeRoutes(app, parts.publishing, answers)
  readRoutes(app, parts, clock)
  listRoutes(app, listParts(parts, clock))
  streamRoutes(app, { ...parts, clock })
  healthRoutes(app, parts.readiness)
  openApiRoutes(app)
  metricsRoutes(app, meters)
  const ticking = setInterval(() => tick(parts), TICK_MS)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= stop(app, parts, ticking, config.shutdownDelayMs).finally(() => meters.close())
    return closing
  }
  try {
    const url = await app.listen({ host: config.host, port: config.port })
    logger.info({ url }, 'listening')
    saySignOn(config, url, logger)
    return { url, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const detail = `port ${config.port} of ${config.host} is taken: set RESCIND_PORT to another one, or to 0`
    throw new RescindError('ERR_INVALID_OPTION', detail, { cause: error })
  }
}

/** Closes the parts if the server cannot be made of what was configured. */
async function makeServer(
  { config }: StartPublisherOptions,
  parts: Parts,
  clock: Clock,
  logger: Logger,
  metrics: PublisherMetrics,
): Promise<FastifyInstance> {
  const { trustedProxies, http } = config
  try {
    const gate = makeGate(config, parts.replica, clock)
    const given = { ...(trustedProxies && { trustedProxies }), ...(http && { limits: http }) }
    return createServer({ gate, logger, clock, onRefused: (code) => metrics.countRefusal(code), ...given })
  } catch (error) {
    await closeParts(parts)
    throw error
  }
}

/** What is asked at each collection. */
function measure(meter: Meter, parts: Parts, config: PublisherConfig, clock: Clock): void {
  const { readiness, replicas, brokerClock, replica, publishing } = parts
  replicaMetrics(meter, replica)
  observe(meter, {
    clock,
    checks: () => readiness.checks(),
    replicas: () => replicas.list(),
    backlog: () => publishing.outbox.backlog,
    clockDistanceMs: () => brokerClock.distanceMs(),
    maxEntries: config.maxEntries ?? limits.MAX_ENTRIES,
    storeDir: config.storeDir,
  })
}

/** What looking revocations up needs. */
function listParts({ store, receipts, replica, keeper }: Parts, clock: Clock): ListParts {
  return { store, receipts, clock, epoch: () => replica.status.cursor?.epoch, listenedMs: () => keeper.listenedMs }
}

/** Says what an operator should know of who may come in. */
function saySignOn({ admin, keys }: PublisherConfig, url: string, logger: Logger): void {
  if (admin) {
    const { issuer, audience, jwksUrl } = admin
    logger.info({ issuer, audience }, 'admins sign on with tokens of this issuer')
    const { protocol, hostname } = new URL(jwksUrl)
    if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
      logger.warn({ jwksUrl }, 'keys of admins are fetched without TLS: whoever is on the way can make itself an admin')
    }
  } else if (keys.length === 0) {
    logger.warn({ url }, 'NO KEYS ARE CONFIGURED: whoever reaches this address may do everything')
  }
}

/** What heals by itself: a few field reads, and work only when something is due. */
function tick(parts: Parts): void {
  const { keeper, replica, brokerClock, issuerFacts, reconciler, publishing, events, sweeping } = parts
  const { state, cursor } = replica.status
  const otherEpoch = cursor !== undefined && keeper.head !== undefined && cursor.epoch !== keeper.head.epoch
  keeper.tick(state !== 'live' || otherEpoch || brokerClock.refusal() !== undefined)
  if (state === 'live' && cursor !== undefined) issuerFacts.tick(cursor.epoch)
  reconciler.tick()
  publishing.outbox.tick()
  events.tick()
  sweeping.tick()
}

/** Not ready first, so that nobody is sent here; then every request that came in is answered; then the connections go. */
async function stop(app: FastifyInstance, parts: Parts, ticking: NodeJS.Timeout, delayMs: number): Promise<void> {
  parts.readiness.close()
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
  let impatience: NodeJS.Timeout | undefined
  try {
    await parts.publishing.outbox.drain()
    parts.receipts.close()
    parts.events.close()
    impatience = setTimeout(() => app.server.closeAllConnections(), CLOSE_PATIENCE_MS)
    await app.close()
  } finally {
    clearTimeout(impatience)
    clearInterval(ticking)
    await closeParts(parts)
  }
}

/** From the top down: the Store is the last that anything could be written to. */
async function closeParts(parts: Parts): Promise<void> {
  const { snapshots, receipts, replica, keeper, sender, publishing, reconciler, store, events, sweeping } = parts
  events.close()
  snapshots.close()
  receipts.close()
  sender.stop()
  await Promise.all([publishing.outbox.close(), reconciler.close(), sweeping.close()])
  await Promise.all([replica.close(), keeper.close()])
  await store.close()
}
