import { limits } from '@rescind/protocol'
import type { DryLiftAnswer, DryRunAnswer, PlannedAnswer } from '../answers.ts'
import type { Example, Parameter } from './call.ts'
import { answerObject, ref, type Schema } from './json-schema.ts'
import { LIFT_FIELDS, LIFTED_FIELDS } from './lift-fields.ts'
import { BROADCAST_REVOCATION } from './revocation-examples.ts'
import { REVOCATION_FIELDS } from './revocation-fields.ts'

const DRY_RUN_FIELD = { const: true, description: 'Nothing was recorded.' } as const
const REPLICAS_FIELD = {
  type: 'integer',
  minimum: 0,
  maximum: limits.MAX_REPLICAS,
  description: 'Replicas that a receipt would count.',
} as const

const { id: _, at: __, ...PLANNED_FIELDS } = REVOCATION_FIELDS
const { id: ___, at: ____, ...PLANNED_LIFT_FIELDS } = LIFT_FIELDS

/** What a dry run answers. */
export const DRY_RUN_SCHEMAS = {
  PlannedRevocation: answerObject<PlannedAnswer>(
    'A revocation as it would be recorded now.',
    {
      ...PLANNED_FIELDS,
      liveFacts: {
        type: 'integer',
        minimum: 0,
        description: 'Revocations that count already on the same issuer, match and mode.',
      },
      nothingToDo: { const: true, description: 'There if it has expired already: nothing would be recorded (R14).' },
    },
    ['issuedBefore', 'reissueNotBefore', 'nothingToDo'],
  ),
  DryRunAnswer: answerObject<DryRunAnswer>('What revoking would do.', {
    dryRun: DRY_RUN_FIELD,
    revocations: {
      type: 'array',
      items: ref('PlannedRevocation'),
      minItems: 1,
      description: 'In the order of the request.',
    },
    replicas: REPLICAS_FIELD,
  }),
  DryLiftAnswer: answerObject<DryLiftAnswer>('What lifting would do.', {
    dryRun: DRY_RUN_FIELD,
    lift: answerObject<DryLiftAnswer['lift']>('What would be lifted.', PLANNED_LIFT_FIELDS),
    ...LIFTED_FIELDS,
    replicas: REPLICAS_FIELD,
  }),
} as const satisfies Record<string, Schema>

/** The query parameter of a call that can be tried. */
export const DRY_RUN_PARAMETER: Readonly<Record<'dryRun', Parameter>> = {
  dryRun: {
    description:
      '`true`: says what the request would do, and refuses what it would refuse. Nothing is recorded, also not under its `Idempotency-Key`; not together with `wait`.',
    schema: { const: 'true' },
    example: 'true',
  },
}

const { id: _____, at: ______, ...PLANNED } = BROADCAST_REVOCATION

/** The answer to the first request to revoke, tried. */
export const DRY_RUN: Example = {
  summary: 'What it would do',
  value: { dryRun: true, revocations: [{ ...PLANNED, liveFacts: 1 }], replicas: 0 },
}
