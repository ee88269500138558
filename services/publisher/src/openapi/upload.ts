import { limits } from '@rescind/protocol'
import { MAX_UPLOADS } from '../limits.ts'
import type { UploadCounts, UploadEvent, UploadState } from '../upload.ts'
import type { Content } from './call.ts'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'

const COUNT = { type: 'integer', minimum: 0 } as const

const COUNTS: Readonly<Record<keyof UploadCounts, Schema>> = {
  lines: { ...COUNT, description: 'Lines that were read, empty ones too.' },
  recorded: { ...COUNT, description: 'Facts that were recorded.' },
  repeated: { ...COUNT, description: 'Lines that an earlier upload under the same key brought already.' },
  nothingToDo: { ...COUNT, description: 'Lines whose tokens have all expired (R14).' },
  rejected: { ...COUNT, description: 'Lines that break the rules.' },
}

type Event<T extends UploadEvent['type']> = Extract<UploadEvent, { type: T }>

/** What an upload is answered, line by line. */
export const UPLOAD_SCHEMAS = {
  UploadLine: {
    description: 'One line of the answer. Without a `summary` or `failed` at its end the answer was cut off.',
    oneOf: [
      answerObject<Event<'rejected'>>('A line that breaks the rules: it was left out, and all others are taken.', {
        type: { const: 'rejected' },
        line: { type: 'integer', minimum: 1, description: 'Counted from 1.' },
        code: { type: 'string', description: 'As of a refusal; `invalid_revocation` if it has several mistakes.' },
        errors: { type: 'array', items: ref('Mistake'), minItems: 1, maxItems: limits.MAX_MISTAKES },
      }),
      answerObject<Event<'progress'>>('Now and then.', { type: { const: 'progress' }, ...COUNTS }),
      answerObject<Event<'summary'>>(
        'The end.',
        {
          type: { const: 'summary' },
          state: {
            enum: valuesOf<UploadState>({ recorded: true, broadcast: true, enforced: true, nothing_to_do: true }),
            description: 'How far its facts came: as far as the last of them.',
          },
          cursor: ref('Cursor', 'The newest frame that holds one of them.'),
          receipt: ref('Receipt', 'There if the request waited.'),
          ...COUNTS,
        },
        ['cursor', 'receipt'],
      ),
      answerObject<Event<'failed'>>('The end, early. What was recorded stays; send the rest, or all of it, again.', {
        type: { const: 'failed' },
        code: { type: 'string', description: 'As of a refusal.' },
        detail: { type: 'string', description: 'What happened, and what to do about it.' },
        ...COUNTS,
      }),
    ],
  },
} as const satisfies Record<string, Schema>

/** The body of an upload: each line one revocation. */
export const UPLOAD_BODY_CONTENT: Content = {
  schema: {
    type: 'string',
    description: `Any number of lines, each a \`Revocation\` as JSON of at most ${limits.MAX_FRAME_BYTES} bytes; empty ones are passed over. Read as fast as they are recorded. Under an \`Idempotency-Key\` it may be sent again after a cut: its lines make the same facts. At most ${MAX_UPLOADS} at once.`,
  },
}

/** Its answer. */
export const UPLOAD_ANSWER_CONTENT: Content = {
  schema: ref('UploadLine'),
  examples: {
    uploaded: {
      summary: 'The last line of an upload',
      value: {
        type: 'summary',
        state: 'broadcast',
        cursor: { epoch: '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b', seq: 7, frameId: '0b9d2c4e6f8a1b3c5d7e9f0a2b4c6d8e' },
        lines: 1_000_000,
        recorded: 1_000_000,
        repeated: 0,
        nothingToDo: 0,
        rejected: 0,
      },
    },
  },
}
