import type { RescindError } from '@rescind/protocol'
import type { Barrier } from './barrier.ts'
import type { Presence } from './presence.ts'

/**
 * The port: the ordered, append-only stream of frames. `nats-log` and `memory-log` keep the same contract, held to it
 * by one conformance suite. What a replica may do is {@link LogConnection}; what a publisher may do beside that is
 * {@link PublisherConnection}. Nothing here decodes a frame: bytes go in and come out as they are.
 */
export interface RevocationLog {
  /**
   * Connects, and keeps connected: after the first success, a lost connection is sought again for ever and told as
   * events. Rejects with `ERR_LOG_UNAVAILABLE` if `signal` fires first. The stream need not exist yet.
   */
  connect(options: ConnectOptions): Promise<LogConnection>
}

/** A log that frames can be appended to. */
export interface PublisherLog extends RevocationLog {
  connect(options: ConnectOptions): Promise<PublisherConnection>
}

/** What connecting needs. */
export interface ConnectOptions {
  /** Who connects, as presence and the broker's monitoring show it; 1 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly name: string
  /** Told synchronously, in order. Must not throw. */
  onEvent(event: LogEvent): void
  /** Told of each try to reach the broker that failed, and why; it is tried again for ever. Must not throw. */
  onTrouble?(error: RescindError): void
  /** Bounds connecting only; afterwards call `close()`. */
  readonly signal?: AbortSignal
}

/** What happens on a connection without being asked for. */
export type LogEvent =
  /** A frame was broadcast. A hint only (anyone on the live subject can forge it): bytes and sequence prove nothing. */
  | { readonly kind: 'live'; readonly seq: number; readonly bytes: Uint8Array }
  /** The connection is gone: live frames may be missed from here on. */
  | { readonly kind: 'disconnected' }
  /** It is back, and live frames flow again. What was missed in between is for the reader to fetch. */
  | { readonly kind: 'reconnected' }
  /** A replica said how it is. Only on a publisher's connection. */
  | { readonly kind: 'presence'; readonly presence: Presence }
  /** A publisher asks who has applied a frame. Only on a replica's connection; a claim, of which no replica trusts anything. */
  | { readonly kind: 'barrier'; readonly barrier: Barrier }

/** What identifies one incarnation of the log. It rides in the stream's own configuration. */
export interface LogIdentity {
  /** Random id of this incarnation. */
  readonly epoch: string
  /** Random id of the deployment: stays when the epoch changes. */
  readonly deployment: string
  /** Secret key of the deployment's fingerprints and digests, 32 hexadecimal digits. */
  readonly fingerprintKey: string
}

/** How full the log is, in bytes. */
export interface LogSize {
  readonly bytes: number
  /** The cap; absent if there is none. */
  readonly maxBytes?: number
}

/** The leader's answer about the log: the one thing that proves freshness (R19). */
export interface Head extends LogIdentity {
  /** Sequence of the oldest frame; `lastSeq + 1` if there is none. */
  readonly firstSeq: number
  /** Sequence of the newest frame ever stored; 0 if there never was one. */
  readonly lastSeq: number
  /** How much older than the question the proof is: on a cluster the largest `active` in the majority, else 0. */
  readonly ageMs: number
}

/** The log as its publisher has established it. */
export interface Established extends Head {
  /** How long the stream keeps a frame, in milliseconds; 0: for ever. */
  readonly maxAgeMs: number
}

/** A frame as the stream holds it. */
export interface StoredFrame {
  readonly seq: number
  readonly bytes: Uint8Array
}

/** Bounds one question. Without a signal it ends by the log's own request timeout, `ERR_LOG_UNAVAILABLE`. */
export interface AskOptions {
  readonly signal?: AbortSignal
}

/** What establishing needs to know. */
export interface EstablishOptions extends AskOptions {
  /** How long frames must be kept at least, in milliseconds, above `DUPLICATE_WINDOW_MS`. Default 0: for ever, in a new stream. */
  readonly maxAgeMs?: number
}

/** What a connection says of itself. Its counts only ever grow. */
export interface ConnectionStats {
  /** How often it was lost and is back. */
  readonly reconnects: number
  /** Bytes of messages that came. */
  readonly receivedBytes: number
  /** Bytes of messages that went out. */
  readonly sentBytes: number
  /** How full the log is, as the last answer about its head told; absent before the first. */
  readonly log?: LogSize
}

/** What a replica may do. */
export interface LogConnection {
  /**
   * Asks the stream's leader for the head. `ERR_LOG_UNPROVED` if the answer names no leader or no current majority,
   * `ERR_LOG_NOT_FOUND` if there is no stream, `ERR_LOG_MISCONFIGURED` if the stream is not one of Rescind.
   */
  head(options?: AskOptions): Promise<Head>
  /** The frame at `seq`, or undefined if this reader's server has none there. */
  read(seq: number, options?: AskOptions): Promise<StoredFrame | undefined>
  /**
   * The frames from `fromSeq` to `toSeq`, both included, in order and without a hole. A frame that is missing is asked
   * for again a few times (a follower may lag behind an acknowledgement); then the iteration ends with `ERR_LOG_PRUNED`.
   */
  range(fromSeq: number, toSeq: number, options?: AskOptions): AsyncIterable<StoredFrame>
  /** Says how this replica is, to whoever listens. Never waits, never fails. */
  announce(presence: Presence): void
  /** Plain numbers of this connection, from 0 when it was made. */
  stats(): ConnectionStats
  /** Ends the connection; idempotent. No event is told afterwards. */
  close(): Promise<void>
}

/** What a publisher may do. */
export interface PublisherConnection extends LogConnection {
  /**
   * True if the broker asks nobody who they are: then whoever reaches it may write and delete the log. False says only
   * that it asks; what each user may do is for the broker's accounts to say.
   */
  readonly unguarded: boolean
  /**
   * Creates the stream, or verifies that the one that exists is as Rescind needs it. `ERR_LOG_MISCONFIGURED` names
   * every dangerous difference and what to do. A stream that forgets frames sooner than `maxAgeMs` is made to keep them so
   * long; one that keeps them longer, or for ever, stays as it is.
   */
  establish(options?: EstablishOptions): Promise<Established>
  /** Makes the stream forget frames at this age: what is older goes at once. */
  limitAge(maxAgeMs: number, options?: AskOptions): Promise<void>
  /**
   * Appends one frame. `duplicate` means that the broker remembers the message id: which frame lies at `seq` is then
   * not known. `ERR_LOG_FULL` at the size cap. `ERR_LOG_UNAVAILABLE` after a timeout: the frame may be stored or not,
   * and the same frame may be appended again under the same message id.
   */
  append(
    bytes: Uint8Array,
    options: AskOptions & { readonly messageId: string },
  ): Promise<{ seq: number; duplicate: boolean }>
  /** Gives the log a new epoch, everything else as it is, and returns it. For a log that was found rolled back. */
  renewEpoch(options?: AskOptions): Promise<Head>
  /** Asks all replicas whether they have applied a frame. Never waits, never fails: without a connection it is lost. */
  barrier(barrier: Barrier): void
  /** The broker's wall clock in milliseconds, as it stamps what it stores (R10). */
  brokerTime(options?: AskOptions): Promise<number>
}
