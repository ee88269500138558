import type { Replica } from '@rescind/subscriber'
import { fastifyRescind } from '@rescind/subscriber/fastify'
import { type Meters, PROMETHEUS_TEXT, replicaMetrics, requestMetrics } from '@rescind/telemetry'
import type { Verified, Verifier } from '@rescind/verifier'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import { sendRefused } from './send-refused.ts'
import { verifierMetrics } from './verifier-metrics.ts'

/** What the routes need. */
export interface AppParts {
  readonly replica: Replica
  readonly verifier: Verifier
  readonly meters: Meters
  /** Shown in answers, so that a reader sees which replica answered. */
  readonly name?: string
  readonly logger?: FastifyBaseLogger
}

/** The routes, not listening yet: `/whoami` wants a token, the others tell how this process is. */
export function buildApp(parts: AppParts): FastifyInstance {
  const app = fastify({
    ...(parts.logger ? { loggerInstance: parts.logger } : { logger: false }),
    logController: new QuietRequests(),
    requestTimeout: 10_000,
    bodyLimit: 1_024,
    // Kept-alive connections that carry no request must not hold up a stop.
    forceCloseConnections: 'idle',
  })
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  // A connection that is kept alive beyond its last answer would hold up the stop as long as its client likes.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  measure(app, parts)
  app.register(async (scope) => protectedRoutes(scope, parts))
  app.get('/replica', async () => ({ name: parts.name, ...parts.replica.status }))
  app.get('/livez', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const { state, cause } = parts.replica.status
    return reply.code(state === 'live' ? 200 : 503).send({ ready: state === 'live', state, cause })
  })
  return app
}

/** What `GET /metrics` tells: no claim and no name of anybody. */
function measure(app: FastifyInstance, { replica, verifier, meters }: AppParts): void {
  replicaMetrics(meters.meter, replica)
  verifierMetrics(meters.meter, verifier)
  requestMetrics(app, meters.meter)
  app.get('/metrics', async (_request, reply) => reply.type(PROMETHEUS_TEXT).send(await meters.text()))
}

/** Two lines per request would be most of this API's output: only what goes wrong is logged. */
class QuietRequests extends LogController {
  override incomingRequest(): void {}

  /** The path and the query that were asked for would stand in the line, with whatever somebody puts there. */
  override routeNotFound(): void {}

  override requestCompleted(...[error, request, reply]: Parameters<LogController['requestCompleted']>): void {
    if (error) super.requestCompleted(error, request, reply)
  }
}

/**
 * Verify first, then serve. The verifier asks the replica as soon as the token is verified; the plugin asks once more
 * right before the handler, so that a body that trickles in does not outlive a revocation (R22).
 */
async function protectedRoutes(scope: FastifyInstance, { replica, verifier, name }: AppParts): Promise<void> {
  const verified = new WeakMap<FastifyRequest, Verified>()
  scope.addHook('onRequest', async (request, reply) => {
    const result = await verifier.verify(request.headers.authorization)
    if (result.kind === 'verified') {
      verified.set(request, result)
      return
    }
    request.log.debug({ code: result.code }, 'request refused')
    return sendRefused(reply, result)
  })
  await scope.register(fastifyRescind, { replica, getToken: (request) => verified.get(request) })
  scope.get('/whoami', async (request) => ({ sub: verified.get(request)?.payload.sub, replica: name }))
}
