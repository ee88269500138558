/** The publisher's own bounds, each with its arithmetic; those that all parts share are in `@rescind/protocol`. */

/**
 * How long a request waits for the log before it is answered `recorded`: an append takes a millisecond or two, a leader
 * election a few hundred. Whoever asks while the first one waits so long is answered at once.
 */
export const ANSWER_PATIENCE_MS = 1_000

/** Pause before the same frame is appended again: a broker that refuses at once must not be hammered. */
export const APPEND_PAUSE_MS = 100

/** An appended frame comes back in a millisecond or two. After this long its live message is taken for lost. */
export const NUDGE_AFTER_MS = 50

/** An acknowledged frame that has not come by itself after this long, nudges and all, is asked after again. */
export const APPLIED_PATIENCE_MS = 1_000

/** A backlog whose oldest fact is younger than this is on its way: an append and its repetition take less. */
export const BACKLOG_READY_MS = 5_000

/** Pause after the log or the disk refused what waits: long enough to read the message, short enough for whoever waits. */
export const RETRY_SENDING_MS = 1_000

/**
 * Groups at the front of a Store, at its opening, whose frames may be in the log already. One is under way and one behind
 * it, and an fsync for the next puts the end of the first on disk: two, and what a failing disk may add to them.
 */
export const MAYBE_SENT_GROUPS = 16

/** Rounds after which an acknowledged frame that has still not come is stored once more, under another message id. */
export const LATE_ROUNDS = 5

/** Groups that wait in memory, at most 256 KB each and mostly one fact; those behind them are on disk only. */
export const WINDOW_GROUPS = 256

/** Facts published again in one frame: as many as a slice of the Store, and always below `MAX_FACTS_PER_FRAME`. */
export const REPUBLISHED_PER_FRAME = 2_048

/** Others publish their own facts again at once: whoever does it for them waits so long at most, and half as long at least, and looks again. */
export const REPUBLISH_DELAY_MS = 2_000

/** A log that begins later than before is compared with the Store no more often than this, nor more than a fiftieth of the time. */
export const LOOK_FOR_LOSS_EVERY_MS = 2_000
/** See {@link LOOK_FOR_LOSS_EVERY_MS}. */
export const LOOK_FOR_LOSS_REST_FACTOR = 50

/** Least age at which the stream forgets a frame: whatever the lifetimes, an operator has a day to notice and mend. */
export const MIN_MAX_AGE_MS = 24 * 3_600_000

/** What is older than this part of the stream's `max_age` is appended again, and looked for eight times until then. */
export const RENEW_AFTER_PART = 0.5
/** See {@link RENEW_AFTER_PART}. */
export const RENEWALS_PER_AGE = 16

/** Bytes of facts that may wait for the disk: 64 full frames, a second of work for a disk that writes 16 MB of them in it. */
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

/**
 * Connections at once. What is read of a request before anybody has signed on is its headers, so strangers cost 1,000 x
 * 16 KB = 16 MB; whoever has signed on may send a body, so those cost 1,000 x 1 MB = 1 GB, outside of Node's heap. Below
 * the 1,024 open files that a process gets where nobody has raised it.
 */
export const MAX_CONNECTIONS = 1_000

/** Headers of one request: browsers and proxies send about thirty. */
export const MAX_HEADERS = 100

/** Bytes of all headers of one request: Node's own bound. A signed token with dozens of claims stays below 4,000. */
export const MAX_HEADER_BYTES = 16 * 1024

/**
 * Requests of one connection that wait for their answers: clients that pipeline at all send ten. Each costs about 4 KB,
 * and 20 KB with the largest headers, so all connections together cost 1,000 x 16 x 20 KB = 320 MB at the worst.
 */
export const MAX_UNANSWERED_REQUESTS = 16

/** Milliseconds in which a request's headers must have arrived, and then its body: one megabyte at 70 KB/s. */
export const HEADERS_TIMEOUT_MS = 10_000
/** Milliseconds in which a whole request must have arrived. */
export const REQUEST_TIMEOUT_MS = 15_000

/** How often connections are looked at for these two: Node's own 30 s would treble them. It looks at the late ones only. */
export const CHECK_CONNECTIONS_EVERY_MS = 1_000

/** How long a connection may idle: load balancers keep theirs for 60 s, and must be the first to close. */
export const KEEP_ALIVE_MS = 72_000

/** Silence in the middle of an answer that ends it: three times what a replica's own snapshot source waits. */
export const STALL_TIMEOUT_MS = 30_000

