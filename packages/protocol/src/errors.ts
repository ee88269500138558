/** Every code a {@link RescindError} can carry. Match on `code`, not on the class: two copies may be loaded. */
export type ErrorCode =
  /** An option of a constructor or a call is missing or out of range. */
  | 'ERR_INVALID_OPTION'
  /** A request body or part of it breaks the rules; `mistakes` lists all of them. */
  | 'ERR_INVALID_INPUT'
  /** Bytes that are no frame: truncated, altered, or not ours. */
  | 'ERR_FRAME_MALFORMED'
  /** A frame of a version this build does not read. */
  | 'ERR_FRAME_VERSION'
  /** A frame above `MAX_FRAME_BYTES`. */
  | 'ERR_FRAME_TOO_LARGE'
  /** Bytes that are no snapshot: truncated, altered, or not ours. */
  | 'ERR_SNAPSHOT_MALFORMED'
  /** A snapshot whose bytes do not have the digest its manifest states. */
  | 'ERR_SNAPSHOT_DIGEST'
  /** A snapshot that does not belong to the log as it is: other epoch, other deployment, beyond the head. */
  | 'ERR_SNAPSHOT_FOREIGN'
  /** The snapshot source did not give one. */
  | 'ERR_SNAPSHOT_UNAVAILABLE'
  /** The image of an index that cannot be read. */
  | 'ERR_IMAGE_MALFORMED'
  /** The log cannot be reached, or did not answer in time. */
  | 'ERR_LOG_UNAVAILABLE'
  /** The stream does not exist (yet): a publisher creates it. */
  | 'ERR_LOG_NOT_FOUND'
  /** The stream exists, but not as Rescind needs it, or it is not ours. */
  | 'ERR_LOG_MISCONFIGURED'
  /** The stream is at its size cap: nothing more is taken until facts expire or the cap is raised. */
  | 'ERR_LOG_FULL'
  /** The requested frames are no longer in the stream. */
  | 'ERR_LOG_PRUNED'
  /** An answer of the log that proves nothing: no leader, or no current majority (R19). */
  | 'ERR_LOG_UNPROVED'
  /** The frame at a known sequence is another one: the log was rolled back or replaced. */
  | 'ERR_LOG_REPLACED'
  /** The index is at `MAX_ENTRIES` (R16). */
  | 'ERR_DENYLIST_FULL'
  /** A cursor of another incarnation of the log: the two cannot be compared. */
  | 'ERR_CURSOR_FOREIGN'
  /** A reader of `facts()` fell behind its bound, or the replica had to start from a snapshot. */
  | 'ERR_FACTS_MISSED'
  /** The keys of a token's issuer cannot be fetched: nothing can be said about its signature. */
  | 'ERR_KEYS_UNAVAILABLE'
  /** The publisher's clock and the broker's are too far apart (R10). */
  | 'ERR_CLOCK_SKEW'
  /** The disk of the publisher's Store has no room: nothing of the write is kept. */
  | 'ERR_STORE_FULL'
  /** The publisher's Store cannot be opened, read or written; of a failed write nothing is kept. */
  | 'ERR_STORE_FAILED'
  /** The object was closed. */
  | 'ERR_CLOSED'

/** One thing wrong with an input: where (RFC 6901 JSON pointer), a stable code, and what to do about it. */
export interface Mistake {
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

/** The one error class of Rescind. Its message starts with the code, so that a log line suffices. */
export class RescindError extends Error {
  override readonly name = 'RescindError'
  readonly code: ErrorCode
  /** The message without the code. */
  readonly detail: string
  /** Filled for `ERR_INVALID_INPUT` and `ERR_INVALID_OPTION`, at most `MAX_MISTAKES`. */
  readonly mistakes: readonly Mistake[]

  constructor(code: ErrorCode, detail: string, options: ErrorOptions & { mistakes?: readonly Mistake[] } = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = detail
    this.mistakes = options.mistakes ?? []
  }
}

/** True for a {@link RescindError}, also one thrown by another copy of this package. */
export function isRescindError(error: unknown): error is RescindError {
  return error instanceof Error && error.name === 'RescindError' && typeof (error as RescindError).code === 'string'
}

/** Makes anything caught a {@link RescindError}; one that already is stays itself, others become the `cause`. Never throws. */
export function toRescindError(error: unknown, code: ErrorCode): RescindError {
  if (isRescindError(error)) return error
  return new RescindError(code, error instanceof Error ? error.message : textOf(error), { cause: error })
}

/** Anything can be thrown, also what `String` cannot write: an object without a prototype. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return typeof thrown
  }
}
