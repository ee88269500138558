import type { Mistake } from '@rescind/protocol'

/** What this client finds by itself, beside the codes that a publisher's refusals carry. */
export type ClientCode =
  /** No answer came: the network, a name, TLS, or a connection that was cut. */
  | 'network_error'
  /** No answer came within the time given. */
  | 'timed_out'
  /** Something answered that is no publisher: a proxy's page, a redirect, another service. */
  | 'unexpected_answer'
  /** The function that is to give the token failed; `cause` is its error. */
  | 'no_token'
  /** An upload or a streamed answer was cut, and could not be taken up again. */
  | 'cut_off'

/** What a {@link RescindHttpError} knows. */
export interface HttpErrorFacts {
  /** The HTTP status; absent if no answer came. */
  readonly status?: number | undefined
  readonly errors?: readonly Mistake[] | undefined
  readonly mayHaveBeenTaken?: boolean | undefined
  readonly idempotencyKey?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/**
 * A call that failed. Match on `code`: a stable code of the publisher (its README lists them), or one of
 * {@link ClientCode}. The message starts with it, says what to do, and for a write says whether it may have been taken.
 */
export class RescindHttpError extends Error {
  override readonly name = 'RescindHttpError'
  readonly code: string
  /** The message without the code. */
  readonly detail: string
  readonly status: number | undefined
  /** All mistakes of the request (RFC 6901 pointers into its body). */
  readonly errors: readonly Mistake[]
  /** A write that got no clear refusal may have been taken. The same call with the same `idempotencyKey` is harmless. */
  readonly mayHaveBeenTaken: boolean
  /** Under which key a write was sent. */
  readonly idempotencyKey: string | undefined
  /** How long the publisher asks to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: ClientCode | (string & {}), detail: string, facts: HttpErrorFacts = {}) {
    super(`${code}: ${detail}`, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.detail = detail
    this.status = facts.status
    this.errors = facts.errors ?? []
    this.mayHaveBeenTaken = facts.mayHaveBeenTaken ?? false
    this.idempotencyKey = facts.idempotencyKey
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** True for a {@link RescindHttpError}, also one thrown by another copy of this package. */
export function isRescindHttpError(error: unknown): error is RescindHttpError {
  return (
    error instanceof Error && error.name === 'RescindHttpError' && typeof (error as RescindHttpError).code === 'string'
  )
}
