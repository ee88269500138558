import { type Cursor, limits, type Mode, REASONS } from '@rescind/protocol'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'

const MAX_NUMBER = Number.MAX_SAFE_INTEGER

/** An instant as answers give it. */
export const INSTANT = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
} as const satisfies Schema

/** An instant as requests may give it: any RFC 3339 time with a zone, between 1970 and 9999. */
export function requestedInstant(description: string): Schema {
  const read = 'RFC 3339 with a zone, between 1970 and 9999; what lies below the millisecond is rounded up.'
  return {
    type: 'string',
    format: 'date-time',
    maxLength: limits.MAX_TIME_TEXT_LENGTH,
    description: `${description} ${read}`,
  }
}

/** Free text of at most so many characters. */
export function text(maxLength: number, description: string): Schema {
  return { type: 'string', maxLength, description }
}

/** A leaked key can sign any `iat`: it is blocked, and never cut off. */
export const KEY_IS_BLOCKED: Schema = {
  if: { properties: { match: { required: ['kid'] } }, required: ['match'] },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { properties: { mode: { const: 'block' } } },
}

/** What everything speaks of: claims, matches, modes, reasons, cursors. */
export const CLAIM_SCHEMAS = {
  ClaimValue: {
    description:
      'Compared exactly (R1): `"42"`, `42` and `true` differ. Lengths count UTF-16 code units; a lone surrogate is refused.',
    anyOf: [
      { type: 'string', maxLength: limits.MAX_CLAIM_VALUE_LENGTH },
      { type: 'integer', minimum: -MAX_NUMBER, maximum: MAX_NUMBER },
      { type: 'boolean' },
    ],
  },
  Match: {
    description:
      'Claims that a token must carry, all of them; of a claim that is an array one element is enough (R2). `{}` is every token of the issuer. `kid` is the id of the key that verified the signature, in the header of the token; it stands alone and is a string.',
    type: 'object',
    maxProperties: limits.MAX_MATCH_CLAIMS,
    propertyNames: {
      minLength: 1,
      maxLength: limits.MAX_CLAIM_NAME_LENGTH,
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
      not: { const: '__proto__' },
    },
    additionalProperties: ref('ClaimValue'),
    dependentSchemas: { kid: { maxProperties: 1, properties: { kid: { type: 'string' } } } },
    examples: [{ sub: 'ann' }, { sub: 'ann', client_id: 'app' }, { jti: '8f0e3c1a' }, { kid: 'k1' }, {}],
  },
  IssuerId: {
    description: 'The exact `iss` of the tokens, trailing slash and case included (R1); one that is configured here.',
    type: 'string',
    maxLength: limits.MAX_ISSUER_LENGTH,
    examples: ['https://id.example'],
  },
  Mode: {
    description:
      '`cutoff`: matching tokens issued at or before `issuedBefore`; the next login works. `block`: every matching token, whenever issued.',
    enum: valuesOf<Mode>({ cutoff: true, block: true }),
  },
  Reason: { description: 'Why; it travels to every replica (R3).', enum: REASONS },
  Cursor: answerObject<Cursor>('A position in the log: the frame applied last. Two compare only within one epoch.', {
    epoch: {
      type: 'string',
      minLength: 1,
      maxLength: limits.MAX_ID_LENGTH,
      description: 'One incarnation of the log.',
    },
    seq: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_NUMBER,
      description: 'The sequence of the frame; 0 before the first.',
    },
    frameId: {
      type: 'string',
      maxLength: limits.MAX_ID_LENGTH,
      description: 'The id of the frame; empty at sequence 0.',
    },
  }),
} as const satisfies Record<string, Schema>
