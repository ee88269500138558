import type { Call } from './call.ts'

/** `GET /metrics`. */
export const GET_METRICS: Call = {
  method: 'GET',
  path: '/metrics',
  operationId: 'getMetrics',
  tag: 'health',
  summary: 'Fetch all metrics',
  description:
    "In Prometheus' text format 0.0.4, whatever the request accepts. Open to all: labels are of small, closed sets, and hold no claim and no name.",
  answers: {
    200: {
      description: 'All numbers as of now.',
      headers: { 'Cache-Control': true },
      content: {
        'text/plain': {
          schema: { type: 'string' },
        },
      },
    },
  },
  refusals: [],
}
