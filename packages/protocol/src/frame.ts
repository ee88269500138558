import { crc32 } from 'node:zlib'
import { RescindError } from './errors.ts'
import { factFromWire, isPlainObject } from './fact-wire.ts'
import type { Fact } from './facts.ts'
import { parseJsonBytes } from './json-bytes.ts'
import { MAX_FACTS_PER_FRAME, MAX_FRAME_BYTES, MAX_PRINCIPAL_LENGTH } from './limits.ts'
import { isWellFormed } from './match.ts'

/**
 * One message on the log: 1 to N facts, committed together.
 *
 *   offset  bytes  content
 *        0      4  "RSCN"
 *        4      1  format version, 1
 *        5      3  zero
 *        8     16  frameId
 *       24     16  epoch
 *       40      4  CRC-32 (zlib) of everything but these four bytes, little-endian
 *       44      4  length of the body in bytes, little-endian
 *       48         body: UTF-8 JSON { "publisher": string, "facts": [ ... ], "requests"?: [ ... ] }
 *
 * The header stands still through all versions, so that any build can tell which frame it cannot read.
 */
export interface Frame {
  /** Random, 32 hexadecimal digits. */
  readonly frameId: string
  /**
   * The epoch in which its publisher appended it, 32 hexadecimal digits. A live frame counts only within its own epoch:
   * one that was under way while the log was replaced must not take the place of another (R11). A frame that is read
   * from the stream by its sequence may carry an older one.
   */
  readonly epoch: string
  /** Random id of the Store of the publisher that wrote it, 1 to 256 code units. */
  readonly publisher: string
  readonly facts: readonly Fact[]
  /** The requests behind its facts that had idempotency keys: so that any publisher knows a repeat. Replicas drop them. */
  readonly requests?: readonly FrameRequest[]
}

/** A request behind some facts of a frame, by hashes that only whoever has the request can make. */
export interface FrameRequest {
  /** Hash of principal and idempotency key, 32 hexadecimal digits. */
  readonly key: string
  /** Hash of route and body, 32 hexadecimal digits. */
  readonly body: string
  /** Index of its first fact in the frame. */
  readonly from: number
  /** How many facts of the frame are its own, from there on; at least one. */
  readonly count: number
}

/** Bytes that one {@link FrameRequest} takes in a frame at most, with its comma. */
export const FRAME_REQUEST_BYTES = 128

/** Versions this build reads and writes. Presence tells them to publishers, which write the highest that all replicas read. */
export const FRAME_VERSIONS: readonly number[] = [1]

const MAGIC = Buffer.from('RSCN', 'latin1')
const HEADER_BYTES = 48
const ID = /^[0-9a-f]{32}$/
const BODY: ReadonlySet<string> = new Set(['publisher', 'facts', 'requests'])

/**
 * Encodes a frame, and reads it again before handing it out: one that no replica can read would make all of them
 * `unknown` (R18, `poison_frame`). `ERR_INVALID_INPUT` says what is wrong with its parts, or that this build does not write
 * that `version`; `ERR_FRAME_TOO_LARGE` that it is above `MAX_FRAME_BYTES` or `MAX_FACTS_PER_FRAME`.
 */
export function encodeFrame(frame: Frame, version = 1): Uint8Array {
  if (!FRAME_VERSIONS.includes(version)) {
    throw new RescindError('ERR_INVALID_INPUT', `this build writes frames of version ${FRAME_VERSIONS.join(', ')}`)
  }
  if (!ID.test(frame.frameId)) throw new RescindError('ERR_INVALID_INPUT', 'a frameId has 32 hexadecimal digits')
  if (!ID.test(frame.epoch)) throw new RescindError('ERR_INVALID_INPUT', 'an epoch has 32 hexadecimal digits')
  if (frame.facts.length > MAX_FACTS_PER_FRAME) {
    throw new RescindError('ERR_FRAME_TOO_LARGE', `${frame.facts.length} facts; the most is ${MAX_FACTS_PER_FRAME}`)
  }
  const { publisher, facts, requests = [] } = frame
  const body = Buffer.from(JSON.stringify({ publisher, facts, ...(requests.length > 0 && { requests }) }), 'utf8')
  const size = HEADER_BYTES + body.length
  if (size > MAX_FRAME_BYTES) throw tooLarge(size)
  const bytes = Buffer.alloc(size)
  MAGIC.copy(bytes, 0)
  bytes[4] = version
  bytes.write(frame.frameId, 8, 'hex')
  bytes.write(frame.epoch, 24, 'hex')
  bytes.writeUInt32LE(body.length, 44)
  body.copy(bytes, HEADER_BYTES)
  bytes.writeUInt32LE(checksum(bytes), 40)
  try {
    decodeFrame(bytes)
  } catch (cause) {
    throw new RescindError('ERR_INVALID_INPUT', `no replica could read this frame: ${(cause as Error).message}`, {
      cause,
    })
  }
  return bytes
}

