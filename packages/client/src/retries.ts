import type { Settings } from './client-options.ts'
import { RescindHttpError } from './http-error.ts'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, RETRY_WITHIN_MS } from './limits.ts'
import { pause } from './pause.ts'
import { NoAnswer } from './transport.ts'

/** What is repeated. */
export interface Repeated {
  /** The key of a write: each attempt is sent under it. Undefined for a question, which changes nothing. */
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const PASSING = new Set([429, 502, 503, 504])

/** Refusals by 5xx that came before anything was looked at. */
const UNTOUCHED = new Set(['keys_unavailable', 'revocation_state_unavailable', 'too_many_streams', 'clock_skew'])

/** True for what may be different at the next attempt. */
export function passes(error: unknown): boolean {
  if (error instanceof NoAnswer) return error.passes
  if (!(error instanceof RescindHttpError)) return false
  return PASSING.has(error.status ?? 0) || error.code === 'idempotency_key_in_use'
}

/**
 * Attempts until one succeeds, is refused for good, or time or number are spent: full jitter, and never sooner than
 * `Retry-After` asks. What it rejects with says whether a write may have been taken by one of the attempts.
 */
export async function withRetries<T>(
  settings: Settings,
  repeated: Repeated,
  attempt: (earlier: number) => Promise<T>,
): Promise<T> {
  const { clock, retries } = settings
  const startedMs = clock.monotonic()
  let mayHaveBeenTaken = false
  for (let earlier = 0; ; earlier += 1) {
    try {
      return await attempt(earlier)
    } catch (error) {
      if (!(error instanceof RescindHttpError)) throw error
      mayHaveBeenTaken ||= mayBeTaken(error)
      const restMs = Math.max(pauseMs(settings.random, earlier), error.retryAfterMs ?? 0)
      const isLate = clock.monotonic() - startedMs + restMs > RETRY_WITHIN_MS
      if (!passes(error) || earlier >= retries || isLate) throw told(error, repeated, mayHaveBeenTaken, earlier)
      await restBefore(restMs, settings.signal, repeated.signal)
    }
  }
}

/** The pause after the n-th failure, in milliseconds. */
export function pauseMs(random: () => number, failures: number, capMs: number = BACKOFF_CAP_MS): number {
  return Math.min(capMs, BACKOFF_BASE_MS * 2 ** Math.min(failures, 16)) * random()
}

/** A pause that either signal ends. */
export async function restBefore(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  const over = new AbortController()
  const end = (event: Event): void => over.abort((event.target as AbortSignal).reason)
  for (const signal of signals) {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', end, { once: true })
  }
  try {
    await pause(ms, over.signal)
  } finally {
    for (const signal of signals) signal?.removeEventListener('abort', end)
  }
}

/** Only a clear refusal says that nothing was taken. */
function mayBeTaken(error: RescindHttpError): boolean {
  if (error instanceof NoAnswer) return error.wasSent
  const { status = 0, code } = error
  if (code === 'idempotency_key_in_use') return true
  if (status === 507 || UNTOUCHED.has(code)) return false
  return status < 300 || status >= 500
}

function told(
  error: RescindHttpError,
  repeated: Repeated,
  mayHaveBeenTaken: boolean,
  earlier: number,
): RescindHttpError {
  const { idempotencyKey } = repeated
  const attempts = earlier > 0 ? ` (${earlier + 1} attempts)` : ''
  if (idempotencyKey === undefined && attempts === '') return error
  const detail =
    error.detail + attempts + (idempotencyKey === undefined ? '' : fateOf(error, mayHaveBeenTaken, idempotencyKey))
  return new RescindHttpError(error.code, detail, {
    status: error.status,
    errors: error.errors,
    retryAfterMs: error.retryAfterMs,
    cause: error.cause,
    idempotencyKey,
    mayHaveBeenTaken: idempotencyKey !== undefined && mayHaveBeenTaken,
  })
}

function fateOf(error: RescindHttpError, mayHaveBeenTaken: boolean, key: string): string {
  if (mayHaveBeenTaken) return `. It may have been taken: repeat it under the idempotency key ${key}, which is harmless`
  // A refusal of the publisher's speaks for itself.
  return error instanceof NoAnswer ? '. Nothing was taken' : ''
}
