import { limits } from '@rescind/protocol'
import { DEFAULT_RECEIPT_WAIT_MS, MAX_RECEIPT_WAIT_MS } from '../limits.ts'
import type { Receipt } from '../receipt.ts'
import type { Parameter } from './call.ts'
import { answerObject, type Schema } from './json-schema.ts'

const NAME = { type: 'string', minLength: 1, maxLength: limits.MAX_ID_LENGTH } as const

function names(description: string): Schema {
  return { type: 'array', items: NAME, maxItems: limits.MAX_REPLICAS, description }
}

/** What is said of who enforces a frame. */
export const RECEIPT_SCHEMAS = {
  Receipt: answerObject<Receipt>(
    'Who enforces it, by the name of each replica that counts: all that this publisher knows by presence, but for its own. A name that many replicas share comes as often; `GET /v1/replicas` tells them apart.',
    {
      confirmed: {
        type: 'array',
        maxItems: limits.MAX_REPLICAS,
        description: 'They have applied it.',
        items: answerObject<Receipt['confirmed'][number]>('One replica.', {
          replica: { ...NAME, description: 'Its name.' },
          ms: {
            type: 'number',
            minimum: 0,
            description: 'Milliseconds from when it was in the log until the publisher heard of it.',
          },
        }),
      },
      pending: names('They may still accept what was revoked.'),
      fenced: names(
        'They have not confirmed, but by their own `staleAfterMs` they are stale by now, and reject what they cannot know (R18, R19).',
      ),
      unproved: names(
        'The same, but they accept what they cannot know: until they confirm, say goodbye or are dismissed (`DELETE /v1/replicas/{id}`).',
      ),
    },
  ),
} as const satisfies Record<string, Schema>

/** Query parameters of a call that may wait until every replica enforces what it wrote. */
export const WAIT_PARAMETERS: Readonly<Record<string, Parameter>> = {
  wait: {
    description:
      '`enforced`: answers with a receipt, once every replica that counts has applied it or refuses by itself, or when the time is up. The state is `enforced` only if nobody is pending or unproved.',
    schema: { const: 'enforced' },
    example: 'enforced',
  },
  timeoutMs: {
    description: `How long to wait at the most, in milliseconds; with \`wait\`. Default ${DEFAULT_RECEIPT_WAIT_MS}.`,
    schema: { type: 'integer', minimum: 0, maximum: MAX_RECEIPT_WAIT_MS, default: DEFAULT_RECEIPT_WAIT_MS },
    example: String(DEFAULT_RECEIPT_WAIT_MS),
  },
  minReplicas: {
    description:
      'So many must have confirmed; with `wait`. Default 1: a publisher that knows of no replica proves nothing.',
    schema: { type: 'integer', minimum: 1, maximum: limits.MAX_REPLICAS, default: 1 },
    example: '1',
  },
}