/**
 * Decodes a frame as it came from anywhere: nothing about the bytes is trusted.
 * `ERR_FRAME_TOO_LARGE`, `ERR_FRAME_VERSION` or `ERR_FRAME_MALFORMED` say what is wrong with them.
 */
export function decodeFrame(input: Uint8Array): Frame {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  if (bytes.length > MAX_FRAME_BYTES) throw tooLarge(bytes.length)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) throw malformed('not a frame of Rescind')
  const version = bytes[4] as number
  if (!FRAME_VERSIONS.includes(version)) {
    throw new RescindError(
      'ERR_FRAME_VERSION',
      `format version ${version}; this build reads ${FRAME_VERSIONS.join(', ')}`,
    )
  }
  if (bytes.readUIntLE(5, 3) !== 0) throw malformed('its reserved bytes are not zero')
  if (bytes.readUInt32LE(44) !== bytes.length - HEADER_BYTES) throw malformed('its length is not what its header says')
  if (bytes.readUInt32LE(40) !== checksum(bytes)) throw malformed('its checksum does not fit its bytes')
  return { ...idsOf(bytes), ...decodeBody(bytes.subarray(HEADER_BYTES)) }
}

/** The frameId of bytes that begin like a frame of any version, else undefined. Says nothing about the rest of them. */
export function peekFrameId(input: Uint8Array): string | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) return undefined
  return idsOf(bytes).frameId
}

function idsOf(bytes: Buffer): Pick<Frame, 'frameId' | 'epoch'> {
  return { frameId: bytes.toString('hex', 8, 24), epoch: bytes.toString('hex', 24, 40) }
}

function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(44), crc32(bytes.subarray(0, 40)))
}

function decodeBody(body: Buffer): Pick<Frame, 'publisher' | 'facts' | 'requests'> {
  let parsed: unknown
  try {
    parsed = parseJsonBytes(body)
  } catch (cause) {
    throw malformed('its body is not JSON in UTF-8', cause)
  }
  if (!isPlainObject(parsed) || Object.keys(parsed).some((name) => !BODY.has(name))) {
    throw malformed('its body is not { publisher, facts, requests? }')
  }
  const { publisher, facts, requests } = parsed
  if (!isPublisher(publisher)) throw malformed('it names no publisher')
  if (!Array.isArray(facts) || facts.length === 0 || facts.length > MAX_FACTS_PER_FRAME) {
    throw malformed('it holds no facts, or too many')
  }
  if (requests !== undefined && !areRequests(requests, facts.length)) throw malformed('its requests are not valid')
  return {
    publisher,
    facts: facts.map((wire, index) => {
      const fact = factFromWire(wire)
      if (typeof fact === 'string') throw malformed(`fact ${index}: ${fact}`)
      return fact
    }),
    ...(requests !== undefined && { requests }),
  }
}

/** Each has facts of its own, in the order of the facts: so there are no more of them than facts. */
function areRequests(value: unknown, facts: number): value is readonly FrameRequest[] {
  if (!Array.isArray(value) || value.length === 0) return false
  let next = 0
  for (const one of value as readonly unknown[]) {
    if (!isPlainObject(one) || Object.keys(one).sort().join() !== 'body,count,from,key') return false
    const { key, body, from, count } = one
    if (typeof key !== 'string' || !ID.test(key) || typeof body !== 'string' || !ID.test(body)) return false
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count)) return false
    if ((from as number) < next || (count as number) < 1) return false
    next = (from as number) + (count as number)
    if (next > facts) return false
  }
  return true
}

function isPublisher(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_PRINCIPAL_LENGTH && isWellFormed(value)
}

function tooLarge(size: number): RescindError {
  return new RescindError('ERR_FRAME_TOO_LARGE', `${size} bytes; the most is ${MAX_FRAME_BYTES}`)
}

function malformed(detail: string, cause?: unknown): RescindError {
  return new RescindError('ERR_FRAME_MALFORMED', detail, { cause })
}
