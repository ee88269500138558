import { randomBytes } from 'node:crypto'
import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, formatRfc3339 } from '@rescind/protocol'
import type { Logger } from 'pino'
import { IDEMPOTENCY_KEPT_MS } from '../limits.ts'
import type { Database, OpenDatabase } from './database.ts'
import { holdFolder } from './hold-folder.ts'
import { META } from './keys.ts'
import { openLevel } from './level-database.ts'
import { LevelStore } from './level-store.ts'
import { openFacts } from './open-facts.ts'
import { seal } from './sealed.ts'
import { ShapeCounts } from './shape-counts.ts'
import type { Store } from './store.ts'
import { STORE_FORMAT, type Survey } from './survey.ts'
import { NO_TOTALS, replaced } from './totals.ts'
import { failureOf, totalsOperation } from './writer.ts'

/** What {@link openStore} needs. */
export interface StoreOptions {
  /** Folder of the Store; made if it is not there. One process at a time has it open. */
  readonly dir: string
  readonly clock: Clock
  readonly logger: Logger
  /** How long a fact is kept after it has expired. */
  readonly retainMs: number
  /** How long the audit record goes back. */
  readonly auditKeptMs: number
  /** How long requests are known by their idempotency keys; default `IDEMPOTENCY_KEPT_MS`. */
  readonly requestsKeptMs?: number
}

/**
 * Opens the Store in a folder, or makes one there. One that is torn or corrupt is set aside, whole, beside the new one,
 * and an error is logged that names it; the log has what was in it.
 *
 * `ERR_STORE_FAILED` if another process has it open, if the folder is not writable, or if the Store is of a newer format;
 * `ERR_STORE_FULL` if the disk has no room.
 *
 * @param openDatabase for tests: opens the database in a folder.
 */
export async function openStore(options: StoreOptions, openDatabase: OpenDatabase = openLevel): Promise<Store> {
  const { dir, clock, logger, requestsKeptMs = IDEMPOTENCY_KEPT_MS } = options
  const hold = await holdFolder(dir)
  try {
    const folder = join(dir, 'facts')
    const shapes = new ShapeCounts()
    const found = await openFacts(folder, openDatabase, (fact) => shapes.count(fact, true))
    const common = { ...options, requestsKeptMs, folder, hold, openDatabase }
    if (found.kind === 'whole') {
      return new LevelStore({ ...common, database: found.database, shapes, survey: found.seen, setAside: undefined })
    }
    const setAside = found.kind === 'damaged' ? await moveAside(folder, clock.now()) : undefined
    if (found.kind === 'damaged') {
      logger.error({ setAside, why: found.why }, 'the Store is torn or corrupt: it was set aside, and begins anew')
    }
    const database = await openDatabase(folder)
    const seen = await begin(database)
    await flushFolder(dir)
    return new LevelStore({ ...common, database, shapes: new ShapeCounts(), survey: seen, setAside })
  } catch (error) {
    await hold.release()
    throw failureOf(error)
  }
}

/** Gives a new Store its format and its id, on disk. */
async function begin(database: Database): Promise<Survey> {
  const id = randomBytes(8).toString('hex')
  const meta = { key: META, value: seal(META, [STORE_FORMAT, id]) }
  const totals = replaced(NO_TOTALS, [], [meta])
  await database.write([meta, totalsOperation(totals)], true)
  return {
    meta: { format: STORE_FORMAT, id },
    found: { waitingFacts: 0, oldestRecordedAtMs: undefined, lastOrder: 0, cursor: undefined, largestAtMs: 0 },
    totals,
    damage: undefined,
  }
}

/** Renames a folder within its own: the Store's folder may be a volume, which has no name to change. */
async function moveAside(folder: string, nowMs: number): Promise<string> {
  const time = formatRfc3339(nowMs).replace(/[-:]/g, '').replace(/\.\d+/, '')
  for (let number = 1; ; number += 1) {
    const aside = `${folder}.set-aside-${time}${number === 1 ? '' : `-${number}`}`
    if (await exists(aside)) continue
    await rename(folder, aside)
    return aside
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/** A name that was given or taken away is on disk only after its folder. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
