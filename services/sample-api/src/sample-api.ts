import { openReplica, type Replica, type ReplicaOptions, RescindError } from '@rescind/subscriber'
import { type Meters, openMeters } from '@rescind/telemetry'
import { createVerifier } from '@rescind/verifier'
import type { FastifyBaseLogger } from 'fastify'
import { buildApp } from './app.ts'
import type { SampleApiConfig } from './config.ts'

/** The time that one request may take to arrive: whoever needs longer is not answered anyway. */
const CLOSE_PATIENCE_MS = 10_000

/** What {@link startSampleApi} needs. */
export interface StartSampleApiOptions {
  readonly config: SampleApiConfig
  /** Where revocations come from: `natsLog()`, or a `memoryLog()` in one process. */
  readonly log: ReplicaOptions['log']
  /** Where the replica starts from. Absent: from the log alone, which has to be accepted by name (R20). */
  readonly snapshot?: NonNullable<ReplicaOptions['snapshot']>
  /** Silent if absent. */
  readonly logger?: FastifyBaseLogger
  /** Default: the machine's clocks. */
  readonly clock?: NonNullable<ReplicaOptions['clock']>
  /** What to measure with; closed with the API. Default: one that only `GET /metrics` reads. */
  readonly meters?: Meters
}

/** A sample API that listens. */
export interface RunningSampleApi {
  /** Where it listens, such as `http://127.0.0.1:8081`. */
  readonly url: string
  /** The replica inside it. */
  readonly replica: Replica
  /** Answers what is under way, then closes the server and the replica; idempotent. */
  close(): Promise<void>
}

/**
 * Starts one sample API. It resolves once it listens, whether or not its replica is live by then: `/readyz` tells.
 * Rejects if the port is taken or the configuration cannot be used; nothing stays open then.
 */
export async function startSampleApi(options: StartSampleApiOptions): Promise<RunningSampleApi> {
  const { config, logger, clock, meters = openMeters({ service: 'rescind-sample-api' }) } = options
  const replica = await openReplica({
    log: options.log,
    ...(options.snapshot ? { snapshot: options.snapshot } : { bootstrap: 'log' }),
    whenUnknown: config.whenUnknown,
    waitUntilLive: false,
    ...(config.staleAfterMs !== undefined && { staleAfterMs: config.staleAfterMs }),
    ...(config.name !== undefined && { name: config.name }),
    ...(logger && { logger }),
    ...(clock && { clock }),
  })
  try {
    const { issuer: iss, audience, algorithms, jwksUrl: jwksUri, maxExpiryMs } = config
    const verifier = createVerifier({
      replica,
      issuers: [{ iss, audience, algorithms, jwksUri, maxExpiryMs }],
      ...(clock && { clock }),
    })
    const app = buildApp({
      replica,
      verifier,
      meters,
      ...(config.name !== undefined && { name: config.name }),
      ...(logger && { logger }),
    })
    const url = await app.listen({ host: config.host, port: config.port })
    const close = once(async () => {
      // A client that sends or reads slowly is cut off after this.
      const impatience = setTimeout(() => app.server.closeAllConnections(), CLOSE_PATIENCE_MS)
      await app.close().finally(() => clearTimeout(impatience))
      await Promise.all([replica.close(), meters.close()])
    })
    return { url, replica, close }
  } catch (error) {
    await Promise.all([replica.close(), meters.close()])
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const detail = `port ${config.port} of ${config.host} is taken: set RESCIND_PORT to another one, or to 0`
    throw new RescindError('ERR_INVALID_OPTION', detail, { cause: error })
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= run()
    return running
  }
}
