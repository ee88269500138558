import { createHash, randomBytes } from 'node:crypto'

/** In the place of a body's hash, of an upload: its lines are known one by one. Nobody can make a body with this hash. */
export const UPLOAD_BODY = '0'.repeat(32)

/**
 * Gives each line of an upload the id of its fact. Under one idempotency key a line has one id, whichever publisher reads
 * it: sent again, it is the same fact. A UUIDv8 (RFC 9562): the time when the upload began (48 bits), what tells it from
 * others (42 bits), the line (32 bits); so that ids sort by time, and then by line.
 */
export class UploadIds {
  /** When the upload began, by the wall clock of the publisher that read it first. */
  readonly startedAtMs: number
  readonly #prefix: string

  private constructor(startedAtMs: number, tag: Buffer) {
    this.startedAtMs = startedAtMs
    const time = startedAtMs.toString(16).padStart(12, '0')
    const hex = tag.toString('hex')
    const variant = (8 + (Number.parseInt(hex[3] as string, 16) & 3)).toString(16)
    this.#prefix = `${time.slice(0, 8)}-${time.slice(8)}-8${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 11)}`
  }

  /** Of an upload whose first fact is known, or of one that begins now. */
  static of(key: string, firstId: string | undefined, nowMs: number): UploadIds {
    const startedAtMs = firstId === undefined ? nowMs : Number.parseInt(firstId.slice(0, 13).replace('-', ''), 16)
    return new UploadIds(startedAtMs, createHash('sha256').update(`upload\n${key}`).digest())
  }

  /** Of an upload without a key: sent again, it is another one. */
  static random(nowMs: number): UploadIds {
    return new UploadIds(nowMs, randomBytes(8))
  }

  /** True for the id of one of its lines. */
  made(id: string): boolean {
    return id.startsWith(this.#prefix)
  }

  /** @param line from 1 to `MAX_UPLOAD_LINES`. */
  of(line: number): string {
    return `${this.#prefix}${line.toString(16).padStart(8, '0')}`
  }
}
