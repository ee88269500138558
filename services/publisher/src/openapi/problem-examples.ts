import { limits } from '@rescind/protocol'
import { MAX_IDEMPOTENCY_KEY_LENGTH, MAX_UNANSWERED_REQUESTS } from '../limits.ts'
import { notTaken, PROBLEMS, Problem, type ProblemCode } from '../problems.ts'
import type { Call, Example, Said } from './call.ts'
import type { Schema } from './json-schema.ts'

/** A query parameter that no call has, or that this one does not take so. */
export function parameter(code: ProblemCode, detail: string): Said {
  return { detail, errors: [{ pointer: '', code, detail }] }
}

/** One refusal for each code, as it is really sent: the contract test compares these with what it is answered. */
const SENT: Readonly<Record<ProblemCode, Said>> = {
  bad_request: { detail: PROBLEMS.bad_request[1] },
  invalid_json: { detail: 'the body is not JSON: Unexpected end of JSON input' },
  credentials_required: { detail: 'send a key: "Authorization: Bearer rsk_…"' },
  invalid_credentials: { detail: 'this key is not configured here' },
  insufficient_scope: { detail: 'this key lacks the scope revocations:write' },
  not_found: { detail: 'there is nothing at this path' },
  method_not_allowed: { detail: 'this path takes POST' },
  request_timeout: { detail: PROBLEMS.request_timeout[1] },
  idempotency_key_in_use: { detail: 'the first request under this key has no answer yet: ask again' },
  lift_ambiguous: {
    detail:
      'another revocation stands on the same issuer, match and mode, and would be lifted, too (019c13fb-0a90-7c3e-8a51-5d0f6b7c8d9e): say "all": true if they may be',
    errors: [
      {
        pointer: '/id',
        code: 'lift_ambiguous',
        detail: '019c13fb-0a90-7c3e-8a51-5d0f6b7c8d9e would be lifted, too (password_changed, by admin)',
      },
    ],
  },
  body_too_large: { detail: 'Request body is too large' },
  frame_too_large: { detail: `5000 revocations; the most is ${limits.MAX_FACTS_PER_FRAME}` },
  unsupported_media_type: { detail: 'send "Content-Type: application/json"' },
  invalid_revocation: {
    detail: notTaken(2),
    errors: [
      {
        pointer: '/match/sub',
        code: 'wrong_type',
        detail: 'must be a string, an integer of at most 2^53 - 1, or a boolean',
      },
      {
        pointer: '/mode',
        code: 'unknown_mode',
        detail: 'must be "cutoff" (tokens issued so far) or "block" (every token)',
      },
    ],
  },
  invalid_lift: {
    detail: notTaken(1),
    errors: [
      {
        pointer: '/mode',
        code: 'required',
        detail: 'say which is lifted, "cutoff" or "block": unblocking must not revive what a cutoff ended',
      },
    ],
  },
  invalid_check: {
    detail: '1 mistakes: see "errors"',
    errors: [{ pointer: '/claims', code: 'required', detail: 'must be the payload of a token' }],
  },
  invalid_idempotency_key: {
    detail: `Idempotency-Key is one header of 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters`,
  },
  idempotency_key_reused: { detail: 'another request was made under this key: take a new one' },
  invalid_parameter: parameter('invalid_parameter', '?timeoutMs is 0 to 30000'),
  unknown_parameter: parameter('unknown_parameter', '?full is not a parameter of this call'),
  not_supported: parameter('not_supported', '?dryRun is not for uploads: try some of the lines as an array'),
  confirmation_required: {
    detail: 'add "confirm" with the issuer to show that it is meant',
    errors: [
      {
        pointer: '/confirm',
        code: 'confirmation_required',
        detail: 'this match reaches many tokens at once: add "confirm": "https://id.example"',
      },
    ],
  },
  rate_limited: {
    detail: `more than ${MAX_UNANSWERED_REQUESTS} requests of this connection wait for their answers: open another one`,
  },
  headers_too_large: { detail: PROBLEMS.headers_too_large[1] },
  internal: { detail: 'the publisher has logged what happened' },
  revocation_state_unavailable: {
    detail: 'it cannot be known now whether your token was revoked: ask again, or use a static key',
  },
  keys_unavailable: {
    detail: 'the keys of your issuer cannot be fetched now, so your token cannot be verified: ask again',
  },
  snapshot_unavailable: {
    detail:
      "ERR_LOG_UNAVAILABLE: the publisher's own replica is starting: no answer of the log has arrived yet: is the broker reachable?",
  },
  store_unavailable: { detail: 'input/output error' },
  too_many_streams: { detail: '100 streams are open, which is the most: ask later, or another publisher' },
  shutting_down: { detail: 'the publisher is stopping; ask another one' },
  store_full: { detail: `more than ${limits.MAX_ENTRIES} revocations would be live` },
  log_full: { detail: 'the broker did not store the frame: maximum bytes exceeded (10077)' },
}

function problemExample(code: ProblemCode, { detail, errors }: Said): Example {
  return { summary: PROBLEMS[code][1], value: new Problem(code, detail, errors && { errors }).body }
}

/** An example of every problem, for the document's components. */
export const PROBLEM_EXAMPLES = Object.fromEntries(
  Object.entries(SENT).map(([code, sent]) => [code, problemExample(code as ProblemCode, sent)]),
) as Readonly<Record<ProblemCode, Example>>

/** The examples of a problem as one call answers it, by name. Where there is a principal, some codes say other things. */
export function examplesOf(
  code: ProblemCode,
  { scope, said }: Pick<Call, 'scope' | 'said'>,
): Readonly<Record<string, Schema | Example>> {
  const own = said?.[code]
  if (own) return { [code]: problemExample(code, own) }
  const shared = { [code]: { $ref: `#/components/examples/${code}` } }
  if (scope === undefined) return shared
  if (code === 'insufficient_scope')
    return { [code]: problemExample(code, { detail: `this key lacks the scope ${scope}` }) }
  if (code !== 'rate_limited') return shared
  const detail = 'admin asks too often: wait, or send revocations together in one array'
  return { ...shared, rate_of_principal: problemExample(code, { detail }) }
}
