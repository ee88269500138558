import type { FastifyInstance } from 'fastify'
import { routeOf } from '../openapi/call.ts'
import { LIVEZ, READYZ } from '../openapi/health.ts'
import type { Readiness } from '../readiness.ts'

/** `GET /livez`: the process runs. `GET /readyz`: it takes revocations and serves snapshots, or says why not. */
export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  app.route({
    ...routeOf(LIVEZ),
    handler: (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  })

  app.route({
    ...routeOf(READYZ),
    handler(request, reply) {
      const checks = readiness.checks()
      const ready = checks.every(({ ok }) => ok)
      const verbose = Object.hasOwn(request.query as object, 'verbose')
      const shown = verbose ? checks : checks.filter(({ ok }) => !ok)
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: ready ? 'ready' : 'not_ready', ...(shown.length > 0 && { checks: shown }) })
    },
  })
}
