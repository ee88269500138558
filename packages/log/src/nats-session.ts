import { setTimeout as pause } from 'node:timers/promises'
import {
  InvalidArgumentError,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  type Subscription,
} from '@nats-io/transport-node'
import { RescindError } from '@rescind/protocol'
import { dial, discard } from './nats-dial.ts'
import type { NatsAccess, NatsSettings } from './nats-options.ts'
import { OpenQuestions, unavailable } from './open-questions.ts'
import type { AskOptions, ConnectionStats } from './revocation-log.ts'

/** A goodbye that does not get out in this time is not worth waiting for. */
const GOODBYE_MS = 250

/** What a session listens to for as long as it lives. */
export interface Listening {
  readonly subject: string
  readonly onMessage: (message: Msg) => void
}

/** What a {@link NatsSession} is opened with. */
export interface SessionOptions {
  readonly settings: NatsSettings
  readonly name: string
  readonly listening: readonly Listening[]
  /** Told when the connection is lost, and when it is back with every subscription in force. */
  readonly onChange: (kind: 'disconnected' | 'reconnected') => void
  /** Told of each try to reach the broker that failed. */
  readonly onTrouble?: ((error: RescindError) => void) | undefined
}

/** A connection to NATS that is kept up for ever: questions, announcements and a few subscriptions. */
export class NatsSession {
  readonly #options: SessionOptions
  readonly #questions: OpenQuestions
  #client: NatsConnection
  #subscriptions: Subscription[] = []
  readonly #ending = new AbortController()
  #up = true
  #reconnects = 0
  /** Of clients that were given up. */
  #receivedBytes = 0
  #sentBytes = 0
  #closing: Promise<void> | undefined

  private constructor(options: SessionOptions, client: NatsConnection) {
    this.#options = options
    this.#questions = new OpenQuestions(options.settings.requestTimeoutMs)
    this.#client = client
  }

