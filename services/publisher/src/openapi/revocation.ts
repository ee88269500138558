import { limits } from '@rescind/protocol'
import type { RevocationAnswer, RevocationsAnswer } from '../answers.ts'
import type { Call } from './call.ts'
import { KEY_IS_BLOCKED, requestedInstant, text } from './claims.ts'
import { DRY_RUN, DRY_RUN_PARAMETER } from './dry-run.ts'
import { answerObject, ref, requestObject, type Schema, valuesOf } from './json-schema.ts'
import { WAIT_PARAMETERS } from './receipt.ts'
import { BROADCAST, ENFORCED, NOTHING_TO_DO, RECORDED, REVOKE_EXAMPLES } from './revocation-examples.ts'
import { REVOCATION_FIELDS } from './revocation-fields.ts'
import { UPLOAD_ANSWER_CONTENT, UPLOAD_BODY_CONTENT } from './upload.ts'

const EXCEPTED = { type: 'array', items: ref('ClaimValue'), maxItems: limits.MAX_EXCEPTIONS } as const
const SKEW_SEC = limits.MAX_ISSUED_BEFORE_AHEAD_MS / 1000
const BAN_DAYS = limits.MAX_BAN_MS / 86_400_000

const REVOCATION: Schema = {
  ...requestObject(
    'Tokens of an issuer that carry these claims are to be revoked, until no such token can be unexpired any more.',
    {
      iss: ref('IssuerId', 'May be left out where exactly one issuer is configured.'),
      match: ref('Match'),
      mode: ref(
        'Mode',
        'Default (R3): `block` for a match with `jti`, `sid` or `kid`, and for the reasons `account_…`; else `cutoff`.',
      ),
      reason: { ...ref('Reason'), default: 'other' },
      issuedBefore: requestedInstant(
        `Only with cutoff; at most ${SKEW_SEC} s ahead (R14). Default: now, and the issuer's clock skew.`,
      ),
      except: requestObject(
        `Tokens that this revocation does not touch (R7); at most ${limits.MAX_EXCEPTIONS} in both lists together.`,
        { jti: EXCEPTED, sid: EXCEPTED },
      ),
      tokenExp: {
        description:
          "The token's own `exp`: NumericDate, in seconds. Only with the block of a `jti`; at most the issuer's `maxExpiry` ahead (R14).",
        type: 'number',
        minimum: 0,
        maximum: limits.MAX_TIME_MS / 1000,
      },
      until: requestedInstant(
        `How long the block is to last. Only with a block without \`jti\`; at most ${BAN_DAYS} days ahead. Default: the issuer's \`maxSession\` from now (R13).`,
      ),
      note: text(limits.MAX_NOTE_LENGTH, 'For people. Publishers keep it, replicas do not.'),
      onBehalfOf: text(limits.MAX_PRINCIPAL_LENGTH, 'For whom the principal acts.'),
      confirm: {
        type: 'string',
        description:
          'The issuer once more, to show that it is meant: for a match of `{}` or of only `client_id`, `tenant`, `aud`, `iss`.',
      },
    },
    ['match'],
  ),
  dependentSchemas: {
    issuedBefore: { properties: { mode: { const: 'cutoff' } } },
    tokenExp: { properties: { mode: { const: 'block' }, match: { required: ['jti'] } } },
    until: { properties: { mode: { const: 'block' }, match: { not: { required: ['jti'] } } } },
  },
  ...KEY_IS_BLOCKED,
}

/** What revoking takes and answers. */
export const REVOCATION_SCHEMAS = {
  Revocation: REVOCATION,
  Revocations: {
    description: 'One, or several that are recorded in one frame: all or none.',
    oneOf: [
      ref('Revocation'),
      { type: 'array', items: ref('Revocation'), minItems: 1, maxItems: limits.MAX_FACTS_PER_FRAME },
    ],
  },
  RevocationAnswer: answerObject<RevocationAnswer>('What was decided, and until when it holds.', REVOCATION_FIELDS, [
    'issuedBefore',
    'reissueNotBefore',
    'at',
  ]),
  RevocationsAnswer: answerObject<RevocationsAnswer>(
    'The revocations in the order of the request.',
    {
      state: {
        enum: valuesOf<RevocationsAnswer['state']>({
          recorded: true,
          broadcast: true,
          enforced: true,
          nothing_to_do: true,
        }),
        description:
          "`recorded`: on the publisher's disk; it goes out by itself when the log is back. `broadcast`: in the log, and in force in the publisher's own replica. `enforced`: and by every replica that counts, which the receipt proves. `nothing_to_do`: every token that they could match has expired, so nothing was recorded (R14).",
      },
      cursor: ref(
        'Cursor',
        'The frame that holds them; absent until they are in the log, and if nothing was recorded.',
      ),
      revocations: { type: 'array', items: ref('RevocationAnswer'), minItems: 1 },
      receipt: ref('Receipt', 'There if the request waited.'),
    },
    ['cursor', 'receipt'],
  ),
} as const satisfies Record<string, Schema>

function answering(states: readonly RevocationsAnswer['state'][], more: Schema): Schema {
  return { allOf: [ref('RevocationsAnswer'), { properties: { state: { enum: states } }, ...more }] }
}

/** `POST /v1/revocations`. */
export const REVOKE: Call = {
  method: 'POST',
  path: '/v1/revocations',
  operationId: 'revoke',
  tag: 'revocations',
  summary: 'Revoke tokens',
  description:
    "Records one revocation, or an array of which all are taken or none, and broadcasts it. Answers once it is in the log and in force in the publisher's own replica, or, if the log is away or does not confirm within a second, once it is on the publisher's disk.",
  scope: 'revocations:write',
  appends: true,
  query: { ...WAIT_PARAMETERS, ...DRY_RUN_PARAMETER },
  body: { description: 'What to revoke.', schema: ref('Revocations'), examples: REVOKE_EXAMPLES },
  otherBodies: { 'application/x-ndjson': UPLOAD_BODY_CONTENT },
  answers: {
    200: {
      description:
        'Every token that could match has expired: nothing was recorded (R14). Or it was a dry run. To an upload: lines, of which the last tells what came of it.',
      headers: { 'Idempotency-Replayed': false, 'Cache-Control': false },
      content: {
        'application/x-ndjson': UPLOAD_ANSWER_CONTENT,
        'application/json': {
          schema: { oneOf: [answering(['nothing_to_do'], {}), ref('DryRunAnswer')] },
          examples: { nothing_to_do: NOTHING_TO_DO, dry_run: DRY_RUN },
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
          examples: { broadcast: BROADCAST, enforced: ENFORCED },
        },
      },
    },
    202: {
      description: "On the publisher's disk: it goes out by itself when the log is back (R12).",
      headers: { 'Idempotency-Replayed': false },
      content: {
        'application/json': { schema: answering(['recorded'], {}), examples: { recorded: RECORDED } },
      },
    },
  },
  refusals: ['not_supported', 'frame_too_large', 'invalid_revocation', 'confirmation_required'],
}
