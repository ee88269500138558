/** The publisher's own bounds, each with its arithmetic; those that all parts share are in `@rescind/protocol`. */

/**
 * How long one frame is appended again after a timeout (R10): two requests of the log's own 2 s, and a second to spare
 * for a broker that restarts. Callers wait no longer than this for an answer, plus the frame before theirs.
 */
export const APPEND_DEADLINE_MS = 5_000

/** Pause before the same frame is appended again: a broker that refuses at once must not be hammered. */
export const APPEND_PAUSE_MS = 100

/** An appended frame comes back in a millisecond or two. After this long its live message is taken for lost. */
export const NUDGE_AFTER_MS = 50

/** Times a fact is appended in all if a newer lift keeps outrunning it (R10). One race is likely, a fifth is none. */
export const MAX_APPEND_ROUNDS = 5

/** Bytes of facts that may wait for their frame: 64 full frames, a second of work for a broker that takes 60 a second. */
export const MAX_WAITING_BYTES = 64 * 256 * 1024

/** Bytes a fact may grow by between the measuring and the appending: its two times, by one digit each, and a comma. */
export const FACT_SLACK_BYTES = 3

/** Pause between two comparisons with the broker's clock: a clock that drifts by 1 % is 0.3 s away by then. */
export const COMPARE_CLOCKS_EVERY_MS = 30_000

/** A comparison older than four pauses proves nothing any more. */
export const COMPARISON_LASTS_MS = 4 * COMPARE_CLOCKS_EVERY_MS

/** How often the publisher looks after itself: it reads a few fields, and at start it is what readiness waits for. */
export const TICK_MS = 100

/** Pause between two attempts to establish the log, doubled from the first to the second after each failure. */
export const ESTABLISH_PAUSES_MS = [250, 5_000] as const

/** Characters of an `Idempotency-Key`, as for any header that clients make from a UUID or a business key. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255

/** How long an answer is kept for its idempotency key: a day, so that a nightly job may be repeated. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000

/** Bytes of answers kept for idempotency keys. At about 500 each that is 130,000, more than one a second for a day. */
export const MAX_IDEMPOTENCY_BYTES = 64 * 1024 * 1024

/** How long one image is served before another is built of the same cursor; a fleet restarts within it. */
export const SNAPSHOT_KEPT_MS = 60_000

/** A silent replica is forgotten after a day: long enough for somebody to ask where it went. */
export const SILENT_REPLICA_KEPT_MS = 24 * 3_600_000

/**
 * How long presence must have been heard without a break before frames of a newer version are written: as long as a
 * replica may be cut off and still answer (`staleAfterMs` is at most 10 minutes), and a minute for its announcements.
 */
export const LISTEN_BEFORE_NEWER_FRAMES_MS = 660_000

/** Static keys: one per service that calls, an order of magnitude above what a company names by hand. */
export const MAX_KEYS = 1_000

/** Issuers: every frame of theirs is one fact, all in one frame of 256 KB with identifiers of 1,024 escaped characters. */
export const MAX_ISSUERS = 32

/** Milliseconds in which a request's headers must have arrived, and then its body: one megabyte at 70 KB/s. */
export const HEADERS_TIMEOUT_MS = 10_000
/** Milliseconds in which a whole request must have arrived. */
export const REQUEST_TIMEOUT_MS = 15_000

/** How long a stop waits for clients that read slowly before it cuts them off. */
export const CLOSE_PATIENCE_MS = 10_000

/** `Retry-After` of an answer that heals by itself: a reconnect or a new proof takes about as long. */
export const RETRY_AFTER_SEC = 2
