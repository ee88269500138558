import { limits, type Mistake } from '@rescind/protocol'
import { MAX_IDEMPOTENCY_KEY_LENGTH, MAX_UNANSWERED_REQUESTS } from '../limits.ts'
import { notTaken, PROBLEMS, Problem, type ProblemCode, UNKNOWN_ID } from '../problems.ts'
import type { Call, Example } from './call.ts'
import type { Schema } from './json-schema.ts'

/** What one refusal says beside its code. */
interface Sent {
  readonly detail: string
  readonly errors?: readonly Mistake[]
}

/** A query parameter that no call has, and one of a later release. */
function parameter(code: ProblemCode, detail: string): Sent {
  return { detail, errors: [{ pointer: '', code, detail }] }
}

/** One refusal for each code, as it is really sent: the contract test compares these with what it is answered. */
const SENT: Readonly<Record<ProblemCode, Sent>> = {
  bad_request: { detail: PROBLEMS.bad_request[1] },
  invalid_json: { detail: 'the body is not JSON: Unexpected end of JSON input' },
  credentials_required: { detail: 'send a key: "Authorization: Bearer rsk_…"' },
  invalid_credentials: { detail: 'this key is not configured here' },
  insufficient_scope: { detail: 'this key lacks the scope revocations:write' },
  not_found: { detail: 'there is nothing at this path' },
  method_not_allowed: { detail: 'this path takes POST' },
  request_timeout: { detail: PROBLEMS.request_timeout[1] },
  idempotency_key_in_use: { detail: 'the first request under this key has no answer yet: ask again' },
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
  not_supported: parameter('not_supported', '?dryRun is not supported by this release: leave it out'),
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
  store_unavailable: { detail: 'the disk failed: input/output error' },
  shutting_down: { detail: 'the publisher is stopping; ask another one' },
  store_full: { detail: `more than ${limits.MAX_ENTRIES} revocations would be live` },
  log_full: { detail: 'the broker did not store the frame: maximum bytes exceeded (10077)' },
}

function problemExample(code: ProblemCode, { detail, errors }: Sent): Example {
  return { summary: PROBLEMS[code][1], value: new Problem(code, detail, errors && { errors }).body }
}

/** An example of every problem, for the document's components. */
export const PROBLEM_EXAMPLES = Object.fromEntries(
  Object.entries(SENT).map(([code, sent]) => [code, problemExample(code as ProblemCode, sent)]),
) as Readonly<Record<ProblemCode, Example>>

/** The examples of a problem as one call answers it, by name. Where there is a principal, some codes say other things. */
export function examplesOf(code: ProblemCode, scope: Call['scope']): Readonly<Record<string, Schema | Example>> {
  const shared = { [code]: { $ref: `#/components/examples/${code}` } }
  if (scope === undefined) return shared
  if (code === 'insufficient_scope')
    return { [code]: problemExample(code, { detail: `this key lacks the scope ${scope}` }) }
  if (code === 'not_found') return { [code]: problemExample(code, { detail: UNKNOWN_ID }) }
  if (code !== 'rate_limited') return shared
  const detail = 'admin asks too often: wait, or send revocations together in one array'
  return { ...shared, rate_of_principal: problemExample(code, { detail }) }
}
