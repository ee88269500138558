/** Every bound of the client and the command, each with the arithmetic or the reason behind its number. */

/** Longest one attempt may take by default: an append takes milliseconds, a leader election of the broker two seconds. */
export const DEFAULT_TIMEOUT_MS = 10_000

/** Most that one attempt may be given: nobody waits longer for a revocation without asking what is wrong. */
export const MAX_TIMEOUT_MS = 120_000

/** Further attempts by default, after the first. With pauses of up to 0.1, 0.2, 0.4, 0.8 and 1.6 s they bridge a restart. */
export const DEFAULT_RETRIES = 5

/** Most further attempts: beyond, the time is spent anyway ({@link RETRY_WITHIN_MS}). */
export const MAX_RETRIES = 20

/** No attempt begins later than this after the first: a person waits for it, or a request of theirs does. */
export const RETRY_WITHIN_MS = 30_000

/** The pause before the n-th further attempt is random, below this times 2^n (full jitter): admin services retry apart. */
export const BACKOFF_BASE_MS = 100

/** Longest pause between two attempts, unless the publisher asks for a longer one by `Retry-After`. */
export const BACKOFF_CAP_MS = 5_000

/** Default and longest time that a publisher waits for receipts; its own bounds. */
export const DEFAULT_WAIT_MS = 2_000
/** See {@link DEFAULT_WAIT_MS}. */
export const MAX_WAIT_MS = 30_000

/** Most replicas that one may ask to have confirmed: a publisher remembers so many (protocol's `MAX_REPLICAS`). */
export const MAX_MIN_REPLICAS = 10_000

/** Bytes of one whole JSON answer: 10,000 replicas at 4 KB each (a presence's bound) are 40 MB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Characters of a body that is no answer of ours which a message quotes: enough to know a proxy by its page. */
export const MAX_QUOTED = 120

/** Mistakes that a message tells; `errors` has all of them. */
export const MAX_TOLD_MISTAKES = 5

/** Characters of one line or event of a streamed answer: a revocation is below 171 KB even if JSON escapes all of it. */
export const MAX_LINE_LENGTH = 1024 * 1024

/** Longest silence of a stream of events: three heartbeats of 15 s, so that one may be lost and one late. */
export const SILENCE_MS = 45_000

/** Longest pause before an event stream is asked for again: a fleet of admin services comes back within half a minute. */
export const RECONNECT_CAP_MS = 15_000

/** Longest that an upload's bytes may stand still, or its answer after the last byte: it has progress each 250 ms. */
export const UPLOAD_STALL_MS = 60_000

/** Times that an upload is sent again after a cut without a single line more having been taken. */
export const MAX_UPLOAD_RESUMES = 5

/** Bytes of an upload handed to the connection at once: few calls, little memory. */
export const UPLOAD_CHUNK_BYTES = 64 * 1024

/**
 * Longest that `reissuable()` waits: `issuedBefore` may lie 60 s ahead (R14), an issuer's skew is at most 60 s. A longer wait
 * means that this machine's clock is behind, and tokens it mints would be born revoked.
 */
export const MAX_REISSUE_WAIT_MS = 125_000

/** Revocations on one page of a list, by default and at most; the publisher's own bounds. */
export const DEFAULT_PAGE = 100
/** See {@link DEFAULT_PAGE}. */
export const MAX_PAGE = 1_000

/** Characters of an idempotency key; the publisher's own bound. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255

/** How long lines of a slow source wait for others before they are sent: nobody notices it, and a fast one never gets there. */
export const UPLOAD_FLUSH_MS = 20

/** Characters read from stdin for one token or question: 16 KB of token, and a JSON payload with room to spare. */
export const MAX_STDIN_LENGTH = 256 * 1024

/** Lines of a rejected upload that the command shows; the rest is counted, and in the file of `--rejects`. */
export const MAX_SHOWN_REJECTS = 20
