import { RescindError } from '@rescind/protocol'
import { type Barrier, decodeBarrier, encodeBarrier } from './barrier.ts'
import { checkFrameSize, checkMessageId } from './checks.ts'
import { copyOf } from './copy-of.ts'
import type { MemoryBroker } from './memory-broker.ts'
import { OpenQuestions, unavailable } from './open-questions.ts'
import { decodePresence, encodePresence, type Presence } from './presence.ts'
import { readRange } from './read-range.ts'
import type {
  AskOptions,
  ConnectionStats,
  Established,
  EstablishOptions,
  Head,
  LogEvent,
  LogSize,
  PublisherConnection,
  StoredFrame,
} from './revocation-log.ts'

/** There are no followers here that could lag: the pauses only keep the order of things. */
const RETRY_PAUSES_MS = [1, 2, 4, 8, 16]

/** What a {@link MemoryConnection} is made with. */
export interface MemoryConnectionOptions {
  readonly broker: MemoryBroker
  readonly name: string
  readonly onEvent: (event: LogEvent) => void
  readonly requestTimeoutMs: number
  /** True on a publisher's connection; a replica's hears barriers instead. */
  readonly hearsPresence: boolean
  readonly unguarded: boolean
}

/** One connection to a {@link MemoryBroker}. */
export class MemoryConnection implements PublisherConnection {
  readonly name: string
  readonly unguarded: boolean
  readonly #options: MemoryConnectionOptions
  readonly #questions: OpenQuestions
  readonly #arriving: LogEvent[] = []
  readonly #counts = { reconnects: 0, receivedBytes: 0, sentBytes: 0 }
  #size: LogSize | undefined
  #scheduled = false
  #state: 'connected' | 'disconnected' | 'closed' = 'connected'

  constructor(options: MemoryConnectionOptions) {
    this.#options = options
    this.#questions = new OpenQuestions(options.requestTimeoutMs)
    this.name = options.name
    this.unguarded = options.unguarded
    options.broker.connections.add(this)
  }

  head(options?: AskOptions): Promise<Head> {
    const ask = (broker: MemoryBroker) => {
      const head = broker.head()
      this.#size = broker.existing().size
      return head
    }
    return this.#ask('asking for the head', options, ask)
  }

  async read(seq: number, options?: AskOptions): Promise<StoredFrame | undefined> {
    const frame = await this.#ask(`reading frame ${seq}`, options, (broker) => broker.read(seq))
    this.#counts.receivedBytes += frame?.bytes.length ?? 0
    return frame
  }

  range(fromSeq: number, toSeq: number, options?: AskOptions): AsyncIterable<StoredFrame> {
    return readRange({ read: this.read.bind(this), retryPausesMs: RETRY_PAUSES_MS }, fromSeq, toSeq, options)
  }

  establish(options?: EstablishOptions): Promise<Established> {
    return this.#ask('establishing the stream', options, (broker) => broker.establish(options?.maxAgeMs ?? 0))
  }

  limitAge(maxAgeMs: number, options?: AskOptions): Promise<void> {
    return this.#ask('limiting the age of frames', options, (broker) => broker.limitAge(maxAgeMs))
  }

  async append(
    bytes: Uint8Array,
    options: AskOptions & { readonly messageId: string },
  ): Promise<{ seq: number; duplicate: boolean }> {
    checkFrameSize(bytes)
    checkMessageId(options.messageId)
    const sent = copyOf(bytes)
    this.#counts.sentBytes += sent.length
    return this.#ask('appending a frame', options, (broker) => broker.append(sent, options.messageId))
  }

  renewEpoch(options?: AskOptions): Promise<Head> {
    return this.#ask('renewing the epoch', options, (broker) => broker.renewEpoch())
  }

  brokerTime(options?: AskOptions): Promise<number> {
    return this.#ask('asking for the time', options, (broker) => broker.nowMs())
  }

  announce(presence: Presence): void {
    if (this.#state !== 'connected') return
    const bytes = encodePresence(presence)
    this.#counts.sentBytes += bytes.length
    for (const connection of this.#options.broker.connections) connection.hear(this.name, bytes)
  }

  barrier(barrier: Barrier): void {
    if (this.#state !== 'connected') return
    const bytes = encodeBarrier(barrier)
    for (const connection of this.#options.broker.connections) connection.hearBarrier(bytes)
  }

  stats(): ConnectionStats {
    return { ...this.#counts, ...(this.#size && { log: this.#size }) }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#arriving.length = 0
    this.#options.broker.connections.delete(this)
    this.#questions.refuse(new RescindError('ERR_CLOSED', 'the connection to the log was closed'))
  }

  /** A presence message came; it counts only if its content names who sent it. */
  hear(sender: string, bytes: Uint8Array): void {
    if (!this.#options.hearsPresence) return
    const presence = decodePresence(bytes)
    if (presence?.name === sender) this.receive({ kind: 'presence', presence })
  }

  /** A message on the barrier subject came. */
  hearBarrier(bytes: Uint8Array): void {
    if (this.#options.hearsPresence) return
    const barrier = decodeBarrier(bytes)
    if (barrier) this.receive({ kind: 'barrier', barrier })
  }

  /** Something arrives from the network: it is told in a later turn, in order. */
  receive(event: LogEvent): void {
    if (this.#state !== 'connected') return
    this.#arriving.push(event)
    if (event.kind === 'live') this.#counts.receivedBytes += event.bytes.length
    this.deliverLater()
  }

  /** Tells what has arrived, in a later turn; a frozen broker's messages wait for the thaw. */
  deliverLater(): void {
    if (this.#scheduled || this.#options.broker.frozen) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#options.broker.frozen) return
      for (let event = this.#arriving.shift(); event; event = this.#arriving.shift()) this.#options.onEvent(event)
    })
  }

  /** The network is cut: what was under way is lost, and said at once. */
  disconnect(): void {
    if (this.#state !== 'connected') return
    this.#state = 'disconnected'
    this.#arriving.length = 0
    this.#questions.refuse(unavailable('the connection to the broker is lost'))
    this.#options.onEvent({ kind: 'disconnected' })
  }

  /** The network is back. */
  reconnect(): void {
    if (this.#state !== 'disconnected') return
    this.#state = 'connected'
    this.#counts.reconnects += 1
    this.#questions.resume()
    this.#options.onEvent({ kind: 'reconnected' })
  }

  #ask<T>(what: string, options: AskOptions | undefined, question: (broker: MemoryBroker) => T): Promise<T> {
    const { broker } = this.#options
    return this.#questions.ask(what, () => broker.answer(() => question(broker)), options)
  }
}