  /**
   * Connects, as long as it takes; resolves when the server has taken every subscription. `ERR_LOG_UNAVAILABLE` when the
   * signal fires; `ERR_LOG_MISCONFIGURED` when the server forbids a subscription.
   */
  static async open(options: SessionOptions, signal?: AbortSignal): Promise<NatsSession> {
    const { settings, name } = options
    const session = new NatsSession(options, await dial(settings, name, bounds(options, signal)))
    try {
      await session.#subscribe()
      session.#watch(session.#client)
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  /** Bytes of the largest message that the server takes. */
  get maxPayload(): number {
    return this.#client.info?.max_payload ?? 0
  }

  /**
   * True if the server lets everyone in: it asked for nothing when it was last connected to, or we showed nothing and
   * were let in (newer servers say that they ask, and take whoever does not answer for a user of their choice).
   */
  get unguarded(): boolean {
    const { auth_required: asksWho, tls_verify: asksForCertificate } = this.#client.info ?? {}
    return !(asksWho || asksForCertificate) || !showsSomething(this.#options.settings.access)
  }

  /** Asks, and waits for one answer within the question's bounds; `ERR_LOG_UNAVAILABLE` if there is none. */
  request(what: string, subject: string, payload: Uint8Array | string, options?: RequestOptions): Promise<Msg> {
    // The client's own timer runs a little longer, so that ours decides and names what was asked.
    const timeout = this.#options.settings.requestTimeoutMs + 50
    const { headers } = options ?? {}
    const ask = () => this.#client.request(subject, payload, { timeout, ...(headers ? { headers } : {}) })
    return this.#questions.ask(what, () => ask().catch((error) => Promise.reject(explain(what, error))), options)
  }

  /** Says something to whoever listens; while disconnected it is dropped. */
  publish(subject: string, payload: Uint8Array): void {
    if (!this.#up || this.#closing) return
    try {
      this.#client.publish(subject, payload)
    } catch {
      // Too large or just closed: what is announced may be lost.
    }
  }

  /** Plain numbers, over all reconnections. */
  stats(): ConnectionStats {
    const { inBytes, outBytes } = this.#client.stats()
    return {
      reconnects: this.#reconnects,
      receivedBytes: this.#receivedBytes + inBytes,
      sentBytes: this.#sentBytes + outBytes,
    }
  }

  /** Ends the session; idempotent. Nothing is told and nothing stays running afterwards, even if the broker is away. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    this.#questions.refuse(new RescindError('ERR_CLOSED', 'the connection to the log was closed'))
    this.#ending.abort()
    if (this.#up)
      await Promise.race([this.#client.flush().catch(() => {}), pause(GOODBYE_MS, undefined, { ref: false })])
    await discard(this.#client)
  }

  async #subscribe(): Promise<void> {
    this.#subscriptions = this.#options.listening.map(({ subject, onMessage }, i) => {
      const old = this.#subscriptions[i]
      if (old && !old.isClosed()) return old
      const callback = (error: Error | null, message: Msg) => {
        if (!error && this.#up && !this.#closing) onMessage(message)
      }
      return this.#client.subscribe(subject, { callback })
    })
    // A round trip: the server has read the subscriptions, and refused by now what it refuses.
    await this.#client.flush()
    const refused = this.#subscriptions.find((subscription) => subscription.isClosed())
    if (refused && !this.#client.isClosed()) {
      throw new RescindError('ERR_LOG_MISCONFIGURED', `the broker forbids to subscribe to ${refused.getSubject()}`)
    }
  }

  #watch(client: NatsConnection): void {
    const follow = async () => {
      for await (const { type } of client.status()) {
        if (type === 'disconnect') this.#lost()
        if (type === 'reconnect') this.#back()
      }
    }
    follow().catch(() => {})
    // The client means to reconnect for ever; where it gives up all the same, we begin anew.
    void client.closed().then(() => {
      if (this.#closing) return
      this.#lost()
      this.#redial().catch(() => {})
    })
  }

  #lost(): void {
    if (!this.#up || this.#closing) return
    this.#up = false
    this.#questions.refuse(unavailable('the connection to the broker is lost'))
    this.#options.onChange('disconnected')
  }

  /** Tells that the connection is back only when live messages flow: one that is lost in between is told later. */
  #back(): void {
    this.#subscribe().then(
      () => {
        if (this.#up || this.#closing) return
        this.#up = true
        this.#reconnects += 1
        this.#questions.resume()
        this.#options.onChange('reconnected')
      },
      () => {
        // Lost again, which is told by another status; or forbidden, and then only a new connection may change that.
        if (!this.#closing && !this.#client.isClosed()) void this.#client.reconnect().catch(() => {})
      },
    )
  }

  async #redial(): Promise<void> {
    const { settings, name } = this.#options
    const client = await dial(settings, name, bounds(this.#options, this.#ending.signal))
    if (this.#closing) return discard(client)
    const { receivedBytes, sentBytes } = this.stats()
    this.#receivedBytes = receivedBytes
    this.#sentBytes = sentBytes
    this.#client = client
    this.#subscriptions = []
    this.#watch(client)
    this.#back()
  }
}

function showsSomething({ tls, ...login }: NatsAccess): boolean {
  return Object.keys(login).length > 0 || (tls?.cert ?? tls?.certFile) !== undefined
}

function bounds({ onTrouble }: SessionOptions, signal: AbortSignal | undefined) {
  return { ...(signal ? { signal } : {}), ...(onTrouble ? { onTrouble } : {}) }
}

/** A question's bounds, and headers to send with it. */
export interface RequestOptions extends AskOptions {
  readonly headers?: MsgHdrs
}

/** What a failed request means to us. */
function explain(what: string, error: unknown): RescindError {
  const { message, cause } = error as Error
  if (error instanceof PermissionViolationError || cause instanceof PermissionViolationError) {
    return new RescindError('ERR_LOG_MISCONFIGURED', `${what}: the broker forbids it (${message})`, { cause: error })
  }
  if (error instanceof InvalidArgumentError && message.includes('max_payload')) {
    return new RescindError('ERR_LOG_MISCONFIGURED', `${what}: it is above the broker's max_payload`, { cause: error })
  }
  const nobody = error instanceof NoRespondersError || cause instanceof NoRespondersError
  return unavailable(nobody ? `${what}: nobody answers there; is JetStream on?` : `${what}: ${message}`, error)
}
