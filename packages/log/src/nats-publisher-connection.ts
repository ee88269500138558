import { headers, type Msg } from '@nats-io/transport-node'
import { isPlainObject, limits, RescindError } from '@rescind/protocol'
import { readAppendAnswer } from './append-answer.ts'
import { type Barrier, encodeBarrier } from './barrier.ts'
import { checkFrameSize, checkMessageId } from './checks.ts'
import { decodeDescription, encodeDescription, newIdentity, withNewEpoch } from './log-identity.ts'
import { NatsClock } from './nats-clock.ts'
import type { NatsSettings } from './nats-options.ts'
import { NatsReplicaConnection, openSession } from './nats-replica-connection.ts'
import type { NatsSession } from './nats-session.ts'
import { pauseOrAbort, unavailable } from './open-questions.ts'
import { decodePresence } from './presence.ts'
import type {
  AskOptions,
  ConnectOptions,
  Established,
  EstablishOptions,
  Head,
  PublisherConnection,
} from './revocation-log.ts'
import { dangerousDifferences, maxAgeMsOf, type StreamConfig, wantedConfig, withMaxAge } from './stream-config.ts'
import { isNotFound, notOurs, parseAnswer } from './stream-info.ts'

const ALREADY_EXISTS = 10058

/** A new stream on a cluster has no current majority for a moment: looked at again after these. */
const SETTLING_PAUSES_MS = [20, 50, 100, 200, 400, 800]

/** A publisher's connection: what a replica may do, and the stream itself. */
export class NatsPublisherConnection extends NatsReplicaConnection implements PublisherConnection {
  readonly #clock: NatsClock

  protected constructor(settings: NatsSettings, name: string, session: NatsSession) {
    super(settings, name, session)
    this.#clock = new NatsClock(session, settings)
  }

  static override async connect(settings: NatsSettings, options: ConnectOptions): Promise<NatsPublisherConnection> {
    const onMessage = (message: Msg) => {
      const presence = decodePresence(message.data)
      // The account binds the subject to who may publish on it; the content is only somebody's word.
      if (presence && message.subject.endsWith(`.${presence.name}`)) options.onEvent({ kind: 'presence', presence })
    }
    const presence = { subject: `${settings.subjects.presence}.*`, onMessage }
    return new NatsPublisherConnection(settings, options.name, await openSession(settings, options, [presence]))
  }

  get unguarded(): boolean {
    return this.session.unguarded
  }

