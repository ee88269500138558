import { RETRY_AFTER_SEC } from '../limits.ts'
import type { Parameter } from './call.ts'
import type { Schema } from './json-schema.ts'

/** A header of an answer, as the document describes it. */
export interface Header {
  readonly description: string
  readonly schema: Schema
  readonly example: string
}

const CURSOR = '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b.7.0b9d2c4e6f8a1b3c5d7e9f0a2b4c6d8e'

/** Every header of an answer that means something beyond HTTP's own framing (Date, Content-Length, Connection). */
export const HEADERS = {
  'WWW-Authenticate': {
    description:
      'The challenge (RFC 6750 section 3): without credentials it names no error; `error_description` says what is wrong with a token, `scope` what is lacking.',
    schema: { type: 'string', pattern: '^Bearer realm="rescind"' },
    example: 'Bearer realm="rescind", error="invalid_token"',
  },
  'Retry-After': {
    description: 'Seconds after which asking again makes sense.',
    schema: { type: 'integer', minimum: 1 },
    example: String(RETRY_AFTER_SEC),
  },
  'Idempotency-Replayed': {
    description: 'There if this is the first answer under the `Idempotency-Key`, given again byte for byte.',
    schema: { const: 'true' },
    example: 'true',
  },
  ETag: {
    description: 'Names the content; for `If-None-Match` (RFC 9110 section 8.8.3).',
    schema: { type: 'string', pattern: '^"[^"]+"$' },
    example: `"${CURSOR}"`,
  },
  'Rescind-Cursor': {
    description: 'The cursor of the snapshot: `epoch.seq.frameId`.',
    schema: { type: 'string', pattern: '^[^.]+\\.\\d+\\.[^.]*$' },
    example: CURSOR,
  },
  'Cache-Control': {
    description: '`no-store`: an answer about this moment. `no-cache`: may be kept, and asked for by its ETag.',
    schema: { enum: ['no-store', 'no-cache'] },
    example: 'no-store',
  },
  Allow: {
    description: 'The methods that the path takes.',
    schema: { type: 'string', pattern: '^[A-Z]+(, [A-Z]+)*$' },
    example: 'GET, HEAD',
  },
} as const satisfies Record<string, Header>

/** One of {@link HEADERS}. */
export type HeaderName = keyof typeof HEADERS

/** Headers as an answer's description holds them. */
export function describeHeaders(given: Readonly<Partial<Record<HeaderName, boolean>>>): Schema {
  return Object.fromEntries(
    Object.entries(given).map(([name, required]) => [name, { ...HEADERS[name as HeaderName], required }]),
  )
}

/** The header of a request that spares its answer, where an ETag was given. */
export const IF_NONE_MATCH: Readonly<Record<string, Parameter>> = {
  'If-None-Match': {
    description: 'An ETag, or several, or `*`: whoever has it already gets 304 and no body.',
    schema: { type: 'string' },
  },
}
