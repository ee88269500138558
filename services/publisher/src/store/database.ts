/** The narrow waist between the Store and LevelDB: what the Store needs of it, so that tests can make it fail. */
export interface Database {
  /** Writes all of it or nothing. With `durably` it resolves after the fsync. */
  write(operations: readonly Operation[], durably: boolean): Promise<void>
  getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]>
  /** Blocks the event loop for one read: microseconds from memory, a page of the disk otherwise. */
  getNow(key: Buffer): Buffer | undefined
  /** As it is now: later writes do not show in it. Must be closed. */
  entries(range: Range): Entries
  close(): Promise<void>
}

/** Puts a value, or without one deletes the key. */
export interface Operation {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

/** Keys from `gte` (included) to `lt` (excluded), by their bytes. */
export interface Range {
  readonly gte: Buffer
  readonly lt: Buffer
  /** From the end. */
  readonly reverse?: boolean
}

/** A walk over a range. */
export interface Entries {
  /** The next `size` entries at most; none at the end. */
  next(size: number): Promise<readonly (readonly [key: Buffer, value: Buffer])[]>
  close(): Promise<void>
}

/** Opens the database in a folder, or makes one there. */
export type OpenDatabase = (folder: string) => Promise<Database>
