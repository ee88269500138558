/**
 * Every bound in Rescind, each with the arithmetic or the reason behind its number. At a bound we refuse or answer
 * `unknown`; nothing is ever dropped in silence (R16).
 */

/** Claims in one match. Revocations people write name one or two; eight is room to spare. */
export const MAX_MATCH_CLAIMS = 8

/** UTF-16 code units in a claim name. The longest registered by IANA has about 40. */
export const MAX_CLAIM_NAME_LENGTH = 128

/** UTF-16 code units in a claim value of a match or an exception. URIs used as `sub` or `client_id` stay below 1,000. */
export const MAX_CLAIM_VALUE_LENGTH = 1_024

/** UTF-16 code units in an issuer identifier; as long as any claim value. */
export const MAX_ISSUER_LENGTH = 1_024

/** Values in one `except`, both lists together: the current session and a handful of trusted devices. */
export const MAX_EXCEPTIONS = 16

/** UTF-16 code units in the id of a fact, a frame, an epoch or a deployment: twice a random 128-bit id in hexadecimal. */
export const MAX_ID_LENGTH = 64

/** UTF-16 code units in a note: a paragraph, not a document. */
export const MAX_NOTE_LENGTH = 1_024

/** UTF-16 code units in `actor` and `onBehalfOf`. */
export const MAX_PRINCIPAL_LENGTH = 256

/** Array elements of a token's claim that are looked at (R2). An `aud` names a few; beyond it the answer is `unknown`. */
export const MAX_ARRAY_ELEMENTS = 32

/** Combinations of claim values probed for one shape (R2): two arrays of eight. It bounds the cost of one check. */
export const MAX_COMBINATIONS = 64

/** Shapes (sets of claim names) live per issuer (R2). A check probes each, so this too bounds its cost. */
export const MAX_SHAPES = 64

/** Facts kept apart on one (issuer, match, mode) before the oldest fold into one (R9). */
export const MAX_FACTS_PER_KEY = 4

/** Most `clockSkewMs` of an issuer: a minute covers any host that runs NTP at all. */
export const MAX_CLOCK_SKEW_MS = 60_000

/** How far ahead of the publisher's clock `issuedBefore` may lie (R14). */
export const MAX_ISSUED_BEFORE_AHEAD_MS = 60_000

/** Default leeway (R13): the usual verifier tolerance of 30 s, and as much again for skew between machines. */
export const DEFAULT_LEEWAY_MS = 60_000

/** Most leeway an issuer may configure: ten times the default. */
export const MAX_LEEWAY_MS = 600_000

/** Default `maxSession` (R13): 30 days, so that a live refresh token cannot outlast a block. */
export const DEFAULT_MAX_SESSION_MS = 30 * 86_400_000

/** Longest ban (R13): 400 days, a year and a month. Anything longer belongs in the issuer. */
export const MAX_BAN_MS = 400 * 86_400_000

/** Largest `maxExpiry` and `maxSession`: as long as the longest ban, so that every expiry stays below 2^53 by far. */
export const MAX_LIFETIME_MS = MAX_BAN_MS

/** Characters of an RFC 3339 time that are read: 35 with nanoseconds and an offset, and room for needless digits. */
export const MAX_TIME_TEXT_LENGTH = 64

/** Latest time we accept anywhere: 9999-12-31T23:59:59.999Z, the last that RFC 3339 can write. */
export const MAX_TIME_MS = 253_402_300_799_999

/**
 * Bytes of one frame, as stored. The largest single revocation fits: (8 names x 128 + (8 + 16) values x 1,024 + iss
 * 1,024 + note 1,024 + actor, onBehalfOf and publisher 3 x 256 + id 64) code units = 28,480, at 6 bytes each when JSON
 * escapes every one of them (\u0001) = 170,880; field names, times and punctuation are below 1,024, the header is 48.
 * Below NATS's default max_payload of 1 MB, and small enough to be read in a pipeline.
 */
export const MAX_FRAME_BYTES = 256 * 1024

/** Facts in one frame: the smallest encoded fact has 96 bytes (an Issuer), so bytes run out before facts do. */
export const MAX_FACTS_PER_FRAME = MAX_FRAME_BYTES / 64

/** Bytes of one JSON request body: a full frame, with the spelling of JSON to spare. */
export const MAX_BODY_BYTES = 1024 * 1024

/**
 * Characters of a token that a verifier reads. Node's own bound on all headers of a request is 16 KB, so a longer one
 * did not come in a header; a signed token with dozens of claims stays below 4,000.
 */
export const MAX_TOKEN_LENGTH = 16 * 1024

/** Mistakes listed in one refusal: enough to mend a whole object, few enough to read. */
export const MAX_MISTAKES = 100

/**
 * Entries (revocations and lifts) one replica's index holds (R16). `pnpm bench:heap` measures about 300 bytes each on
 * `Map`s, so 4 M are 1.2 GB, which Node's default heap of 2 to 4 GB on a 64-bit machine still takes.
 */
export const MAX_ENTRIES = 4_000_000

/**
 * Bytes of one line of an image, which is one key of an index: (8 values and 4 facts x 16 exceptions) x 1,024 code units
 * at 6 bytes each when JSON escapes every one of them = 442,368; times, reasons and punctuation are below 2,048.
 */
export const MAX_IMAGE_LINE_BYTES = 512 * 1024

/** Bytes of one snapshot: 4 M entries at 256 bytes each. */
export const MAX_SNAPSHOT_BYTES = MAX_ENTRIES * 256

