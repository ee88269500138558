import { setTimeout as pause } from 'node:timers/promises'
import type {
  Barrier,
  Established,
  LogEvent,
  Presence,
  PublisherConnection,
  PublisherLog,
  StoredFrame,
} from '@rescind/log'
import { type Clock, RescindError, toRescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { BrokerClock } from './broker-clock.ts'
import { COMPARE_CLOCKS_EVERY_MS, ESTABLISH_PAUSES_MS, MAX_SPENT_EPOCHS } from './limits.ts'

/** What the keeper needs. */
export interface LogKeeperParts {
  readonly log: PublisherLog
  /** Name of the connection: 1 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly name: string
  readonly brokerClock: BrokerClock
  readonly clock: Clock
  readonly logger: Logger
  /** How long the stream must keep frames at least, in milliseconds. */
  maxAgeMs(): number
  onPresence(presence: Presence): void
  /** The connection is gone. */
  onDisconnected(): void
}

const UNGUARDED =
  'THE BROKER LETS EVERYONE IN: whoever reaches it can write the log, and so lift every revocation, or delete it. ' +
  'Give it accounts: see services/broker/README.md'

const NOT_CONNECTED = 'the broker has not been reached yet'

const AWAY = new RescindError('ERR_LOG_UNAVAILABLE', 'the broker is away')

/**
 * Keeps the publisher's own connection to the log in order, for ever and in the background: connects, establishes the
 * stream, compares the clocks, and gives the log a new epoch when it was found rolled back.
 */
export class LogKeeper {
  readonly #parts: LogKeeperParts
  readonly #stop = new AbortController()
  #connection: PublisherConnection | undefined
  #head: Established | undefined
  #error: RescindError | undefined = new RescindError('ERR_LOG_UNAVAILABLE', NOT_CONNECTED)
  /** The epoch that has to go, because two histories bear its name. */
  #replacedEpoch: string | undefined
  /** Epochs that had to go: another publisher that changes the stream's configuration at the same time may bring one back. */
  readonly #spent = new Set<string>()
  /** What the broker said when it refused a frame the last time. */
  #refused = ''
  /** Something happened that establishing the log again may mend, or find out. */
  #suspected = false
  #tendedAtMs = Number.NEGATIVE_INFINITY
  #pauseMs: number = ESTABLISH_PAUSES_MS[0]
  #working: Promise<void> | undefined
  /** Since when presence has been heard without a break; undefined while there is no connection. */
  #listeningSinceMs: number | undefined

  constructor(parts: LogKeeperParts) {
    this.#parts = parts
  }

  /** The log as it was last established. */
  get head(): Established | undefined {
    return this.#head
  }

  /** How long the stream must keep frames at least, in milliseconds. */
  get wantedAgeMs(): number {
    return this.#parts.maxAgeMs()
  }

  /** How long presence has been heard without a break, in milliseconds. */
  get listenedMs(): number {
    return this.#listeningSinceMs === undefined ? 0 : this.#parts.clock.monotonic() - this.#listeningSinceMs
  }

  /** Why the log cannot be appended to, or undefined. */
  refusal(): RescindError | undefined {
    if (this.#connection !== undefined && this.#listeningSinceMs === undefined) return AWAY
    if (this.#replacedEpoch !== undefined) {
      return new RescindError('ERR_LOG_UNAVAILABLE', 'the log was rolled back and is being given a new epoch')
    }
    return this.#error
  }

  /** Begins. Never rejects: what cannot be reached is tried again. */
  start(): void {
    this.#working = this.#connect().finally(() => {
      this.#working = undefined
    })
  }

  /** Frames that were in the log of this epoch are not there any more (R19): a new epoch makes that plain to all. */
  replaced(epoch: string): void {
    this.#spend(epoch)
    if (this.#replacedEpoch !== undefined) return
    this.#replacedEpoch = epoch
    this.#parts.logger.warn({ epoch }, 'the log was rolled back, or lost frames, under this epoch')
  }

  /**
   * Appends one frame, as `PublisherConnection.append`; `ERR_LOG_UNAVAILABLE` without a connection. If it fails there may
   * be no stream any more: the next try will find one if it is made again now.
   */
  async append(
    bytes: Uint8Array,
    options: Parameters<PublisherConnection['append']>[1],
  ): Promise<{ readonly seq: number; readonly duplicate: boolean }> {
    if (!this.#connection) throw new RescindError('ERR_LOG_UNAVAILABLE', NOT_CONNECTED)
    try {
      return await this.#connection.append(bytes, options)
    } catch (error) {
      this.#suspected = true
      this.#sayRefusal(toRescindError(error, 'ERR_LOG_UNAVAILABLE'))
      throw error
    }
  }

  /** Once for each reason: it is tried again several times a second. */
  #sayRefusal({ code, detail }: RescindError): void {
    if (this.#refused === detail || this.#stop.signal.aborted) return
    this.#refused = detail
    this.#parts.logger.warn({ code, detail }, 'a frame was not acknowledged; it is tried again')
  }

  #spend(epoch: string): void {
    this.#spent.add(epoch)
    const [oldest] = this.#spent
    if (this.#spent.size > MAX_SPENT_EPOCHS && oldest !== undefined) this.#spent.delete(oldest)
  }

  /** The frame at `seq`, as `PublisherConnection.read`; `ERR_LOG_UNAVAILABLE` without a connection. */
  async read(seq: number): Promise<StoredFrame | undefined> {
    if (!this.#connection) throw new RescindError('ERR_LOG_UNAVAILABLE', NOT_CONNECTED)
    return this.#connection.read(seq)
  }

  /** Frames of the log, as `PublisherConnection.range`; `ERR_LOG_UNAVAILABLE` without a connection. */
  async *range(fromSeq: number, toSeq: number): AsyncGenerator<StoredFrame> {
    if (!this.#connection) throw new RescindError('ERR_LOG_UNAVAILABLE', NOT_CONNECTED)
    yield* this.#connection.range(fromSeq, toSeq, { signal: this.#stop.signal })
  }

  /** Makes the stream forget frames at the age that is wanted, if it kept them for ever. */
  async limitAge(): Promise<void> {
    if (!this.#connection) throw new RescindError('ERR_LOG_UNAVAILABLE', NOT_CONNECTED)
    const maxAgeMs = this.#parts.maxAgeMs()
    await this.#connection.limitAge(maxAgeMs)
    this.#head = this.#head && { ...this.#head, maxAgeMs }
    this.#parts.logger.info(
      { maxAgeMs },
      'the log forgets old frames from now on; what is in force is appended again before',
    )
  }

  /** Asks all replicas whether they have applied a frame; without a connection it is lost. */
  barrier(barrier: Barrier): void {
    this.#connection?.barrier(barrier)
  }

  /** Does what is due; called often. `urgent`: something is wrong that establishing the log again may mend. */
  tick(urgent: boolean): void {
    if (this.#working || this.#connection === undefined || this.#stop.signal.aborted) return
    const sinceMs = this.#parts.clock.monotonic() - this.#tendedAtMs
    const wrong = urgent || this.#suspected || this.#error !== undefined || this.#replacedEpoch !== undefined
    if (sinceMs < (wrong ? this.#pauseMs : COMPARE_CLOCKS_EVERY_MS)) return
    this.#working = this.#tend(this.#connection).finally(() => {
      this.#working = undefined
    })
  }

  /** Ends the connection; idempotent. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#working
    await this.#connection?.close()
  }

  async #connect(): Promise<void> {
    const { log, name } = this.#parts
    while (!this.#stop.signal.aborted) {
      try {
        const options = {
          name,
          onEvent: (event: LogEvent) => this.#onEvent(event),
          onTrouble: (error: RescindError) => this.#failed(error),
          signal: this.#stop.signal,
        }
        this.#connection = await log.connect(options)
        this.#listeningSinceMs = this.#parts.clock.monotonic()
        if (this.#connection.unguarded) this.#parts.logger.warn({}, UNGUARDED)
        await this.#tend(this.#connection)
        return
      } catch (error) {
        if (this.#stop.signal.aborted) return
        this.#failed(error)
        await pause(this.#pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }

  async #tend(connection: PublisherConnection): Promise<void> {
    this.#tendedAtMs = this.#parts.clock.monotonic()
    this.#suspected = false
    try {
      const head = await connection.establish({ maxAgeMs: this.#parts.maxAgeMs() })
      if (this.#spent.has(head.epoch)) this.#replacedEpoch ??= head.epoch
      this.#head = this.#replacedEpoch === undefined ? head : await this.#renewEpoch(connection, head)
      await this.#parts.brokerClock.compare(connection)
      if (this.#error) this.#parts.logger.info({ epoch: this.#head.epoch, lastSeq: this.#head.lastSeq }, 'log ready')
      this.#error = undefined
      this.#pauseMs = ESTABLISH_PAUSES_MS[0]
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error)
    }
  }

  /** Once for all publishers: whoever comes second finds the new epoch already there. */
  async #renewEpoch(connection: PublisherConnection, head: Established): Promise<Established> {
    const renewed = head.epoch === this.#replacedEpoch ? { ...head, ...(await connection.renewEpoch()) } : head
    this.#replacedEpoch = undefined
    this.#parts.logger.warn({ from: head.epoch, to: renewed.epoch }, 'the log has a new epoch')
    return renewed
  }

  #failed(error: unknown): void {
    const cause = toRescindError(error, 'ERR_LOG_UNAVAILABLE')
    if (this.#error?.message !== cause.message) this.#parts.logger.warn({ err: cause }, 'the log is not ready')
    this.#error = cause
    this.#pauseMs = Math.min(this.#pauseMs * 2, ESTABLISH_PAUSES_MS[1])
  }

  #onEvent(event: LogEvent): void {
    if (event.kind === 'presence') this.#parts.onPresence(event.presence)
    else if (event.kind === 'reconnected') {
      this.#listeningSinceMs = this.#parts.clock.monotonic()
      this.#suspected = true
      this.#pauseMs = ESTABLISH_PAUSES_MS[0]
    } else if (event.kind === 'disconnected') {
      this.#listeningSinceMs = undefined
      this.#parts.logger.warn({}, 'the broker is away; trying again for ever')
      this.#parts.onDisconnected()
    }
  }
}
