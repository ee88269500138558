import type { LiftAnswer, LiftedAnswer } from '../answers.ts'
import { MAX_LIFTED_TOLD } from '../limits.ts'
import { INSTANT } from './claims.ts'
import { answerObject, ref, type Schema } from './json-schema.ts'

/** What every answer says of a lift. */
export const LIFT_FIELDS = {
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
} as const satisfies Record<keyof LiftAnswer['lift'], Schema>

/** What it takes back. */
export const LIFTED_FIELDS = {
  lifted: {
    type: 'array',
    maxItems: MAX_LIFTED_TOLD,
    description: `The revocations that it took back, the newest first, at most ${MAX_LIFTED_TOLD}: those that counted, and are older. Until the lift is in the log, those that count now. Empty if there is none.`,
    items: answerObject<LiftedAnswer>('One of them.', {
      id: { type: 'string', format: 'uuid' },
      reason: ref('Reason'),
      at: { ...INSTANT, description: 'When it was recorded.' },
    }),
  },
  liftedCount: { type: 'integer', minimum: 0, description: 'How many in all.' },
} as const satisfies Record<string, Schema>
