import { limits } from '@rescind/protocol'
import type { LiftAnswer } from '../answers.ts'
import { noRevocation } from '../look-up.ts'
import type { Call, Example } from './call.ts'
import { KEY_IS_BLOCKED, text } from './claims.ts'
import { DRY_RUN_PARAMETER } from './dry-run.ts'
import { answerObject, ref, requestObject, type Schema, valuesOf } from './json-schema.ts'
import { LIFT_FIELDS, LIFTED_FIELDS } from './lift-fields.ts'
import { WAIT_PARAMETERS } from './receipt.ts'

const NOTE = text(limits.MAX_NOTE_LENGTH, 'For people. Publishers keep it, replicas do not.')

/** What lifting takes and answers. */
export const LIFT_SCHEMAS = {
  Lift: {
    description: 'What is to count no longer.',
    oneOf: [ref('LiftOfMatch'), ref('LiftById')],
  },
  LiftOfMatch: {
    ...requestObject(
      'Every older revocation with exactly this issuer, match and mode.',
      {
        iss: ref('IssuerId', 'May be left out where exactly one issuer is configured.'),
        match: ref('Match'),
        mode: ref('Mode', 'Which is lifted: unblocking must not revive what a cutoff ended.'),
        note: NOTE,
      },
      ['match', 'mode'],
    ),
    ...KEY_IS_BLOCKED,
  },
  LiftById: requestObject(
    'Every older revocation with the issuer, match and mode of this one.',
    {
      id: { type: 'string', minLength: 1, maxLength: limits.MAX_ID_LENGTH, description: 'Of a revocation.' },
      all: {
        type: 'boolean',
        default: false,
        description: 'Others may be lifted with it; without this, the lift is refused if others stand there (409).',
      },
      note: NOTE,
    },
    ['id'],
  ),
  LiftAnswer: answerObject<LiftAnswer>(
    'The lift, and how far it came.',
    {
      state: {
        enum: valuesOf<LiftAnswer['state']>({ recorded: true, broadcast: true, enforced: true }),
        description:
          "`recorded`: on the publisher's disk; it goes out by itself when the log is back. `broadcast`: in the log, and in force in the publisher's own replica. `enforced`: and at every replica that counts, which the receipt proves.",
      },
      cursor: ref('Cursor', 'The frame that holds it; absent until it is in the log.'),
      lift: answerObject<LiftAnswer['lift']>('What was lifted.', LIFT_FIELDS, ['at']),
      ...LIFTED_FIELDS,
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
  expiresAt: '2027-03-07T13:01:06.001Z',
}

const { id, match, mode, expiresAt } = LIFTED
const { id: _, ...PLANNED } = LIFTED

const TAKEN_BACK = {
  lifted: [{ id: '019c13fb-0b64-7d1e-8c20-4e5f6a7b8c9d', reason: 'account_blocked', at: '2026-01-31T12:00:04.200Z' }],
  liftedCount: 1,
}

const BROADCAST: Example = {
  summary: 'Recorded and broadcast',
  value: {
    state: 'broadcast',
    cursor: { epoch: '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b', seq: 8, frameId: '5e7f9a0b2c4d6e8f0a1b3c5d7e9f1a2b' },
    lift: { id, iss, match, mode, at: '2026-01-31T12:00:06.001Z', expiresAt },
    ...TAKEN_BACK,
  },
}

const RECORDED: Example = {
  summary: 'Recorded, and not yet in the log',
  value: { state: 'recorded', lift: LIFTED, lifted: [], liftedCount: 0 },
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
    'Takes back every older revocation with exactly this issuer, match and mode, and says which that were. They are named, or those of one revocation are taken by its id. It is recorded also where there is none.',
  scope: 'revocations:write',
  appends: true,
  query: { ...WAIT_PARAMETERS, ...DRY_RUN_PARAMETER },
  body: {
    description: 'What to lift.',
    schema: ref('Lift'),
    examples: {
      unblock: {
        summary: 'Unblock an account',
        value: { iss, match: { sub: 'ann' }, mode: 'block', note: 'case closed' },
      },
      cutoff: { summary: 'Take a logout back', value: { iss, match: { sub: 'ann' }, mode: 'cutoff' } },
      by_id: {
        summary: 'Take one revocation back, if nothing else goes with it',
        value: { id: '019c13fb-0b64-7d1e-8c20-4e5f6a7b8c9d', note: 'the wrong account' },
      },
    },
  },
  answers: {
    200: {
      description: 'With `dryRun`: nothing was recorded.',
      content: {
        'application/json': {
          schema: ref('DryLiftAnswer'),
          examples: {
            dry_run: {
              summary: 'What it would do',
              value: { dryRun: true, lift: PLANNED, ...TAKEN_BACK, replicas: 0 },
            },
          },
        },
      },
    },
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
  refusals: ['invalid_lift', 'not_found', 'lift_ambiguous'],
  said: { not_found: { detail: noRevocation('nothing') } },
}
