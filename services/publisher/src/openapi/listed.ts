import { limits, REASONS } from '@rescind/protocol'
import type { CausingAnswer, ListAnswer, ListedAnswer, ShownAnswer } from '../fact-answers.ts'
import { DEFAULT_LIST_PAGE, MAX_LIST_LOOKS, MAX_LIST_PAGE, MAX_WAITING_LOOKS } from '../limits.ts'
import { CLAIM_PREFIX, LISTED_STATES } from '../list-query.ts'
import { noRevocation } from '../look-up.ts'
import type { Call, Parameter } from './call.ts'
import { INSTANT, requestedInstant, text } from './claims.ts'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'
import { parameter } from './problem-examples.ts'
import { BROADCAST_REVOCATION } from './revocation-examples.ts'
import { REVOCATION_FIELDS } from './revocation-fields.ts'

const EXCEPTED = { type: 'array', items: ref('ClaimValue'), maxItems: limits.MAX_EXCEPTIONS } as const

const CAUSING_FIELDS = {
  ...REVOCATION_FIELDS,
  actor: text(limits.MAX_PRINCIPAL_LENGTH, "Who revoked: a key's name, or `jwt:` and the `sub` of an admin."),
  onBehalfOf: text(limits.MAX_PRINCIPAL_LENGTH, 'For whom, as the actor said.'),
  note: text(limits.MAX_NOTE_LENGTH, 'For people.'),
  except: {
    description: 'Tokens that it does not touch (R7).',
    type: 'object',
    properties: { jti: EXCEPTED, sid: EXCEPTED },
  },
} as const

const OPTIONAL = ['issuedBefore', 'reissueNotBefore', 'at', 'onBehalfOf', 'note', 'except'] as const

const STATE =
  '`live`: it counts. `lifted`: a newer lift stands on its issuer, match and mode. `expired`: it is only kept to be looked at'

/** What looking answers. */
export const LISTED_SCHEMAS = {
  CausingRevocation: answerObject<CausingAnswer>('A revocation, and who made it.', CAUSING_FIELDS, OPTIONAL),
  ListedRevocation: answerObject<ListedAnswer>(
    'A revocation, who made it, and what became of it.',
    { ...CAUSING_FIELDS, state: { enum: LISTED_STATES, description: `${STATE}.` } },
    OPTIONAL,
  ),
  ListAnswer: answerObject<ListAnswer>(
    'One page, the newest first.',
    {
      revocations: { type: 'array', items: ref('ListedRevocation'), maxItems: MAX_LIST_PAGE },
      next: {
        type: 'string',
        minLength: 1,
        description: 'Where the next page begins: the `cursor` of the next request. Absent at the end.',
      },
    },
    ['next'],
  ),
  ShownRevocation: answerObject<ShownAnswer>(
    'A revocation, and how far it came.',
    {
      ...CAUSING_FIELDS,
      state: {
        enum: valuesOf<ShownAnswer['state']>({ live: true, lifted: true, expired: true, recorded: true }),
        description: `${STATE}. \`recorded\`: on this publisher's disk, and not in the log yet.`,
      },
      receipt: ref(
        'Receipt',
        'Who has applied it by now, by their own word and without being asked; `ms` is since it was in the log. Absent if it is not in the log of this epoch.',
      ),
    },
    [...OPTIONAL, 'receipt'],
  ),
} as const satisfies Record<string, Schema>

/** A revocation as those who look are told of it: the first example of a request to revoke. */
export const CAUSING_EXAMPLE = { ...BROADCAST_REVOCATION, actor: 'admin' }

const LISTED = { ...CAUSING_EXAMPLE, state: 'live' }

/** Parameters that bound a time; the second is not included. */
export const RANGE_PARAMETERS: Readonly<Record<'from' | 'to', Parameter>> = {
  from: { description: 'From this time on.', schema: requestedInstant(''), example: '2026-01-31T00:00:00Z' },
  to: { description: 'Before this time.', schema: requestedInstant(''), example: '2026-02-01T00:00:00Z' },
}

