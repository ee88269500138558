import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, formatRfc3339, RescindError } from '@rescind/protocol'
import type { Logger } from 'pino'
import { IDEMPOTENCY_KEPT_MS } from '../limits.ts'
import type { OpenDatabase } from './database.ts'
import { holdFolder } from './hold-folder.ts'
import { META, waitingKey } from './keys.ts'
import { openLevel } from './level-database.ts'
import { LevelStore } from './level-store.ts'
import { openFacts } from './open-facts.ts'
import { waitingPartKey, waitingParts } from './request-records.ts'
import { NO_SALVAGE, type Salvage, salvage } from './salvage.ts'
import { seal } from './sealed.ts'
import { ShapeCounts } from './shape-counts.ts'
import type { Store } from './store.ts'
import { STORE_FORMAT } from './survey.ts'
import { NO_TOTALS, replaced } from './totals.ts'
import { waitingRow } from './waiting-records.ts'
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
  const { dir, requestsKeptMs = IDEMPOTENCY_KEPT_MS } = options
  const hold = await holdFolder(dir).catch((error: unknown) => {
    throw failureOf(error)
  })
  try {
    const folder = join(dir, 'facts')
    await finishSettingAside(folder)
    let shapes = new ShapeCounts()
    let found = await openFacts(folder, openDatabase, (fact) => shapes.count(fact, true))
    let setAside: string | undefined
    if (found.kind !== 'whole') {
      if (found.kind === 'damaged') setAside = await replaceDamaged(folder, found.why, options, openDatabase)
      else await make(folder, NO_SALVAGE, openDatabase)
      await flushFolder(dir)
      shapes = new ShapeCounts()
      found = await openFacts(folder, openDatabase, (fact) => shapes.count(fact, true))
    }
    if (found.kind !== 'whole')
      throw new RescindError('ERR_STORE_FAILED', `${folder}: what was just written is not there`)
    const { database, seen } = found
    return new LevelStore({
      ...options,
      requestsKeptMs,
      folder,
      hold,
      openDatabase,
      database,
      shapes,
      survey: seen,
      setAside,
    })
  } catch (error) {
    await hold.release()
    throw failureOf(error)
  }
}

/**
 * Puts a new Store in the place of a damaged one, which gets another name within the same folder: that folder may be a
 * volume, which has no name to change. The new one is whole before the old one goes.
 */
async function replaceDamaged(
  folder: string,
  why: string,
  { clock, logger }: StoreOptions,
  openDatabase: OpenDatabase,
): Promise<string> {
  const setAside = await freeName(folder, clock.now())
  const salvaged = await salvage(folder, `${folder}.copy`, openDatabase).catch((error: unknown) => {
    logger.error({ err: failureOf(error), setAside }, 'what waited for the log in the damaged Store cannot be read')
    return NO_SALVAGE
  })
  const next = nextOf(folder)
  await rm(next, { recursive: true, force: true })
  await make(next, salvaged, openDatabase)
  const groups = salvaged.waiting.length
  logger.error({ setAside, why, groups }, 'the Store is torn or corrupt: it is set aside, and built anew from the log')
  await rename(folder, setAside)
  await rename(next, folder)
  return setAside
}

/** A process that died between the two renamings left the new Store without its name. */
async function finishSettingAside(folder: string): Promise<void> {
  if ((await exists(nextOf(folder))) && !(await exists(folder))) await rename(nextOf(folder), folder)
}

function nextOf(folder: string): string {
  return `${folder}.next`
}

/** Makes a new Store, with its format and its id, and what was salvaged of the one before, on disk. */
async function make(folder: string, { id: oldId, waiting }: Salvage, openDatabase: OpenDatabase): Promise<void> {
  const id = oldId ?? randomBytes(8).toString('hex')
  const records: (readonly [Buffer, unknown])[] = [[META, [STORE_FORMAT, id]]]
  for (const group of waiting) {
    records.push([waitingKey(group.order), waitingRow(group)])
    for (const { key, row } of waitingParts(group)) records.push([waitingPartKey(key, group.order), row])
  }
  const operations = records.map(([key, json]) => ({ key, value: seal(key, json) }))
  const database = await openDatabase(folder)
  try {
    await database.write([...operations, totalsOperation(replaced(NO_TOTALS, [], operations))], true)
  } finally {
    await database.close()
  }
}

/** A name beside a folder that says when it was set aside, and that nothing has yet. */
async function freeName(folder: string, nowMs: number): Promise<string> {
  const time = formatRfc3339(nowMs).replace(/[-:]/g, '').replace(/\.\d+/, '')
  for (let number = 1; ; number += 1) {
    const name = `${folder}.set-aside-${time}${number === 1 ? '' : `-${number}`}`
    if (!(await exists(name))) return name
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
