import { INSTANT } from './claims.ts'
import { ref, type Schema } from './json-schema.ts'

/** What every answer says of a revocation. */
export const REVOCATION_FIELDS = {
  id: { type: 'string', format: 'uuid', description: 'Given by the publisher; sortable by time.' },
  iss: ref('IssuerId'),
  match: ref('Match'),
  mode: ref('Mode'),
  issuedBefore: { ...INSTANT, description: 'Of a cutoff.' },
  reissueNotBefore: {
    type: 'integer',
    minimum: 0,
    description: 'Of a cutoff: the NumericDate of the first second whose tokens pass again (R4).',
  },
  expiresAt: { ...INSTANT, description: 'From then on no token that it matches can be unexpired (R13).' },
  reason: ref('Reason'),
  at: {
    ...INSTANT,
    description:
      'Its logical time (R10); absent while it waits for the log, and if it was not recorded because it has expired (R14).',
  },
} as const satisfies Record<string, Schema>
