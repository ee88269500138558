import { isIP } from 'node:net'
import { type Clock, limits } from '@rescind/protocol'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { authorize } from './authorize.ts'
import { Connections } from './connections.ts'
import type { Gate } from './gate.ts'
import { HTTP_LIMITS, type HttpLimits } from './http-limits.ts'
import { takeJsonOnly } from './json-body.ts'
import type { Principal, Scope } from './principal.ts'
import { Problem, type ProblemCode, toProblem } from './problems.ts'
import { checkQuery } from './query.ts'
import { RefusalLog } from './refusal-log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key needs for this route; routes without it are open to all. */
    scope?: Scope
    /** Query parameters the route takes; none by default. */
    query?: readonly string[]
  }
  interface FastifyRequest {
    /** Who makes the request; set on routes with a scope. */
    principal: Principal | undefined
  }
}

/** What the HTTP side is made from. */
export interface ServerParts {
  readonly gate: Gate
  readonly logger: FastifyBaseLogger
  readonly clock: Clock
  /** Proxies whose `X-Forwarded-For` is believed: addresses and ranges. None by default. */
  readonly trustedProxies?: readonly string[]
  /** Told the code of each refusal. Must not throw. */
  onRefused?(code: ProblemCode): void
  /** What differs from {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>
}

/** The HTTP side without its routes: limits, sign-on, one JSON parser, and every refusal as a problem (RFC 9457). */
export function createServer(parts: ServerParts): FastifyInstance {
  const { gate, logger, trustedProxies = [] } = parts
  const bounds = { ...HTTP_LIMITS, ...parts.limits }
  const log = new RefusalLog(parts.clock, parts.onRefused)
  const connections = new Connections(bounds, logger, parts.onRefused)
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.MAX_BODY_BYTES,
    requestTimeout: 0,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionTimeout: bounds.stallTimeoutMs,
    http: {
      headersTimeout: bounds.headersTimeoutMs,
      // Node's own would end uploads, which may take as long as they need: `Connections` counts it for all others.
      requestTimeout: 0,
      connectionsCheckingInterval: bounds.checkEveryMs,
      maxHeaderSize: bounds.maxHeaderBytes,
    },
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    forceCloseConnections: 'idle',
    // What Fastify answers to a request that comes in during the stop is no problem (RFC 9457); the hook below answers.
    return503OnClosing: false,
    onProtoPoisoning: 'ignore',
    frameworkErrors: (error, request, reply) => sendProblem(toProblem(error), request, reply as FastifyReply, log),
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET') socket.destroy()
      else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') connections.refuse(socket, 'request_timeout')
      else connections.refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request')
    },
  })
  connections.watch(app.server)
  takeJsonOnly(app)
  const methods = methodsByPath(app)
  app.decorateRequest('principal', undefined)
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onRequest', async (request) => {
    connections.check(request.raw)
    if (isClosing) throw new Problem('shutting_down', 'the publisher is stopping; ask another one')
    if (request.is404) throw notFound(request, methods)
    const { scope, query } = request.routeOptions.config
    if (scope) {
      const { authorization } = request.headers
      request.principal = await authorize({ authorization, address: addressOf(request) }, scope, gate)
    }
    checkQuery(request.query, query ?? [])
  })
  // R22: by now the body is here, and whoever sent it slowly may have been revoked meanwhile.
  app.addHook('preHandler', async (request) => request.principal?.confirm?.())
  // A connection that is kept alive beyond its last answer would hold up the stop as long as its client likes.
  app.addHook('onSend', async (_request, reply, payload) => {
    if (isClosing) reply.header('connection', 'close')
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) connections.limitReading(reply.raw, payload.length)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(toProblem(error), request, reply, log))
  return app
}

/** The peer, or whom a trusted proxy names, if that is an address at all. */
function addressOf({ ip, socket }: FastifyRequest): string {
  return isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip
}

/** Collects what each path takes, while routes are added. */
function methodsByPath(app: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>()
    methods.set(url, known)
    for (const one of [method].flat()) known.add(one)
  })
  return methods
}

/** 404, or 405 for a path that takes other methods. Before the body is read: nothing about it matters any more. */
function notFound(request: FastifyRequest, methods: ReadonlyMap<string, ReadonlySet<string>>): Problem {
  const path = request.url.split('?', 1)[0] ?? ''
  const allowed = methods.get(path)
  if (!allowed) return new Problem('not_found', 'there is nothing at this path')
  const allow = [...allowed].sort().join(', ')
  return new Problem('method_not_allowed', `this path takes ${allow}`, { headers: { allow } })
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply, log: RefusalLog): FastifyReply {
  log.write(problem, request, addressOf(request))
  // What is left of the body is not read, so the connection cannot be used again.
  if (problem.status === 413 || problem.status === 415) reply.header('connection', 'close')
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problem.body))
}
