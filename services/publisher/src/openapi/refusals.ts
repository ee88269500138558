import type { ProblemCode } from '../problems.ts'
import type { Call } from './call.ts'

/**
 * Which problems calls of one kind may answer; what a single call adds stands in its own `refusals`. A new code is a line
 * here, and an example in problem.ts. The contract test demands that each is really given.
 */
export const REFUSED_BY = {
  /** HTTP itself, query parameters, and the end of this process: any call. */
  any: ['bad_request', 'unknown_parameter', 'request_timeout', 'rate_limited', 'headers_too_large', 'shutting_down'],
  /** Calls that want a principal. They look at what only we know, so a defect of ours may show. */
  scope: [
    'credentials_required',
    'invalid_credentials',
    'insufficient_scope',
    'revocation_state_unavailable',
    'keys_unavailable',
    'internal',
  ],
  /** Calls with a body. */
  body: ['invalid_json', 'body_too_large', 'unsupported_media_type'],
  /** Calls that write to the log, may be repeated under an idempotency key, and may wait for replicas. */
  appends: [
    'invalid_parameter',
    'invalid_idempotency_key',
    'idempotency_key_reused',
    'idempotency_key_in_use',
    'store_unavailable',
    'store_full',
    'log_full',
  ],
} as const satisfies Record<string, readonly ProblemCode[]>

/** Problems of paths and methods that are no call at all. */
export const BESIDE_ALL_CALLS = ['not_found', 'method_not_allowed'] as const satisfies readonly ProblemCode[]

/** Refused before HTTP knows which method was asked for, so that the answer to a `HEAD` has a body, too. */
export const UNREAD: ReadonlySet<ProblemCode> = new Set(['bad_request', 'request_timeout', 'headers_too_large'])

/** Every problem that a call may answer. */
export function refusalsOf(call: Call): readonly ProblemCode[] {
  return [
    ...REFUSED_BY.any,
    ...(call.scope ? REFUSED_BY.scope : []),
    ...(call.body ? REFUSED_BY.body : []),
    ...(call.appends ? REFUSED_BY.appends : []),
    ...call.refusals,
  ]
}
