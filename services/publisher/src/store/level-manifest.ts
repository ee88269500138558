import { readVarint } from './snappy.ts'

/** What a MANIFEST of LevelDB says must be there. */
export interface LevelManifest {
  /** Number of the oldest write-ahead log that is needed; 0 in a database that was never opened to its end. */
  readonly logNumber: number
  /** Table files by their numbers, and the bytes each has. */
  readonly tables: ReadonlyMap<number, number>
}

/**
 * Reads the records of a MANIFEST (LevelDB's db/version_edit.cc). Undefined if one of them is not as LevelDB writes it.
 */
export function readLevelManifest(records: readonly Buffer[]): LevelManifest | undefined {
  const tables = new Map<number, number>()
  let logNumber = 0
  try {
    for (const record of records) {
      const edit = new Reader(record)
      while (edit.hasMore) {
        const tag = edit.number()
        if (tag === 1) edit.bytes()
        else if (tag === 2) logNumber = edit.number()
        else if (tag === 3 || tag === 4 || tag === 9) edit.number()
        else if (tag === 5) edit.skip(1).bytes()
        else if (tag === 6) tables.delete(edit.skip(1).number())
        else if (tag === 7) {
          const table = edit.skip(1).number()
          tables.set(table, edit.number())
          edit.bytes()
          edit.bytes()
        } else return undefined
      }
    }
  } catch {
    return undefined
  }
  return { logNumber, tables }
}

/** Reads varints and length-prefixed bytes; throws a RangeError at the end of the bytes. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  number(): number {
    const { value, next } = readVarint(this.#bytes, this.#at)
    this.#at = next
    return value
  }

  bytes(): void {
    const length = this.number()
    if (this.#at + length > this.#bytes.length) throw new RangeError('beyond the end')
    this.#at += length
  }

  skip(numbers: number): this {
    for (let count = 0; count < numbers; count += 1) this.number()
    return this
  }
}