/** In which any answer must have been read by its client, however small. */
export const ANSWER_TIMEOUT_MS = 30_000

/** How fast a client must read: a megabyte in a second, a hundredth of a slow network inside a data centre. */
export const MIN_READ_BYTES_PER_MS = 1_000

/** How long a client that is cut off may take to read why: a round trip around the world, three times. */
export const LINGER_MS = 1_000

/** Pause between two log lines about connections that found no room: a flood must not flood the log. */
export const SAY_FULL_EVERY_MS = 1_000

/** How far `exp`, `nbf` and `iat` of an admin's token may be off, unless its issuer's leeway is less: as any verifier of ours. */
export const MAX_TOKEN_CLOCK_TOLERANCE_MS = 30_000

/**
 * Default of what one principal may ask in a second, and at once: an admin service that revokes one by one sends bursts
 * of 2,000, and must not be held up. Whoever sends more sends arrays, of which each is one request.
 */
export const DEFAULT_RATE_LIMIT = 2_500

/** Principals whose rates are kept: ten times the keys there can be. */
export const MAX_RATED_PRINCIPALS = 10_000

/**
 * Credentials of one network that are refused in a second with a look. An honest client whose token has just expired
 * errs a few times; a hundred forged ES256 signatures at 0.2 ms are 20 ms of a core.
 */
export const MAX_REFUSALS_PER_SEC = 100

/** The same of all networks together: verifying so many forged signatures takes 0.4 of a core. */
export const MAX_REFUSALS_OF_ALL_PER_SEC = 2_000

/** Networks whose refusals are counted, at about 100 bytes each. */
export const MAX_RATED_NETWORKS = 10_000

/** Tokens that were good the last time, as digests of about 120 bytes each: more than admins sign on within an hour. */
export const MAX_KNOWN_TOKENS = 10_000

/** How long a stop waits for clients that read slowly before it cuts them off. */
export const CLOSE_PATIENCE_MS = 10_000

/** `Retry-After` of an answer that heals by itself: a reconnect or a new proof takes about as long. */
export const RETRY_AFTER_SEC = 2

/** Default of how long a fact is kept after it has expired: a month, in which somebody asks why they were logged out. */
export const DEFAULT_RETENTION_MS = 30 * 86_400_000

/** Default of how long it is kept who did what: a year and a month, as long as the longest ban. */
export const DEFAULT_AUDIT_RETENTION_MS = 400 * 86_400_000

/** Ten years, which laws on records ask for at most. */
export const MAX_RETENTION_MS = 3_660 * 86_400_000

/**
 * Files that the Store's database holds open. The rest of the 1,024 that a process gets is for connections; tables are
 * mapped into memory and need none while they are read.
 */
export const MAX_STORE_FILES = 64

/** Bytes of uncompressed pages that the Store's database keeps: the index entries of about 100,000 facts. */
export const STORE_PAGES_BYTES = 16 * 1024 * 1024

/** Bytes that one walk over the Store reads ahead: about a thousand facts. */
export const STORE_READ_AHEAD_BYTES = 256 * 1024

/** Entries read or looked at in one slice of a walk over the Store: a few milliseconds. */
export const STORE_SLICE = 1_000

/** Pause between two attempts to open the Store's database again after a write failed: the disk may be full for hours. */
export const REOPEN_STORE_EVERY_MS = 1_000

/** Ids of facts that are told of one request: all of a frame. An upload of any length is known by its lines, not by these. */
export const MAX_REQUEST_IDS = 4_096

/** Lines of one upload: as many as an id has room to tell apart. */
export const MAX_UPLOAD_LINES = 2 ** 32 - 1

/** Lines of an upload that are recorded together: about a full frame of small facts, and some 20 ms of work. */
export const UPLOAD_BATCH = 1_000

/** Batches of one upload under way: one that is written to disk, one on its way to the log, and two that wait for them. */
export const UPLOAD_BATCHES_IN_FLIGHT = 4

/** Uploads at once: each holds a few batches, some 5 MB. */
export const MAX_UPLOADS = 8

/** Pause between two lines of progress. */
export const PROGRESS_EVERY_MS = 250
/** Causes that are told of one verdict: people read them; ten would do. */
export const MAX_CAUSES = 100

/**
 * Facts looked at for one page of a list: at about 10 microseconds each, 0.1 s. What is asked for and rare comes over
 * several pages, of which some are empty.
 */
export const MAX_LIST_LOOKS = 10_000