const LIST_PARAMETERS: Readonly<Record<string, Parameter>> = {
  iss: { description: 'The issuer.', schema: { type: 'string', maxLength: limits.MAX_ISSUER_LENGTH } },
  claims: {
    prefix: CLAIM_PREFIX,
    description: `Claims that must be in the match with these very values, others may be in it: \`${CLAIM_PREFIX}sub=ann\`. A number, \`true\` or \`false\` is read as such, text needs no quotes; in quotes (\`${CLAIM_PREFIX}sub="42"\`) it is text for sure.`,
    schema: {
      type: 'object',
      maxProperties: limits.MAX_MATCH_CLAIMS,
      patternProperties: { '^claim\\..': { type: 'string' } },
      additionalProperties: false,
    },
  },
  mode: { description: 'The mode.', schema: { enum: ['cutoff', 'block'] } },
  reason: { description: 'The reason.', schema: { enum: REASONS } },
  actor: {
    description: 'Who revoked.',
    schema: { type: 'string', minLength: 1, maxLength: limits.MAX_PRINCIPAL_LENGTH },
    example: 'admin',
  },
  ...RANGE_PARAMETERS,
  state: { description: 'What became of it; without this, all are listed.', schema: { enum: LISTED_STATES } },
  limit: {
    description: `Revocations on a page at most. Default ${DEFAULT_LIST_PAGE}.`,
    schema: { type: 'integer', minimum: 1, maximum: MAX_LIST_PAGE, default: DEFAULT_LIST_PAGE },
    example: String(DEFAULT_LIST_PAGE),
  },
  cursor: { description: 'The `next` of the page before, with the same other parameters.', schema: { type: 'string' } },
}

/** `GET /v1/revocations`. */
export const LIST: Call = {
  method: 'GET',
  path: '/v1/revocations',
  operationId: 'listRevocations',
  tag: 'revocations',
  summary: 'Search revocations',
  description: `What this publisher's Store holds of the log, the newest first; expired ones, too, for as long as they are retained. All that is asked for must hold. A page may be short, or empty, and not the last: the end is where there is no \`next\`. At most ${MAX_LIST_LOOKS} revocations are looked at for one page.`,
  scope: 'revocations:read',
  query: LIST_PARAMETERS,
  answers: {
    200: {
      description: 'One page.',
      headers: { 'Cache-Control': true },
      content: {
        'application/json': {
          schema: ref('ListAnswer'),
          examples: {
            page: {
              summary: 'A page, and not the last',
              value: { revocations: [LISTED], next: 'AZwT-wqQMC2Pq7s5vXoV2u4K' },
            },
            last: { summary: 'The end', value: { revocations: [] } },
          },
        },
      },
    },
  },
  refusals: ['invalid_parameter', 'store_unavailable'],
  said: { invalid_parameter: parameter('invalid_parameter', `?limit is 1 to ${MAX_LIST_PAGE}`) },
}

/** `GET /v1/revocations/{id}`. */
export const SHOW: Call = {
  method: 'GET',
  path: '/v1/revocations/{id}',
  operationId: 'showRevocation',
  tag: 'revocations',
  summary: 'Look one revocation up',
  description: `With who has applied it by now. Of those that wait for the log, the oldest ${MAX_WAITING_LOOKS} groups are looked through.`,
  scope: 'revocations:read',
  pathParameters: {
    id: {
      description: 'Its `id`.',
      schema: { type: 'string', minLength: 1, maxLength: limits.MAX_ID_LENGTH },
      example: '019c13fb-0a90-7c3e-8a51-5d0f6b7c8d9e',
    },
  },
  answers: {
    200: {
      description: 'The revocation.',
      headers: { 'Cache-Control': true },
      content: {
        'application/json': {
          schema: ref('ShownRevocation'),
          examples: {
            live: {
              summary: 'It counts, and one replica has applied it',
              value: {
                ...LISTED,
                receipt: { confirmed: [{ replica: 'orders', ms: 2.4 }], pending: [], fenced: [], unproved: [] },
              },
            },
            recorded: {
              summary: 'It waits for the log',
              value: { ...withoutAt(CAUSING_EXAMPLE), state: 'recorded' },
            },
          },
        },
      },
    },
  },
  refusals: ['not_found', 'store_unavailable'],
  said: { not_found: { detail: noRevocation('nothing') } },
}

function withoutAt<T extends { readonly at: unknown }>({ at: _, ...rest }: T): Omit<T, 'at'> {
  return rest
}

/** The time of something that was done. */
export const DONE_AT: Schema = { ...INSTANT, description: 'When.' }
