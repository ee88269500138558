import type { Meter } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Seconds. A check takes tenths of a millisecond, a revocation some, one that waits for its receipt up to 30 seconds. */
const REQUEST_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Measures every request that a router has seen: by method, route and status, never by the path that was asked for. */
export function requestMetrics(app: FastifyInstance, meter: Meter): void {
  const seconds = meter.createHistogram('rescind_http_request_duration_seconds', {
    description: 'Time from the request to its answer, by method, route and status; streams are left out.',
    unit: 's',
    advice: { explicitBucketBoundaries: REQUEST_BUCKETS },
  })
  app.addHook('onResponse', (request, reply, done) => {
    // A stream lasts as long as its client likes, which says nothing.
    if (!isStream(reply)) seconds.record(reply.elapsedTime / 1_000, labelsOf(request, reply))
    done()
  })
}

function isStream(reply: FastifyReply): boolean {
  return String(reply.getHeader('content-type') ?? '').startsWith('text/event-stream')
}

function labelsOf(request: FastifyRequest, reply: FastifyReply) {
  const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none')
  return { method: request.method, route, status: String(reply.statusCode) }
}
