import type { Msg } from '@nats-io/transport-node'
import { decodeBarrier } from './barrier.ts'
import type { NatsSettings } from './nats-options.ts'
import { type Listening, NatsSession } from './nats-session.ts'
import { unavailable } from './open-questions.ts'
import { encodePresence, type Presence } from './presence.ts'
import { readRange } from './read-range.ts'
import type {
  AskOptions,
  ConnectionStats,
  ConnectOptions,
  Head,
  LogConnection,
  LogSize,
  StoredFrame,
} from './revocation-log.ts'
import { headOf, sizeOf, streamInfo } from './stream-info.ts'

/** Pauses before a missing frame is asked for again: a follower lags by milliseconds, at worst by a second. */
const RETRY_PAUSES_MS = [10, 30, 90, 270, 810]

/**
 * A replica's connection: core request and reply on two subjects (head and frame), two subscriptions (live and barrier),
 * and presence out. No consumer, no other API, so that an account may grant exactly this.
 */
export class NatsReplicaConnection implements LogConnection {
  protected readonly settings: NatsSettings
  protected readonly session: NatsSession
  readonly #name: string
  #size: LogSize | undefined

  protected constructor(settings: NatsSettings, name: string, session: NatsSession) {
    this.settings = settings
    this.session = session
    this.#name = name
  }

  /** Connects as a replica. */
  static async connect(settings: NatsSettings, options: ConnectOptions): Promise<NatsReplicaConnection> {
    const onMessage = (message: Msg) => {
      const barrier = decodeBarrier(message.data)
      if (barrier) options.onEvent({ kind: 'barrier', barrier })
    }
    const barriers = { subject: settings.subjects.barrier, onMessage }
    return new NatsReplicaConnection(settings, options.name, await openSession(settings, options, [barriers]))
  }

  async head(options?: AskOptions): Promise<Head> {
    const { stream } = this.settings
    const info = await this.info(options)
    this.#size = sizeOf(info) ?? this.#size
    return headOf(info, stream)
  }

  async read(seq: number, options?: AskOptions): Promise<StoredFrame | undefined> {
    if (!(seq >= 1)) return undefined
    const what = `reading frame ${seq}`
    const answer = await this.session.request(what, this.settings.subjects.frame, JSON.stringify({ seq }), options)
    const code = answer.headers?.code ?? 0
    if (code === 404) return undefined
    if (code !== 0) throw unavailable(`${what}: ${code} ${answer.headers?.description}`)
    if (sequenceOf(answer) !== seq) throw unavailable(`${what}: the broker answered with frame ${sequenceOf(answer)}`)
    return { seq, bytes: answer.data }
  }

  range(fromSeq: number, toSeq: number, options?: AskOptions): AsyncIterable<StoredFrame> {
    return readRange({ read: this.read.bind(this), retryPausesMs: RETRY_PAUSES_MS }, fromSeq, toSeq, options)
  }

  announce(presence: Presence): void {
    this.session.publish(`${this.settings.subjects.presence}.${this.#name}`, encodePresence(presence))
  }

  stats(): ConnectionStats {
    return { ...this.session.stats(), ...(this.#size && { log: this.#size }) }
  }

  close(): Promise<void> {
    return this.session.close()
  }

  /** The stream's configuration and state as its leader tells them. */
  protected async info(options?: AskOptions): Promise<Record<string, unknown>> {
    const { stream, subjects } = this.settings
    const answer = await this.session.request('asking for the head', subjects.info, '', options)
    return streamInfo(answer.data, stream)
  }
}

/** Opens a session that tells live frames, and listens to what else is asked for. */
export function openSession(
  settings: NatsSettings,
  { name, onEvent, onTrouble, signal }: ConnectOptions,
  others: readonly Listening[],
): Promise<NatsSession> {
  const onLive = (message: Msg) => {
    const seq = sequenceOf(message)
    if (seq !== undefined) onEvent({ kind: 'live', seq, bytes: message.data })
  }
  const listening = [{ subject: settings.subjects.live, onMessage: onLive }, ...others]
  return NatsSession.open({ settings, name, listening, onChange: (kind) => onEvent({ kind }), onTrouble }, signal)
}

/** The stream's sequence that a message is labelled with, if that is a possible one. */
function sequenceOf({ headers }: Msg): number | undefined {
  const seq = Number(headers?.get('Nats-Sequence') || Number.NaN)
  return Number.isSafeInteger(seq) && seq >= 1 ? seq : undefined
}