  async establish(options?: EstablishOptions): Promise<Established> {
    const { maxAgeMs = 0 } = options ?? {}
    const found = (await this.#config(options)) ?? (await this.#create(maxAgeMs, options))
    const keptMs = maxAgeMsOf(found)
    // Of a stream of ours only: another one is left as it is.
    const isTooShort = keptMs !== 0 && keptMs < maxAgeMs && decodeDescription(found.description) !== undefined
    const kept = isTooShort ? await this.#manage('UPDATE', withMaxAge(found, maxAgeMs), options) : undefined
    const config = kept ?? found
    this.#verify(config)
    await this.#clock.establish(options)
    return { ...(await this.#settledHead(options)), maxAgeMs: maxAgeMsOf(config) }
  }

  async limitAge(maxAgeMs: number, options?: AskOptions): Promise<void> {
    const config = await this.#config(options)
    if (config === undefined || !decodeDescription(config.description)) throw notOurs(this.settings.stream)
    await this.#manage('UPDATE', withMaxAge(config, maxAgeMs), options)
  }

  async #settledHead(options: AskOptions | undefined): Promise<Head> {
    for (const pauseMs of SETTLING_PAUSES_MS) {
      try {
        return await this.head(options)
      } catch (error) {
        if (!(error instanceof RescindError) || error.code !== 'ERR_LOG_UNPROVED') throw error
        await pauseOrAbort('establishing the stream', pauseMs, options?.signal)
      }
    }
    return this.head(options)
  }

  async append(
    bytes: Uint8Array,
    options: AskOptions & { readonly messageId: string },
  ): Promise<{ seq: number; duplicate: boolean }> {
    checkFrameSize(bytes)
    checkMessageId(options.messageId)
    const { stream, subjects } = this.settings
    const labels = headers()
    labels.set('Nats-Msg-Id', options.messageId)
    labels.set('Nats-Expected-Stream', stream)
    const { signal } = options
    const bounds = { headers: labels, ...(signal ? { signal } : {}) }
    const answer = await this.session.request('appending a frame', subjects.log, bytes, bounds)
    return readAppendAnswer(answer.data, stream)
  }

  async renewEpoch(options?: AskOptions): Promise<Head> {
    const { config } = await this.info(options)
    const identity = isPlainObject(config) ? decodeDescription(config.description) : undefined
    if (!isPlainObject(config) || !identity) throw notOurs(this.settings.stream)
    const renewed = { ...config, description: encodeDescription(withNewEpoch(identity)) }
    await this.#manage('UPDATE', renewed, options)
    return this.head(options)
  }

  barrier(barrier: Barrier): void {
    this.session.publish(this.settings.subjects.barrier, encodeBarrier(barrier))
  }

  brokerTime(options?: AskOptions): Promise<number> {
    return this.#clock.now(options)
  }

  /** The configuration of the stream that exists; undefined if none does. */
  async #config(options: AskOptions | undefined): Promise<StreamConfig | undefined> {
    const { stream, subjects } = this.settings
    const answer = await this.session.request('looking for the stream', subjects.info, '', options)
    const { body, error } = parseAnswer(answer.data)
    if (error && isNotFound(error)) return undefined
    if (error) throw refused(stream, 'INFO', error)
    return isPlainObject(body.config) ? body.config : {}
  }

  /** Creates the stream. Of two publishers that do it at once one is told that it exists, and takes it as it is. */
  async #create(maxAgeMs: number, options: AskOptions | undefined): Promise<StreamConfig> {
    const created = await this.#manage('CREATE', wantedConfig(this.settings, newIdentity(), maxAgeMs), options)
    return created ?? (await this.#config(options)) ?? {}
  }

  /** Creates or updates the stream and returns what the server made of it; undefined if another one was there first. */
  async #manage(verb: 'CREATE' | 'UPDATE', config: StreamConfig, options?: AskOptions) {
    const { stream, subjects } = this.settings
    const subject = verb === 'CREATE' ? subjects.create : subjects.update
    const answer = await this.session.request(`${verb} of the stream`, subject, JSON.stringify(config), options)
    const { body, error } = parseAnswer(answer.data)
    if (error?.errCode === ALREADY_EXISTS) return undefined
    if (error) throw refused(stream, verb, error)
    return isPlainObject(body.config) ? body.config : {}
  }

  /** Old servers ignore in silence what they do not know, so the answer is compared also right after creating. */
  #verify(config: StreamConfig): void {
    const { stream } = this.settings
    if (!decodeDescription(config.description)) throw notOurs(stream)
    const differences = dangerousDifferences(this.settings, config)
    if (this.session.maxPayload < limits.MAX_MESSAGE_BYTES) {
      differences.push(
        `the server's max_payload must be at least ${limits.MAX_MESSAGE_BYTES} (else frames are refused)`,
      )
    }
    if (differences.length === 0) return
    throw new RescindError(
      'ERR_LOG_MISCONFIGURED',
      `stream ${stream} is not as Rescind needs it: ${differences.join('; ')}. Change it (nats stream edit ${stream}), ` +
        'or give Rescind another stream name',
    )
  }
}

function refused(
  stream: string,
  verb: string,
  error: { readonly code: number; readonly errCode: number; readonly description: string },
): RescindError {
  const detail = `the broker refused ${verb} of stream ${stream}: ${error.description} (${error.errCode})`
  return error.code === 503 ? unavailable(detail) : new RescindError('ERR_LOG_MISCONFIGURED', detail)
}
