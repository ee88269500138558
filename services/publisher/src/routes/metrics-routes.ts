import { type Meters, PROMETHEUS_TEXT } from '@rescind/telemetry'
import type { FastifyInstance } from 'fastify'
import { routeOf } from '../openapi/call.ts'
import { GET_METRICS } from '../openapi/metrics.ts'

/** `GET /metrics`: all numbers as of now, for Prometheus. They hold no claim and no name of anybody. */
export function metricsRoutes(app: FastifyInstance, meters: Meters): void {
  app.route({
    ...routeOf(GET_METRICS),
    handler: async (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .type(PROMETHEUS_TEXT)
        .send(await meters.text()),
  })
}
