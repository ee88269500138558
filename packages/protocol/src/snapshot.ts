import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Cursor, isCursor } from './cursor.ts'
import { RescindError } from './errors.ts'
import { isPlainObject } from './fact-wire.ts'
import { parseJsonBytes } from './json-bytes.ts'
import { MAX_ID_LENGTH, MAX_MANIFEST_BYTES, MAX_SNAPSHOT_BYTES, SNAPSHOT_SLICE_BYTES } from './limits.ts'
import { isTimeMs } from './time.ts'

/**
 * A snapshot: all live facts as of a cursor. Its bytes are an image of an index, with a manifest before it.
 *
 *   offset  bytes  content
 *        0      4  "RSNP"
 *        4      1  format version, 1
 *        5      3  zero
 *        8      4  length of the manifest in bytes, little-endian
 *       12      4  CRC-32 (zlib) of the manifest, little-endian
 *       16         manifest: UTF-8 JSON
 *                  image, to the end
 */
export interface SnapshotManifest {
  /** Id of the deployment that the log belongs to. */
  readonly deployment: string
  readonly cursor: Cursor
  /** The largest `atMs` of the frames up to the cursor; 0 if there are none. */
  readonly newestAtMs: number
  /** The publisher's wall clock when the image was complete: a time from outside, for R15. What is missing expired before. */
  readonly takenAtMs: number
  /** Revocations and lifts in the image. */
  readonly entries: number
  readonly imageBytes: number
  /** SHA-256 of the image, 64 hexadecimal digits. */
  readonly imageSha256: string
}

/** A snapshot whose bytes have been checked against its manifest. It may still belong to another log (R19, R20). */
export interface Snapshot {
  readonly manifest: SnapshotManifest
  readonly image: Uint8Array
}

const MAGIC = Buffer.from('RSNP', 'latin1')
const HEADER_BYTES = 16
const VERSION = 1
const SHA_256 = /^[0-9a-f]{64}$/
const FIELDS = ['cursor', 'deployment', 'entries', 'imageBytes', 'imageSha256', 'newestAtMs', 'takenAtMs'].join()

/**
 * Puts header and manifest before an image. `ERR_INVALID_INPUT` for a manifest that no replica could read, or a snapshot
 * above `MAX_SNAPSHOT_BYTES`.
 */
export function encodeSnapshot(
  facts: Omit<SnapshotManifest, 'imageBytes' | 'imageSha256'>,
  image: Uint8Array,
): { manifest: SnapshotManifest; bytes: Uint8Array } {
  const imageSha256 = createHash('sha256').update(image).digest('hex')
  const manifest: SnapshotManifest = { ...facts, imageBytes: image.byteLength, imageSha256 }
  const text = Buffer.from(JSON.stringify(manifest), 'utf8')
  const wrong = manifestFault(manifest) ?? sizeFault(HEADER_BYTES + text.length + image.byteLength)
  if (wrong) throw new RescindError('ERR_INVALID_INPUT', `no replica could read this snapshot: ${wrong}`)
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header, 0)
  header[4] = VERSION
  header.writeUInt32LE(text.length, 8)
  header.writeUInt32LE(crc32(text), 12)
  return { manifest, bytes: Buffer.concat([header, text, image]) }
}

/** {@link readSnapshot} in one go, for bytes that are few. */
export function decodeSnapshot(input: Uint8Array): Snapshot {
  const reading = readSnapshot(input)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
  }
}

/**
 * Reads a snapshot as it came from anywhere: nothing about the bytes is trusted. Yields after each slice of them, for
 * whoever drives it to let the event loop breathe. `ERR_SNAPSHOT_MALFORMED` or `ERR_SNAPSHOT_DIGEST` say what is wrong.
 */
export function* readSnapshot(input: Uint8Array): Generator<void, Snapshot> {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const tooLarge = sizeFault(bytes.length)
  if (tooLarge) throw malformed(tooLarge)
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) throw malformed('not a snapshot of Rescind')
  if (bytes[4] !== VERSION) throw malformed(`format version ${bytes[4]}; this build reads ${VERSION}`)
  if (bytes.readUIntLE(5, 3) !== 0) throw malformed('its reserved bytes are not zero')
  const length = bytes.readUInt32LE(8)
  if (length > MAX_MANIFEST_BYTES || HEADER_BYTES + length > bytes.length) throw malformed('its manifest is cut off')
  const text = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)
  if (crc32(text) !== bytes.readUInt32LE(12)) throw malformed('the checksum of its manifest does not fit')
  const manifest = decodeManifest(text)
  const image = bytes.subarray(HEADER_BYTES + length)
  if (image.length !== manifest.imageBytes) {
    throw new RescindError(
      'ERR_SNAPSHOT_DIGEST',
      `${image.length} bytes of image; the manifest says ${manifest.imageBytes}`,
    )
  }
  const hash = createHash('sha256')
  for (let start = 0; start < image.length; start += SNAPSHOT_SLICE_BYTES) {
    hash.update(image.subarray(start, start + SNAPSHOT_SLICE_BYTES))
    yield
  }
  if (hash.digest('hex') !== manifest.imageSha256) {
    throw new RescindError('ERR_SNAPSHOT_DIGEST', 'the image does not have the digest that its manifest states')
  }
  return { manifest, image }
}

function decodeManifest(text: Uint8Array): SnapshotManifest {
  let manifest: unknown
  try {
    manifest = parseJsonBytes(text)
  } catch (cause) {
    throw new RescindError('ERR_SNAPSHOT_MALFORMED', 'its manifest is not JSON in UTF-8', { cause })
  }
  const wrong = manifestFault(manifest)
  if (wrong) throw malformed(wrong)
  return manifest as SnapshotManifest
}

/** What keeps parsed JSON, of which nothing is trusted, from being a manifest. A field we do not know is refused. */
function manifestFault(manifest: unknown): string | undefined {
  if (!isPlainObject(manifest)) return 'its manifest is not an object'
  if (Object.keys(manifest).sort().join() !== FIELDS) return `its manifest does not have exactly the fields ${FIELDS}`
  const { deployment, cursor, newestAtMs, takenAtMs, entries, imageBytes, imageSha256 } = manifest
  if (typeof deployment !== 'string' || deployment === '' || deployment.length > MAX_ID_LENGTH) {
    return 'its manifest names no deployment'
  }
  if (!isCursor(cursor)) return 'its manifest names no cursor'
  if (!isTimeMs(newestAtMs)) return 'its manifest does not say how new its newest frame is'
  if (!isTimeMs(takenAtMs)) return 'its manifest does not say when it was taken'
  if (!isCount(entries) || !isCount(imageBytes)) return 'its manifest does not say how much it holds'
  if (typeof imageSha256 !== 'string' || !SHA_256.test(imageSha256)) return 'its manifest states no digest'
  return undefined
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function sizeFault(bytes: number): string | undefined {
  return bytes > MAX_SNAPSHOT_BYTES ? `it has ${bytes} bytes; the most is ${MAX_SNAPSHOT_BYTES}` : undefined
}

function malformed(detail: string): RescindError {
  return new RescindError('ERR_SNAPSHOT_MALFORMED', detail)
}
