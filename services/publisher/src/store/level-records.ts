import { maskedCrc32c } from './crc32c.ts'

/** Bytes of one block of LevelDB's record format, and of the header in front of each piece of a record. */
const BLOCK = 32_768
const HEADER = 7
/** Kinds of pieces: a whole record, or its first, middle and last part. */
const FULL = 1
const FIRST = 2
const LAST = 4

/** One record of a write-ahead log or a MANIFEST, and the bytes of the file it takes, headers included. */
export interface LevelRecord {
  readonly from: number
  readonly to: number
  readonly payload: Buffer
}

/** What a file of records holds. */
export interface LevelRecords {
  readonly records: readonly LevelRecord[]
  /**
   * `torn`: the end of the file is no whole record, and nothing whole stands after it: a process died while it wrote.
   * `corrupt`: something stands after what cannot be read.
   */
  readonly end: 'whole' | 'torn' | 'corrupt'
}

/**
 * Reads a file in the record format of LevelDB (its doc/log_format.md). LevelDB itself passes over a record that it
 * cannot read, and over the rest of its block, and says nothing: acknowledged writes would be gone in silence.
 */
export function readLevelRecords(file: Buffer): LevelRecords {
  const records: LevelRecord[] = []
  let parts: Buffer[] = []
  let from = 0
  let at = 0
  for (;;) {
    at = afterTrailer(at)
    if (at >= file.length) return { records, end: parts.length > 0 ? 'torn' : 'whole' }
    const piece = pieceAt(file, at)
    const begins = piece?.type === FULL || piece?.type === FIRST
    if (piece === undefined || begins === parts.length > 0) {
      return { records, end: hasPieceAfter(file, piece === undefined ? at : at - 1) ? 'corrupt' : 'torn' }
    }
    if (begins) from = at
    parts.push(file.subarray(at + HEADER, piece.to))
    at = piece.to
    if (piece.type !== FULL && piece.type !== LAST) continue
    records.push({ from, to: at, payload: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts) })
    parts = []
  }
}

/** The end of a block that is too short for a header is filled with zeros. */
function afterTrailer(at: number): number {
  const left = BLOCK - (at % BLOCK)
  return left < HEADER ? at + left : at
}

/** The piece at an offset, if its header and its checksum are right. */
function pieceAt(file: Buffer, at: number): { type: number; to: number } | undefined {
  if (at + HEADER > file.length || BLOCK - (at % BLOCK) < HEADER) return undefined
  const type = file[at + 6] as number
  const to = at + HEADER + file.readUInt16LE(at + 4)
  if (type < FULL || type > LAST || to > file.length || to > at - (at % BLOCK) + BLOCK) return undefined
  return file.readUInt32LE(at) === maskedCrc32c(file, at + 6, to) ? { type, to } : undefined
}

/** True if a whole piece stands anywhere after `at`. The length in a header may be what is wrong, so each byte is tried. */
function hasPieceAfter(file: Buffer, at: number): boolean {
  for (let next = at + 1; next + HEADER <= file.length; next += 1) if (pieceAt(file, next)) return true
  return false
}
