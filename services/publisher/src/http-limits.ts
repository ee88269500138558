import * as defaults from './limits.ts'

/** What one HTTP server spends on those who ask it. */
export interface HttpLimits {
  /** Connections at once. One more is closed without an answer, and idle ones make room for the next. */
  readonly maxConnections: number
  /** Headers of one request; more is 431. */
  readonly maxHeaders: number
  /** Bytes of all headers of one request; more is 431. */
  readonly maxHeaderBytes: number
  /** Requests of one connection that may wait for their answers; more is 429, and the connection ends. */
  readonly maxUnanswered: number
  /** In which a request's headers must have come; later is 408. Not above `requestTimeoutMs`. */
  readonly headersTimeoutMs: number
  /** In which a whole request must have come; later is 408. */
  readonly requestTimeoutMs: number
  /** How often both are looked at: a cut comes this much later at most. */
  readonly checkEveryMs: number
  /** How long a connection may idle after an answer. */
  readonly keepAliveMs: number
  /** Without a byte in either direction, while something is to be read or written, a connection ends. */
  readonly stallTimeoutMs: number
  /** In which an answer must have been read, beside what `minReadBytesPerMs` gives it; then the connection ends. */
  readonly answerTimeoutMs: number
  /** Bytes that a client must read in a millisecond. */
  readonly minReadBytesPerMs: number
  /** How long a connection that is cut off with an answer stays open for its client to read it. */
  readonly lingerMs: number
  /** Streams of events, and of the audit record, at once; one more is 503. */
  readonly maxStreams: number
  /** Bytes that may wait for the reader of one; then it is cut off. */
  readonly maxStreamBytes: number
  /** Pause between two heartbeats of one. Below `stallTimeoutMs`. */
  readonly heartbeatMs: number
}

/** What a publisher spends; each number has its arithmetic in `limits.ts`. */
export const HTTP_LIMITS: HttpLimits = {
  maxConnections: defaults.MAX_CONNECTIONS,
  maxHeaders: defaults.MAX_HEADERS,
  maxHeaderBytes: defaults.MAX_HEADER_BYTES,
  maxUnanswered: defaults.MAX_UNANSWERED_REQUESTS,
  headersTimeoutMs: defaults.HEADERS_TIMEOUT_MS,
  requestTimeoutMs: defaults.REQUEST_TIMEOUT_MS,
  checkEveryMs: defaults.CHECK_CONNECTIONS_EVERY_MS,
  keepAliveMs: defaults.KEEP_ALIVE_MS,
  stallTimeoutMs: defaults.STALL_TIMEOUT_MS,
  answerTimeoutMs: defaults.ANSWER_TIMEOUT_MS,
  minReadBytesPerMs: defaults.MIN_READ_BYTES_PER_MS,
  lingerMs: defaults.LINGER_MS,
  maxStreams: defaults.MAX_STREAMS,
  maxStreamBytes: defaults.MAX_STREAM_BYTES,
  heartbeatMs: defaults.HEARTBEAT_MS,
}
