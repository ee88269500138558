import { type Clock, isRescindError, RescindError, toRescindError } from '@rescind/protocol'
import type { Logger } from 'pino'
import { REOPEN_STORE_EVERY_MS } from '../limits.ts'
import type { Database, OpenDatabase, Operation } from './database.ts'
import { Draft } from './draft.ts'
import { TOTALS } from './keys.ts'
import { cutLastWrite } from './level-files.ts'
import { seal } from './sealed.ts'
import { replaced, type Totals } from './totals.ts'

/** What a {@link Writer} is made from. */
export interface WriterOptions {
  readonly folder: string
  readonly database: Database
  readonly openDatabase: OpenDatabase
  readonly totals: Totals
  readonly clock: Clock
  readonly logger: Logger
}

interface Failed {
  /** Undoes what may be there of the write that failed. */
  readonly undo: readonly Operation[]
  readonly mark: Buffer
  readonly cause: RescindError
}

/**
 * Writes one change after the other, each whole or not at all. LevelDB takes no write after one that failed: it is closed
 * and opened again, and what the disk holds of the failed write is taken back before any other.
 */
export class Writer {
  readonly #options: WriterOptions
  #database: Database | undefined
  #totals: Totals
  #queue: Promise<unknown> = Promise.resolve()
  #failed: Failed | undefined
  #again: NodeJS.Timeout | undefined
  #closed = false
  /** Writes with an fsync so far. */
  durableWrites = 0
  /** Bytes of keys and values so far. */
  bytesWritten = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#database = options.database
    this.#totals = options.totals
  }

  /** The database, for reading. `ERR_STORE_FAILED` while it is not open, `ERR_CLOSED` after the end. */
  get database(): Database {
    if (this.#closed) throw new RescindError('ERR_CLOSED', 'the Store was closed')
    if (this.#database) return this.#database
    throw new RescindError('ERR_STORE_FAILED', 'the Store is being opened again after a write that failed')
  }

  /** Number of the change that is written next. */
  get nextChange(): number {
    return this.#totals.change + 1
  }

  /** Writes what `plan` puts into a draft, after all before it. What `plan` throws comes out, and nothing is written. */
  write(plan: (draft: Draft) => Promise<void>, durably: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new RescindError('ERR_CLOSED', 'the Store was closed'))
    return this.#inOrder(async () => {
      if (this.#failed) throw this.#failed.cause
      const { database } = this
      const draft = new Draft(database)
      try {
        await plan(draft)
      } catch (error) {
        throw failureOf(error)
      }
      await this.#commit(database, draft.finish(), durably)
    })
  }

  /** Waits for what is being written; idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#again)
    await this.#inOrder(async () => {
      clearTimeout(this.#again)
      await this.#database?.close()
      this.#database = undefined
    })
  }

  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(step)
    this.#queue = result.catch(() => {})
    return result
  }

  async #commit(
    database: Database,
    { before, after }: { readonly before: readonly Operation[]; readonly after: readonly Operation[] },
    durably: boolean,
  ): Promise<void> {
    // Without a change there is nothing to do, but with an fsync what was written before without one has to be on disk.
    if (after.length === 0 && !durably) return
    const totals = replaced(this.#totals, before, after)
    const operations = [...after, totalsOperation(totals)]
    try {
      await database.write(operations, durably)
    } catch (error) {
      const cause = failureOf(error)
      const { value: mark } = totalsOperation(totals)
      this.#failed = { undo: [...before, totalsOperation(this.#totals)], mark: mark as Buffer, cause }
      this.#options.logger.error({ err: cause }, 'a write to the Store failed; it is opened again')
      await this.#reopen()
      throw cause
    }
    this.#totals = totals
    for (const { key, value } of operations) this.bytesWritten += key.length + (value?.length ?? 0)
    if (durably) this.durableWrites += 1
  }

  /** Opens the database again and takes back the failed write, or tries again later. Does not throw. */
  async #reopen(): Promise<void> {
    const failed = this.#failed
    if (!failed) return
    const { folder, openDatabase, logger } = this.#options
    try {
      const old = this.#database
      this.#database = undefined
      await old?.close()
      // First by cutting the file, which also works on a full disk, and so before a restart finds the write there.
      await cutLastWrite(folder, failed.mark)
      const database = await openDatabase(folder)
      await undo(database, failed).catch(async (error: unknown) => {
        await database.close()
        throw error
      })
      this.#database = database
      this.#failed = undefined
      logger.info('the Store is open again')
    } catch (error) {
      if (this.#closed) return
      logger.error({ err: failureOf(error) }, 'the Store cannot be opened again yet: it takes no writes')
      this.#again = setTimeout(() => {
        this.#inOrder(async () => await this.#reopen()).catch(() => {})
      }, REOPEN_STORE_EVERY_MS).unref()
    }
  }
}

/** Takes back what the failed write left, if it is there. Anything but that and what stood before is no Store of ours. */
async function undo(database: Database, { undo: operations, mark }: Failed): Promise<void> {
  const [totals] = await database.getMany([TOTALS])
  if (totals?.equals(mark)) return await database.write(operations, true)
  const before = operations.at(-1)?.value as Buffer
  if (!totals?.equals(before)) throw new RescindError('ERR_STORE_FAILED', 'the Store lost earlier writes: start again')
}

/** The record of the totals. */
export function totalsOperation({ change, count, sum }: Totals): Operation {
  return { key: TOTALS, value: seal(TOTALS, [change, count, sum]) }
}

/** What went wrong with the database, as an error of ours. */
export function failureOf(error: unknown): RescindError {
  if (isRescindError(error)) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // The operating system's own words, which LevelDB hands on without their numbers: ENOSPC, EDQUOT, EFBIG.
  const isFull = /no space left|quota exceeded|file too large|ENOSPC|EDQUOT|EFBIG/i.test(String(cause))
  if (!isFull) return toRescindError(cause, 'ERR_STORE_FAILED')
  const detail = 'the disk of the Store has no room: make some'
  return new RescindError('ERR_STORE_FULL', detail, { cause })
}
