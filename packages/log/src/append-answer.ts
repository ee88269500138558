import { RescindError } from '@rescind/protocol'
import { unavailable } from './open-questions.ts'
import { parseAnswer } from './stream-info.ts'

const STORE_FAILED = 10077
const RESOURCES_EXCEEDED = new Set([10002, 10023, 10028, 10047])
const MESSAGE_TOO_LARGE = 10054
const NOT_THE_EXPECTED_STREAM = 10060

/** What an answer to an append says (a PubAck, or JetStream's error); nothing about its bytes is trusted. */
export function readAppendAnswer(bytes: Uint8Array, stream: string): { seq: number; duplicate: boolean } {
  const { body, error } = parseAnswer(bytes)
  if (error) {
    const { errCode, description } = error
    const detail = `the broker did not store the frame: ${description} (${errCode})`
    if (isFull(errCode, description)) throw new RescindError('ERR_LOG_FULL', detail)
    if (errCode === MESSAGE_TOO_LARGE || errCode === NOT_THE_EXPECTED_STREAM) {
      throw new RescindError('ERR_LOG_MISCONFIGURED', detail)
    }
    throw unavailable(detail)
  }
  if (body.stream !== stream) {
    throw new RescindError('ERR_LOG_MISCONFIGURED', `the frame was stored by ${String(body.stream)}, not by ${stream}`)
  }
  const { seq, duplicate } = body
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) throw unavailable('an acknowledgement without a sequence')
  return { seq: seq as number, duplicate: duplicate === true }
}

/** The size cap has no number of its own: it comes as the text of the general failure to store. */
function isFull(errCode: number, description: string): boolean {
  if (RESOURCES_EXCEEDED.has(errCode)) return true
  return errCode === STORE_FAILED && /maximum (bytes|messages)|exceed|no space/i.test(description)
}