/** Bytes of a snapshot hashed in one slice: a few milliseconds of SHA-256. */
export const SNAPSHOT_SLICE_BYTES = 4 * 1024 * 1024

/** Bytes of a snapshot's manifest: three ids of at most 64 code units, at most 6 bytes each, and 300 for the rest. */
export const MAX_MANIFEST_BYTES = 4_096

/** Facts queued for one slow reader of `replica.facts()` before it is cut off: forty full frames of small facts. */
export const MAX_QUEUED_FACTS = 10_000

/** Default bound on the age of the last proof (R19). */
export const DEFAULT_STALE_AFTER_MS = 15_000

/** Most `staleAfterMs` of a replica: what is older than ten minutes nobody would call fresh. */
export const MAX_STALE_AFTER_MS = 600_000

/** Default pause between two questions for the head: seven chances to prove within the default `staleAfterMs`. */
export const DEFAULT_PROVE_EVERY_MS = 2_000

/**
 * Questions for the head that a replica tells apart while none of them proves anything: two minutes of them at one every
 * two seconds. Older ones count as one, by the worst of them.
 */
export const MAX_OPEN_QUESTIONS = 64

/** How far the publisher's wall clock may be from the broker's (R10). */
export const MAX_BROKER_CLOCK_DISTANCE_MS = 5_000

/**
 * How far a live message's logical time may lie ahead of a replica's wall clock. Publishers are within 5 s of the broker, and
 * a lift frame runs logical time ahead by up to a second; the rest is for a replica whose own clock is behind. A frame
 * further ahead is read from the log by its sequence, where nobody else can have put it.
 */
export const MAX_LIVE_AHEAD_MS = 60_000

/** Pause between two announcements of a replica's presence. */
export const PRESENCE_EVERY_MS = 2_000

/**
 * Least pause from one digest of a replica's index to the next: nobody hears of it more often. One that finds the cursor
 * where it was is not computed again.
 */
export const DIGEST_EVERY_MS = PRESENCE_EVERY_MS

/**
 * After each slice of a digest the replica does something else for nine times as long, so that it takes a tenth of a
 * core. At 5 microseconds a hash, an index of 1 M entries takes 5 s of computing, and so 50 s.
 */
export const DIGEST_BREATH_FACTOR = 9

/** From the start of one digest to the next pass at least 50 times what it took: over time, a fiftieth of a core. */
export const DIGEST_REST_FACTOR = 50

/**
 * How far ahead of the newest frame's `at` a digest is: it leaves out what expires before, which one replica may have
 * deleted and another not yet, and is not computed any more once that time has come. Long enough for 2 M entries (100 s),
 * and a good deal shorter than the lives of most tokens.
 */
export const DIGEST_AHEAD_MS = 120_000

/** Replicas one publisher remembers: an order of magnitude above the largest fleet we test for. */
export const MAX_REPLICAS = 10_000

/** Bytes of one presence message. */
export const MAX_PRESENCE_BYTES = 4_096

/** Bytes of one barrier: its id of 32, two ids of at most 64 code units, 6 bytes each when JSON escapes them, and 90 for the rest. */
export const MAX_BARRIER_BYTES = 1_024

/**
 * Barriers whose frames a replica has still to apply and that it remembers: a publisher has one out at a time, and sends
 * another while an answer is missing. Of more the newest count.
 */
export const MAX_WAITING_BARRIERS = 8

/**
 * Least pause between two barriers of one publisher: 200 a second. All who wait meanwhile share the next, so it bounds what
 * barriers cost a replica, not how many requests can wait.
 */
export const BARRIER_EVERY_MS = 5

/**
 * Answers to barriers that a replica gives in a second: what four publishers may send. Beyond, a forger is at work, and the
 * announcement of every two seconds goes on.
 */
export const MAX_BARRIER_ANSWERS_PER_SEC = 4 * (1_000 / BARRIER_EVERY_MS)

/**
 * A barrier overtakes its frame by milliseconds, if at all: after this long the frame is taken for lost, and the log is
 * asked. Also the least pause between two such questions, however many barriers come.
 */
export const ASK_AFTER_BARRIER_MS = 25

/** Entries looked at in one slice of a sweep, a digest, an image or a join: about a millisecond on `Map`s. */
export const SLICE_ENTRIES = 2_048

/** Reads in flight at once while a range is fetched: 64 full frames are 16 MB, a quarter of what NATS lets a client lag. */
export const MAX_READS_IN_FLIGHT = 64

/** How long one question to the log may take before it has failed: a leader election passes, a dead broker shows. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 2_000

/** Default size cap of the stream: 1 GiB, above four million revocations at 256 bytes each. */
export const DEFAULT_STREAM_BYTES = 1024 * 1024 * 1024

/** Bytes of one stored message: a frame, and the few headers it is appended with. */
export const MAX_MESSAGE_BYTES = MAX_FRAME_BYTES + 4_096

/** How long the broker remembers message ids: a publisher tries again for seconds, so two minutes are ample. */
export const DUPLICATE_WINDOW_MS = 120_000

/**
 * Live frames kept while the gap before them is read: at 20,000 frames a second, which is as fast as one broker
 * broadcasts to fifty replicas, 25 ms of them; and at most 128 MB if each is as large as a frame can be.
 */
export const MAX_EARLY_FRAMES = 512

/**
 * Frames applied last whose ids a replica remembers, to notice what contradicts them: as many as early live frames may
 * be applied at once, before the range that they overtook brings them again.
 */
export const MAX_RECENT_FRAMES = MAX_EARLY_FRAMES
