import type { Check } from '../readiness.ts'
import type { Call } from './call.ts'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'

/** What is said of this process. */
export const HEALTH_SCHEMAS = {
  Liveness: answerObject('The process runs.', { status: { const: 'ok' } }),
  Readiness: answerObject(
    'Whether this publisher takes revocations and serves snapshots.',
    {
      status: { enum: ['ready', 'not_ready'] },
      checks: {
        description: 'The checks that fail; with `?verbose` all.',
        type: 'array',
        minItems: 1,
        items: answerObject<Check>(
          'One check.',
          {
            name: {
              enum: valuesOf<Check['name']>({
                serving: true,
                log: true,
                replica: true,
                store: true,
                backlog: true,
                clock: true,
                issuers: true,
              }),
              description:
                '`serving`: not stopping. `log`: it can be appended to. `replica`: its own is whole (R20). `store`: the log holds all that the Store holds (R12). `backlog`: nothing that was recorded waits for the log. `clock`: it agrees with the broker (R10). `issuers`: they are on the log.',
            },
            ok: { type: 'boolean' },
            code: { type: 'string', pattern: '^ERR_[A-Z_]+$', description: 'Why not.' },
            detail: { type: 'string', description: 'Why not, for the operator.' },
          },
          ['code', 'detail'],
        ),
      },
    },
    ['checks'],
  ),
} as const satisfies Record<string, Schema>

const HEADERS = { 'Cache-Control': true } as const

/** `GET /livez`. */
export const LIVEZ: Call = {
  method: 'GET',
  path: '/livez',
  operationId: 'livez',
  tag: 'health',
  summary: 'Does the process run?',
  description: 'For liveness probes. Says nothing about the log.',
  answers: {
    200: {
      description: 'It runs.',
      headers: HEADERS,
      content: {
        'application/json': {
          schema: ref('Liveness'),
          examples: { ok: { summary: 'It runs', value: { status: 'ok' } } },
        },
      },
    },
  },
  refusals: [],
}

function readiness(status: string, more: Schema): Schema {
  return { allOf: [ref('Readiness'), { properties: { status: { const: status } }, ...more }] }
}

/** `GET /readyz`. */
export const READYZ: Call = {
  method: 'GET',
  path: '/readyz',
  operationId: 'readyz',
  tag: 'health',
  summary: 'Does it take revocations?',
  description: 'For readiness probes. Judged at every question.',
  query: {
    verbose: {
      description: 'Lists the checks that pass, too.',
      schema: { type: 'string' },
      allowEmptyValue: true,
      example: '',
    },
  },
  answers: {
    200: {
      description: 'It takes revocations and serves snapshots.',
      headers: HEADERS,
      content: {
        'application/json': {
          schema: readiness('ready', {}),
          examples: { ready: { summary: 'Ready', value: { status: 'ready' } } },
        },
      },
    },
    503: {
      description: 'Not now, and why.',
      headers: HEADERS,
      content: {
        'application/json': {
          schema: readiness('not_ready', { required: ['checks'] }),
          examples: {
            not_ready: {
              summary: 'The clocks differ',
              value: {
                status: 'not_ready',
                checks: [
                  {
                    name: 'clock',
                    ok: false,
                    code: 'ERR_CLOCK_SKEW',
                    detail: "the publisher's clock and the broker's are 6.0 s apart; the most is 5 s: set them by NTP",
                  },
                ],
              },
            },
          },
        },
      },
    },
  },
  refusals: ['internal'],
}
