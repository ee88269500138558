import { isPlainObject, parseRfc3339, RescindError } from '@rescind/protocol'
import type { NatsSettings } from './nats-options.ts'
import type { NatsSession } from './nats-session.ts'
import { unavailable } from './open-questions.ts'
import type { AskOptions } from './revocation-log.ts'
import { parseAnswer } from './stream-info.ts'

const ALREADY_EXISTS = 10058

/**
 * The broker's clock. Old servers tell their time only on what they store, so a stream of one message in memory takes a
 * probe, and the time is read off it (R10).
 */
export class NatsClock {
  readonly #session: NatsSession
  readonly #settings: NatsSettings
  readonly #stream: string

  constructor(session: NatsSession, settings: NatsSettings) {
    this.#session = session
    this.#settings = settings
    this.#stream = `${settings.stream}_CLOCK`
  }

  /** Makes the stream of probes. One that exists will do, whatever it is like: a probe shows. */
  async establish(options?: AskOptions): Promise<void> {
    const { subjects, replicas } = this.#settings
    const config = {
      name: this.#stream,
      subjects: [subjects.clock],
      retention: 'limits',
      storage: 'memory',
      discard: 'old',
      max_msgs: 1,
      max_msg_size: 1_024,
      num_replicas: replicas,
    }
    const subject = `$JS.API.STREAM.CREATE.${this.#stream}`
    const answer = await this.#session.request('making the clock stream', subject, JSON.stringify(config), options)
    const { error } = parseAnswer(answer.data)
    if (!error || error.errCode === ALREADY_EXISTS) return
    const detail = `stream ${this.#stream} (of the broker's clock) cannot be made: ${error.description}`
    throw new RescindError('ERR_LOG_MISCONFIGURED', `${detail} (${error.errCode})`)
  }

  /**
   * The broker's wall clock in milliseconds, between asking and answering. The newest probe is read, be it ours or one
   * that came after it.
   */
  async now(options?: AskOptions): Promise<number> {
    const { clock } = this.#settings.subjects
    const stored = await this.#session.request('sending a probe to the clock', clock, '', options)
    if (parseAnswer(stored.data).error) throw unavailable('the broker did not store a probe of its clock')
    const subject = `$JS.API.STREAM.MSG.GET.${this.#stream}`
    const query = JSON.stringify({ last_by_subj: clock })
    const { body } = parseAnswer((await this.#session.request('reading the clock', subject, query, options)).data)
    const time = isPlainObject(body.message) ? body.message.time : undefined
    const nowMs = typeof time === 'string' ? parseRfc3339(time) : undefined
    if (nowMs === undefined) throw unavailable('the broker did not tell its time')
    return nowMs
  }
}