/** Facts of a list that are read at once: two pages of the usual 100. */
export const LISTED_SLICE = 200

/** Ids of facts in one audit entry: at 36 bytes each 3.6 KB. An array of a thousand is told by its first hundred and its count. */
export const MAX_AUDIT_IDS = 100
/** A presence is this much late before its replica counts as silent: one announcement may be lost. */
export const PRESENCE_GRACE_MS = 2_000

/** Milliseconds that a request may wait for replicas, and by default waits: a reconnect and a new proof take about as long. */
export const MAX_RECEIPT_WAIT_MS = 30_000
/** Default of {@link MAX_RECEIPT_WAIT_MS}. */
export const DEFAULT_RECEIPT_WAIT_MS = 2_000

/** Requests that may wait for replicas at once: one of each connection. Whoever comes beyond is answered at once. */
export const MAX_WAITING_RECEIPTS = MAX_CONNECTIONS

/**
 * How long the next barrier waits for answers to the one that is out, in milliseconds: fifty, and a tenth for each replica,
 * which is about what its answer costs the publisher. So a thousand replicas are asked seven times a second at the most while
 * one of them is silent, and answering never takes a publisher more than half a core.
 */
export const BARRIER_PATIENCE_MS = 50
/** See {@link BARRIER_PATIENCE_MS}. */
export const BARRIER_PATIENCE_PER_REPLICA_MS = 0.1

/** As long as somebody waits, barriers go out again so often: one that was lost, or came before its replica, costs no more. */
export const BARRIER_AGAIN_MS = 500

/** Confirmations of one replica that are told apart by their time: more requests than are asked about in a second. */
export const MAX_CONFIRMATIONS_KEPT = 32

/** Barriers of which an answer is still understood: a second of them at their fastest, beside those sent again. */
export const MAX_BARRIERS_KEPT = 256

/** Facts or operations that one write to the Store works on before others have their turn: about two milliseconds. */
export const STORE_BREATH_EVERY = 256
/** Revocations on one page of a list by default, and at most: some 700 bytes each, so 0.7 MB. */
export const DEFAULT_LIST_PAGE = 100
/** See {@link DEFAULT_LIST_PAGE}. */
export const MAX_LIST_PAGE = 1_000

/** Groups of waiting facts that are read at once: at most 256 KB each, so 4 MB. */
export const WAITING_SLICE = 16

/**
 * Groups of waiting facts that one request looks at: a tenth of a second. An outage of a minute leaves some thousands, if
 * each revocation came alone.
 */
export const MAX_WAITING_LOOKS = 10_000

/** Revocations that the answer of a lift names, the newest; it counts all. People read them; on most keys there is one. */
export const MAX_LIFTED_TOLD = 100

/** Ids that a refused lift names of those that stand in its way. */
export const MAX_AMBIGUOUS_TOLD = 16

/**
 * Streams at once, of events and of the audit record, a tenth of all connections: the consoles and services of one company
 * that look on.
 */
export const MAX_STREAMS = 100

/**
 * Bytes of events that wait for one reader: 10,000 at 400 bytes each, as many as a replica keeps for a reader of its facts.
 * The streams share the bytes of a frame, so all of them together hold little more than the slowest.
 */
export const MAX_STREAM_BYTES = 4 * 1024 * 1024

/** Pause between two heartbeats of a stream: half of the silence that ends a connection. */
export const HEARTBEAT_MS = 15_000

/** Frames that a stream reads from the log before it goes on with new ones: some seconds. Whoever missed more lists again. */
export const MAX_CATCH_UP_FRAMES = 10_000

/** Characters of the audit record that are sent together. */
export const AUDIT_CHUNK = 16 * 1024

/** A round over the whole Store takes about so long: what is to be forgotten was kept for a day at least. */
export const SWEEP_LAP_MS = 3_600_000

/** Pause between two slices of a round. */
export const SWEEP_EVERY_MS = 1_000

/** Records of one slice, at least and at most: some 5 and 100 ms of work, 3.6 and 72 million records in a round. */
export const SWEEP_BUDGETS = [1_000, 20_000] as const

/**
 * Lines of an upload that wait for the log and are recognised when it is sent again: some 50 MB. What is beyond is recorded
 * again under its own id, which changes no answer (R9).
 */
export const MAX_WAITING_REPEATS = 100_000

/** Epochs that were found to have lost frames, and must not come back: there are a few in the life of a process. */
export const MAX_SPENT_EPOCHS = 64
