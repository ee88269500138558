import { limits } from '@rescind/protocol'
import type { LiftAnswer } from '../answers.ts'
import type { Call, Example } from './call.ts'
import { INSTANT, KEY_IS_BLOCKED, text } from './claims.ts'
import { answerObject, ref, requestObject, type Schema, valuesOf } from './json-schema.ts'
import { WAIT_PARAMETERS } from './receipt.ts'

/** What lifting takes and answers. */
export const LIFT_SCHEMAS = {
  Lift: {
    ...requestObject(
      'Every older revocation with exactly this issuer, match and mode is to count no longer.',
      {
        iss: ref('IssuerId', 'May be left out where exactly one issuer is configured.'),
        match: ref('Match'),
        mode: ref('Mode', 'Which is lifted: unblocking must not revive what a cutoff ended.'),
        note: text(limits.MAX_NOTE_LENGTH, 'For people. Publishers keep it, replicas do not.'),
      },
      ['match', 'mode'],
    ),
    ...KEY_IS_BLOCKED,
  },
  LiftAnswer: answerObject<LiftAnswer>(
    'The lift, and how far it came.',
    {
      state: {
        enum: valuesOf<LiftAnswer['state']>({ recorded: true, broadcast: true, enforced: true }),
        description:
          "`recorded`: on the publisher's disk; it goes out by itself when the log is back. `broadcast`: in the log, and in force in the publisher's own replica. `enforced`: and at every replica that counts, which the receipt proves.",
      },
      cursor: ref('Cursor', 'The frame that holds it; absent until it is in the log.'),
      lift: answerObject<LiftAnswer['lift']>(
        'What was lifted.',
        {
          id: { type: 'string', format: 'uuid', description: 'Given by the publisher; sortable by time.' },
          iss: ref('IssuerId'),
          match: ref('Match'),
          mode: ref('Mode'),
          at: {
            ...INSTANT,
            description:
              'When: rounded up to the next whole second, so it may lie a second ahead of the clock (R10). Absent until it is in the log.',
          },
          expiresAt: { ...INSTANT, description: 'From then on nothing that it lifts can be unexpired.' },
        },
        ['at'],
      ),
      receipt: ref('Receipt', 'There if the request waited.'),
    },
    ['cursor', 'receipt'],
  ),
} as const satisfies Record<string, Schema>

const iss = 'https://id.example'

const LIFTED = {
  id: '019c13fb-1c22-7b58-a3d4-7f218d9eafb0',
  iss,
  match: { sub: 'ann' },
  mode: 'block',
}

const EXPIRES_AT = '2027-03-07T13:01:06.001Z'

const BROADCAST: Example = {
  summary: 'Recorded and broadcast',
  value: {
    state: 'broadcast',
    cursor: { epoch: '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b', seq: 8, frameId: '5e7f9a0b2c4d6e8f0a1b3c5d7e9f1a2b' },
    lift: { ...LIFTED, at: '2026-01-31T12:00:06.001Z', expiresAt: EXPIRES_AT },
  },
}

const RECORDED: Example = {
  summary: 'Recorded, and not yet in the log',
  value: { state: 'recorded', lift: { ...LIFTED, expiresAt: EXPIRES_AT } },
}

function answering(states: readonly LiftAnswer['state'][], more: Schema): Schema {
  return { allOf: [ref('LiftAnswer'), { properties: { state: { enum: states } }, ...more }] }
}

/** `POST /v1/lifts`. */
export const LIFT: Call = {
  method: 'POST',
  path: '/v1/lifts',
  operationId: 'lift',
  tag: 'revocations',
  summary: 'Take revocations back',
  description:
    'Takes back every older revocation with exactly this issuer, match and mode. It is recorded also where there is none.',
  scope: 'revocations:write',
  appends: true,
  query: WAIT_PARAMETERS,
  body: {
    description: 'What to lift.',
    schema: ref('Lift'),
    examples: {
      unblock: {
        summary: 'Unblock an account',
        value: { iss, match: { sub: 'ann' }, mode: 'block', note: 'case closed' },
      },
      cutoff: { summary: 'Take a logout back', value: { iss, match: { sub: 'ann' }, mode: 'cutoff' } },
    },
  },
  answers: {
    201: {
      description:
        "In the log, and in force in the publisher's own replica (R10); `enforced`: and at every replica that counts.",
      headers: { 'Idempotency-Replayed': false },
      content: {
        'application/json': {
          schema: answering(['broadcast', 'enforced'], { required: ['cursor'] }),
          examples: { broadcast: BROADCAST },
        },
      },
    },
    202: {
      description: "On the publisher's disk: it goes out by itself when the log is back (R12).",
      headers: { 'Idempotency-Replayed': false },
      content: { 'application/json': { schema: answering(['recorded'], {}), examples: { recorded: RECORDED } } },
    },
  },
  refusals: ['invalid_lift'],
}
