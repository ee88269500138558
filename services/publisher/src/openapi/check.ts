import { UNKNOWN_CAUSES } from '@rescind/protocol'
import type { CheckAnswer } from '../check-token.ts'
import { MAX_CAUSES } from '../limits.ts'
import type { Call } from './call.ts'
import { answerObject, ref, requestObject, type Schema } from './json-schema.ts'
import { CAUSING_EXAMPLE } from './listed.ts'

/** What checking takes and answers. */
export const CHECK_SCHEMAS = {
  Question: requestObject(
    "The claims are the caller's word: no signature is seen here.",
    {
      claims: { type: 'object', description: 'The payload of a token.' },
      header: {
        type: 'object',
        description: 'The header of a token. Without it the answer is `no_header` while a key is revoked (R5).',
      },
    },
    ['claims'],
  ),
  Verdict: {
    description: 'What would happen to a verified token that carries these claims (R18).',
    oneOf: [
      answerObject('Nothing matches, and the view is proved fresh.', { kind: { const: 'active' } }),
      answerObject('Something matches. This names one of the revocations.', {
        kind: { const: 'revoked' },
        reason: ref('Reason'),
        mode: ref('Mode'),
        claims: { type: 'array', items: { type: 'string' }, description: 'The names of the claims that matched.' },
      }),
      answerObject('Nothing matches, and this publisher cannot vouch for it.', {
        kind: { const: 'unknown' },
        cause: { enum: UNKNOWN_CAUSES, description: 'Of several, the first in this order.' },
      }),
    ],
  },
  CheckAnswer: answerObject<CheckAnswer>('The answer to a question.', {
    verdict: ref('Verdict'),
    causes: {
      type: 'array',
      items: ref('CausingRevocation'),
      maxItems: MAX_CAUSES,
      description: `Every revocation that revokes it (R6), the newest first, at most ${MAX_CAUSES}; empty unless it is revoked.`,
    },
  }),
} as const satisfies Record<string, Schema>

const claims = { iss: 'https://id.example', sub: 'ann', iat: 1_769_860_000, exp: 1_769_863_600 }

/** `POST /v1/check`. */
export const CHECK: Call = {
  method: 'POST',
  path: '/v1/check',
  operationId: 'check',
  tag: 'revocations',
  summary: 'Ask what would happen to a token',
  description:
    "The verdict of the publisher's own replica on a verified token with these claims, and every revocation that causes it: why was this user logged out? Nothing is verified here (R8).",
  scope: 'revocations:read',
  body: {
    description: 'The claims of a token, and its header.',
    schema: ref('Question'),
    examples: {
      claims_and_header: { summary: 'Claims and header', value: { claims, header: { kid: 'k1' } } },
      claims: { summary: 'Claims alone', value: { claims } },
    },
  },
  answers: {
    200: {
      description: 'The verdict, and its causes.',
      headers: { 'Cache-Control': true },
      content: {
        'application/json': {
          schema: ref('CheckAnswer'),
          examples: {
            active: { summary: 'It passes', value: { verdict: { kind: 'active' }, causes: [] } },
            revoked: {
              summary: 'It is refused',
              value: {
                verdict: { kind: 'revoked', reason: 'password_changed', mode: 'cutoff', claims: ['sub'] },
                causes: [CAUSING_EXAMPLE],
              },
            },
            unknown: {
              summary: 'Nobody can tell',
              value: { verdict: { kind: 'unknown', cause: 'unmanaged_issuer' }, causes: [] },
            },
          },
        },
      },
    },
  },
  refusals: ['invalid_check', 'store_unavailable'],
}
