import { limits } from '@rescind/protocol'
import type { AuditAnswer, LiftEvent } from '../fact-answers.ts'
import { AUDIT_CHUNK, HEARTBEAT_MS, MAX_AUDIT_IDS, MAX_CATCH_UP_FRAMES, MAX_STREAMS } from '../limits.ts'
import type { Call } from './call.ts'
import { text } from './claims.ts'
import { answerObject, ref, type Schema, valuesOf } from './json-schema.ts'
import { LIFT_FIELDS } from './lift-fields.ts'
import { DONE_AT, RANGE_PARAMETERS } from './listed.ts'
import { parameter } from './problem-examples.ts'

/** What streams are made of. */
export const STREAM_SCHEMAS = {
  LiftEvent: answerObject<LiftEvent>(
    'The data of an event `lift`.',
    {
      ...LIFT_FIELDS,
      actor: text(limits.MAX_PRINCIPAL_LENGTH, "Who lifted: a key's name, or `jwt:` and the `sub` of an admin."),
      note: text(limits.MAX_NOTE_LENGTH, 'For people.'),
    },
    ['note'],
  ),
  AuditEntry: answerObject<AuditAnswer>(
    'Who did what.',
    {
      time: DONE_AT,
      principal: text(limits.MAX_PRINCIPAL_LENGTH, "A key's name, or `jwt:` and the `sub` of an admin."),
      signOn: { enum: valuesOf<AuditAnswer['signOn']>({ key: true, token: true, none: true }) },
      action: { enum: valuesOf<AuditAnswer['action']>({ revoke: true, lift: true, import: true, dismiss: true }) },
      onBehalfOf: text(limits.MAX_PRINCIPAL_LENGTH, 'For whom, as the principal said.'),
      outcome: { type: 'string', description: '`recorded`, or what it came to.' },
      ids: {
        type: 'array',
        items: { type: 'string' },
        maxItems: MAX_AUDIT_IDS,
        description: 'Of the facts, the first.',
      },
      count: { type: 'integer', minimum: 0, description: 'How many facts there were in all.' },
      detail: { type: 'string', description: 'What else there is to say.' },
    },
    ['onBehalfOf', 'detail'],
  ),
} as const satisfies Record<string, Schema>

/** `GET /v1/events`. */
export const EVENTS: Call = {
  method: 'GET',
  path: '/v1/events',
  operationId: 'followEvents',
  tag: 'revocations',
  summary: 'Follow revocations and lifts',
  description: `What this publisher's own replica applies from now on, or from \`Last-Event-ID\` on, as Server-Sent Events: \`revocation\` (data: \`CausingRevocation\`) and \`lift\` (data: \`LiftEvent\`). Whatever is published again comes again, under its id. An \`id\` is a cursor, \`epoch.seq.frameId\`; of the events of one frame only the last bears it, so that a reader who resumes misses none. An id without an event says where the reader stands.

\`reset\`: what came since the \`Last-Event-ID\` cannot be told any more (another epoch, pruned, more than ${MAX_CATCH_UP_FRAMES} frames); its id is where it goes on, and its data says why: list what is live, then go on reading. \`closed\` is the last event: \`{ "code", "detail" }\` says why the publisher ends the stream (\`too_slow\`, \`shutting_down\`, \`log_unavailable\`, or the code of a problem with the credentials). A comment comes every ${HEARTBEAT_MS / 1_000} s. At most ${MAX_STREAMS} streams are open at once.`,
  scope: 'revocations:read',
  headers: {
    'Last-Event-ID': {
      description: 'The last id that was read. Anything that is none is answered with `reset`.',
      schema: { type: 'string' },
    },
  },
  answers: {
    200: {
      description: 'The events, without an end.',
      headers: { 'Cache-Control': true },
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
  },
  refusals: ['too_many_streams'],
}

/** `GET /v1/audit`. */
export const AUDIT: Call = {
  method: 'GET',
  path: '/v1/audit',
  operationId: 'exportAudit',
  tag: 'revocations',
  summary: 'Export who did what',
  description: `What was done at this publisher, the oldest first, up to now: an \`AuditEntry\` as JSON on each line, about ${AUDIT_CHUNK / 1024} KB at a time and no faster than it is read. It counts as a stream for as long as it takes.`,
  scope: 'revocations:read',
  query: RANGE_PARAMETERS,
  answers: {
    200: {
      description: 'The entries; nothing if there is none.',
      headers: { 'Cache-Control': true },
      content: { 'application/x-ndjson': { schema: ref('AuditEntry', 'Of each line.') } },
    },
  },
  refusals: ['invalid_parameter', 'too_many_streams', 'store_unavailable'],
  said: {
    invalid_parameter: parameter('invalid_parameter', '?from must be before ?to, which is not included'),
  },
}
