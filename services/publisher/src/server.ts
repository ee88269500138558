import { limits } from '@rescind/protocol'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { authorize } from './authorize.ts'
import { HTTP_LIMITS, type HttpLimits } from './http-limits.ts'
import { takeJsonOnly } from './json-body.ts'
import type { KeyRing, Principal, Scope } from './keys.ts'
import { Problem, rawProblem, toProblem } from './problems.ts'
import { checkQuery } from './query.ts'

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

/** The HTTP side without its routes: limits, keys, one JSON parser, and every refusal as a problem (RFC 9457). */
export function createServer(keys: KeyRing, logger: FastifyBaseLogger, http?: Partial<HttpLimits>): FastifyInstance {
  const bounds = { ...HTTP_LIMITS, ...http }
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.MAX_BODY_BYTES,
    requestTimeout: bounds.requestTimeoutMs,
    http: { headersTimeout: bounds.headersTimeoutMs, connectionsCheckingInterval: bounds.checkEveryMs },
    forceCloseConnections: 'idle',
    // What Fastify answers to a request that comes in during the stop is no problem (RFC 9457); the hook below answers.
    return503OnClosing: false,
    onProtoPoisoning: 'ignore',
    frameworkErrors: (error, request, reply) => sendProblem(toProblem(error), request, reply as FastifyReply),
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) return
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') socket.end(rawProblem('request_timeout'))
      else socket.end(rawProblem(error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request'))
    },
  })
  takeJsonOnly(app)
  const methods = methodsByPath(app)
  app.decorateRequest('principal', undefined)
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onRequest', async (request) => {
    if (isClosing) throw new Problem('shutting_down', 'the publisher is stopping; ask another one')
    if (request.is404) throw notFound(request, methods)
    const { scope, query } = request.routeOptions.config
    if (scope) request.principal = authorize(request.headers.authorization, scope, keys)
    checkQuery(request.query, query ?? [])
  })
  // A connection that is kept alive beyond its last answer would hold up the stop as long as its client likes.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  app.setErrorHandler((error, request, reply) => sendProblem(toProblem(error), request, reply))
  return app
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

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (problem.status >= 500) {
    const fields = { code: problem.code, method: request.method, path: request.routeOptions?.url }
    // A stack leads to a defect; of an outage it tells nothing.
    if (problem.code === 'internal') request.log.error({ ...fields, err: problem.cause ?? problem }, problem.message)
    else request.log.warn(fields, problem.message)
  }
  // What is left of the body is not read, so the connection cannot be used again.
  if (problem.status === 413 || problem.status === 415) reply.header('connection', 'close')
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(problem.body))
}
