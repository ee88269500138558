import { FRAME_VERSIONS, limits } from '@rescind/protocol'
import type { ReplicaAnswer } from '../replicas.ts'
import type { Call } from './call.ts'
import { INSTANT } from './claims.ts'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'

const WORD = { type: 'string', minLength: 1, maxLength: limits.MAX_ID_LENGTH } as const

/** What is said of replicas. */
export const REPLICA_SCHEMAS = {
  ReplicaAnswer: answerObject<ReplicaAnswer>(
    'One replica in its own words, which are claims and no proofs, and when it last said them.',
    {
      id: { ...WORD, description: 'Random, new at every start.' },
      name: { ...WORD, description: 'The name under which it connected.' },
      version: { ...WORD, description: 'Of the subscriber package.' },
      frameVersions: { type: 'array', items: { type: 'integer' }, description: 'Frame versions that it reads.' },
      state: {
        enum: valuesOf<Exclude<ReplicaAnswer['state'], 'closed'>>({ starting: true, live: true, stale: true }),
        description: 'Live: it has proved that nothing is missing (R19). One that has closed is not listed.',
      },
      cursor: ref('Cursor', 'The frame it has applied last; absent before the first.'),
      lagMs: { type: 'number', minimum: 0, description: 'Milliseconds since its last proof; absent before the first.' },
      entries: { type: 'integer', minimum: 0, description: 'Revocations and lifts that it holds.' },
      rssBytes: { type: 'number', minimum: 0, description: 'Resident memory of its process, in bytes.' },
      whenUnknown: {
        enum: valuesOf<ReplicaAnswer['whenUnknown']>({ reject: true, accept: true }),
        description: 'What it does with a request while revocations cannot be known (R18).',
      },
      staleAfterMs: {
        type: 'number',
        minimum: 0,
        description: 'Its bound on the age of the last proof, in milliseconds.',
      },
      digest: ref('ReplicaDigest', 'Of what it holds; absent while there is none of its cursor yet.'),
      lastSeen: { ...INSTANT, description: "By the publisher's clock." },
      silent: {
        type: 'boolean',
        description: 'It has said nothing for its own `staleAfterMs` and 2 s more: gone, or cut off.',
      },
    },
    ['cursor', 'lagMs', 'digest'],
  ),
  ReplicaDigest: answerObject<NonNullable<ReplicaAnswer['digest']>>(
    'Replicas with one cursor and one `asOf` hold the same if and, but for chance, only if their values are equal.',
    {
      asOf: { ...INSTANT, description: 'What expires by then is left out.' },
      value: { type: 'string', pattern: '^[0-9a-f]{16}$', description: 'A keyed sum over all that it holds.' },
    },
  ),
  ReplicasAnswer: answerObject('Sorted by name.', {
    replicas: { type: 'array', items: ref('ReplicaAnswer'), maxItems: limits.MAX_REPLICAS },
  }),
} as const satisfies Record<string, Schema>

/** `DELETE /v1/replicas/{id}`. */
export const DISMISS_REPLICA: Call = {
  method: 'DELETE',
  path: '/v1/replicas/{id}',
  operationId: 'dismissReplica',
  tag: 'replicas',
  summary: 'Dismiss a replica that is gone for good',
  description:
    'It is off the list, and no receipt waits for it any more. One that speaks again is on the list again: nothing is dismissed that lives.',
  scope: 'revocations:write',
  pathParameters: {
    id: { description: 'Its `id` in `GET /v1/replicas`.', schema: WORD, example: '3c5d7e9f0a2b4c6d' },
  },
  answers: { 204: { description: 'It was on the list, and is not any more.' } },
  refusals: ['not_found', 'store_unavailable'],
  said: { not_found: { detail: 'no replica with this id is known' } },
}

/** `GET /v1/replicas`. */
export const REPLICAS: Call = {
  method: 'GET',
  path: '/v1/replicas',
  operationId: 'listReplicas',
  tag: 'replicas',
  summary: 'List the replicas',
  description:
    "Who has announced itself since this publisher started, publishers' own replicas (`publisher-replica-…`) included.",
  scope: 'revocations:read',
  answers: {
    200: {
      description: 'The replicas.',
      headers: { 'Cache-Control': true },
      content: {
        'application/json': {
          schema: ref('ReplicasAnswer'),
          examples: {
            one: {
              summary: "The publisher's own",
              value: {
                replicas: [
                  {
                    id: '3c5d7e9f0a2b4c6d',
                    name: 'publisher-replica-3c5d7e9f',
                    version: '0.1.0',
                    frameVersions: [...FRAME_VERSIONS],
                    state: 'live',
                    cursor: {
                      epoch: '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b',
                      seq: 7,
                      frameId: '0b9d2c4e6f8a1b3c5d7e9f0a2b4c6d8e',
                    },
                    lagMs: 812,
                    entries: 3,
                    rssBytes: 91_226_112,
                    whenUnknown: 'reject',
                    staleAfterMs: limits.DEFAULT_STALE_AFTER_MS,
                    digest: { asOf: '2026-01-31T12:02:00.400Z', value: '5be1c0de7a9d3f42' },
                    lastSeen: '2026-01-31T12:00:05.119Z',
                    silent: false,
                  },
                ],
              },
            },
          },
        },
      },
    },
  },
  refusals: [],
}
