import { STATUS_CODES } from 'node:http'
import { type ErrorCode, isRescindError, type Mistake } from '@rescind/protocol'
import { RETRY_AFTER_SEC } from './limits.ts'

/** Every code a refusal can carry, with its status and title. Stable: clients match on the code. */
export const PROBLEMS = {
  bad_request: [400, 'The request is not well-formed HTTP'],
  invalid_json: [400, 'The body is not JSON'],
  credentials_required: [401, 'Credentials are required'],
  invalid_credentials: [401, 'The credentials are not valid'],
  insufficient_scope: [403, 'The credentials may not do this'],
  not_found: [404, 'There is no such resource'],
  method_not_allowed: [405, 'The resource does not take this method'],
  request_timeout: [408, 'The request did not arrive in time'],
  idempotency_key_in_use: [409, 'A request with this idempotency key is still running'],
  lift_ambiguous: [409, 'Other revocations would be lifted, too'],
  body_too_large: [413, 'The body is too large'],
  frame_too_large: [413, 'The revocations do not fit into one frame'],
  unsupported_media_type: [415, 'The body must be application/json'],
  invalid_revocation: [422, 'The revocation breaks the rules'],
  invalid_lift: [422, 'The lift breaks the rules'],
  invalid_check: [422, 'The question breaks the rules'],
  invalid_idempotency_key: [422, 'The idempotency key breaks the rules'],
  idempotency_key_reused: [422, 'The idempotency key belongs to another request'],
  invalid_parameter: [422, 'A query parameter breaks the rules'],
  unknown_parameter: [422, 'A query parameter is not known'],
  not_supported: [422, 'This release does not support it'],
  confirmation_required: [428, 'The revocation reaches many tokens and must be confirmed'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The headers are too large'],
  internal: [500, 'Something went wrong'],
  revocation_state_unavailable: [503, 'It cannot be known now whether the token was revoked'],
  keys_unavailable: [503, 'The keys of the token issuer cannot be fetched now'],
  snapshot_unavailable: [503, 'There is no whole snapshot to be had now'],
  too_many_streams: [503, 'Too many streams are open'],
  store_unavailable: [503, 'The disk of the publisher does not take it'],
  shutting_down: [503, 'The publisher is stopping'],
  store_full: [507, 'No more revocations can be held'],
  log_full: [507, 'The log takes no more frames'],
} as const satisfies Record<string, readonly [number, string]>

/** One of {@link PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS

/** The body of a refusal (RFC 9457 section 3.1), with a stable code and all mistakes. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail: string
  readonly errors?: readonly Mistake[]
}

/** A refusal on its way to the client; thrown by whoever finds the reason. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly code: ProblemCode
  /** Headers beside the body's own. */
  readonly headers: Readonly<Record<string, string>>
  readonly errors: readonly Mistake[]
  /** What the log says beside the code; never goes to the client, and never holds a credential. */
  readonly logged: Readonly<Record<string, string>>

  /** @param detail what happened, and what to do about it; goes to the client. */
  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      errors?: readonly Mistake[]
      headers?: Record<string, string>
      logged?: Record<string, string>
      cause?: unknown
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.status = PROBLEMS[code][0]
    this.errors = more.errors ?? []
    this.logged = more.logged ?? {}
    const heals = this.status === 503 ? { 'retry-after': String(RETRY_AFTER_SEC) } : {}
    this.headers = { ...heals, ...more.headers }
  }

  /** The body. */
  get body(): ProblemBody {
    const { code, status, message: detail, errors } = this
    const type = `urn:rescind:problem:${code}`
    return { type, title: PROBLEMS[code][1], status, code, detail, ...(errors.length > 0 && { errors }) }
  }
}

/** The detail of a refusal whose mistakes stand in `errors`. */
export function notTaken(mistakes: number): string {
  return `${mistakes === 1 ? 'one mistake' : `${mistakes} mistakes`}, nothing was taken: see "errors"`
}

/** What our own errors mean for whoever asked. All others are `internal`. */
const BY_ERROR: Partial<Record<ErrorCode, ProblemCode>> = {
  ERR_LOG_FULL: 'log_full',
  ERR_DENYLIST_FULL: 'store_full',
  ERR_STORE_FULL: 'store_full',
  ERR_STORE_FAILED: 'store_unavailable',
  ERR_FRAME_TOO_LARGE: 'frame_too_large',
  ERR_SNAPSHOT_UNAVAILABLE: 'snapshot_unavailable',
  ERR_CLOSED: 'shutting_down',
}

/** What the framework's refusals mean. */
const BY_FRAMEWORK: Readonly<Record<number, ProblemCode>> = {
  400: 'bad_request',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
}

/** What to do about some of them, which the framework does not say. */
const BY_FRAMEWORK_DETAIL: Partial<Record<ProblemCode, string>> = {
  unsupported_media_type: 'send "Content-Type: application/json"',
}

/** Makes anything caught a problem. What we did not foresee is `internal`, and its message stays with us. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isRescindError(error)) {
    const code = BY_ERROR[error.code]
    if (code) return new Problem(code, error.detail, { cause: error })
  }
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  const code = typeof status === 'number' ? BY_FRAMEWORK[status] : undefined
  if (code) return new Problem(code, BY_FRAMEWORK_DETAIL[code] ?? (error as Error).message, { cause: error })
  return new Problem('internal', 'the publisher has logged what happened', { cause: error })
}

/** A whole HTTP/1.1 response for a connection whose request could not even be read. */
export function rawProblem(code: 'bad_request' | 'request_timeout' | 'headers_too_large'): string {
  const problem = new Problem(code, PROBLEMS[code][1])
  const body = JSON.stringify(problem.body)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
