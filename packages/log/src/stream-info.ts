import { isPlainObject, RescindError } from '@rescind/protocol'
import { proofAgeMs } from './cluster-proof.ts'
import { decodeDescription } from './log-identity.ts'
import { unavailable } from './open-questions.ts'
import type { Head, LogSize } from './revocation-log.ts'

/** JetStream's own error, as it stands in an answer. */
export interface JetStreamError {
  /** As in HTTP. */
  readonly code: number
  /** JetStream's number for it. */
  readonly errCode: number
  readonly description: string
}

const NOT_FOUND = 10059

/** Parses an answer of JetStream of which nothing is trusted: an object, or its error. `ERR_LOG_UNAVAILABLE` if neither. */
export function parseAnswer(bytes: Uint8Array): { body: Record<string, unknown>; error?: JetStreamError } {
  let body: unknown
  try {
    body = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw unavailable('the broker answered with something that is not JSON', cause)
  }
  if (!isPlainObject(body)) throw unavailable('the broker answered with JSON that is no object')
  if (!isPlainObject(body.error)) return { body }
  const { code, err_code: errCode, description } = body.error
  return { body, error: { code: Number(code), errCode: Number(errCode), description: String(description) } }
}

/** True for the answer that there is no such stream. */
export function isNotFound(error: JetStreamError): boolean {
  return error.errCode === NOT_FOUND || (error.code === 404 && !Number.isFinite(error.errCode))
}

/** The stream's configuration and state out of an answer about it, or the error that the answer is. */
export function streamInfo(bytes: Uint8Array, stream: string): Record<string, unknown> {
  const { body, error } = parseAnswer(bytes)
  if (!error) return body
  if (isNotFound(error)) {
    throw new RescindError('ERR_LOG_NOT_FOUND', `there is no stream ${stream}: a publisher establishes it`)
  }
  throw unavailable(`the broker refused to tell of stream ${stream}: ${error.description} (${error.errCode})`)
}

/**
 * The head out of an answer about the stream. `ERR_LOG_MISCONFIGURED` if the stream is not one of Rescind,
 * `ERR_LOG_UNPROVED` if the answer proves nothing (R19).
 */
export function headOf(info: Record<string, unknown>, stream: string): Head {
  const { config, state, cluster } = info
  if (!isPlainObject(config) || !isPlainObject(state)) throw unavailable('an answer about the stream without its state')
  const identity = decodeDescription(config.description)
  if (!identity) throw notOurs(stream)
  const { messages, first_seq: first, last_seq: last } = state
  if (!isCount(messages) || !isCount(first) || !isCount(last)) throw unavailable('a state of the stream out of range')
  const ageMs = proofAgeMs(isCount(config.num_replicas) ? config.num_replicas : 1, cluster)
  if (ageMs === undefined) {
    throw new RescindError('ERR_LOG_UNPROVED', `stream ${stream} has no leader, or no majority of it is current`)
  }
  return { ...identity, firstSeq: messages === 0 ? last + 1 : first, lastSeq: last, ageMs }
}

/** How full it is out of an answer about the stream. A negative cap is none. */
export function sizeOf({ config, state }: Record<string, unknown>): LogSize | undefined {
  if (!isPlainObject(config) || !isPlainObject(state) || !isCount(state.bytes)) return undefined
  return { bytes: state.bytes, ...(isCount(config.max_bytes) && { maxBytes: config.max_bytes }) }
}

/** A stream that bears our name and was made by somebody else. */
export function notOurs(stream: string): RescindError {
  return new RescindError(
    'ERR_LOG_MISCONFIGURED',
    `stream ${stream} was not made by Rescind (its description does not say so): give Rescind another stream name, ` +
      'or remove that stream if nothing needs it, and let a publisher establish it',
  )
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
