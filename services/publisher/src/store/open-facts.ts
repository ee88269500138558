import { type Fact, RescindError } from '@rescind/protocol'
import type { Database, OpenDatabase } from './database.ts'
import { META } from './keys.ts'
import { lookAtLevelFiles } from './level-files.ts'
import { unsealIfWhole } from './sealed.ts'
import { STORE_FORMAT, type Survey, survey } from './survey.ts'

/** What stands in the folder of a Store's facts. */
export type Opened =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly database: Database; readonly seen: Survey }
  | { readonly kind: 'damaged'; readonly why: string }

/**
 * Opens the database in a folder that this process holds, and reads all of it. What is damaged is not opened, or is closed
 * again. `ERR_STORE_FAILED` for a newer format.
 */
export async function openFacts(
  folder: string,
  openDatabase: OpenDatabase,
  onFact: (fact: Fact) => void,
): Promise<Opened> {
  const files = await lookAtLevelFiles(folder)
  if (files.kind !== 'whole') return files
  let database: Database | undefined
  try {
    database = await openDatabase(folder)
    await refuseNewer(database)
    const seen = await survey(database, onFact)
    const why = seen.damage ?? (seen.meta || seen.totals.count === 0 ? undefined : 'its first record is missing')
    if (why === undefined && seen.meta) return { kind: 'whole', database, seen }
    await database.close()
    // A process that died while it made the Store leaves a database without any record.
    return why === undefined ? { kind: 'none' } : { kind: 'damaged', why }
  } catch (error) {
    await database?.close()
    const why = corruptionIn(error)
    if (why === undefined) throw error
    return { kind: 'damaged', why }
  }
}

async function refuseNewer(database: Database): Promise<void> {
  const [value] = await database.getMany([META])
  const meta = value && unsealIfWhole(META, value)
  const format = Array.isArray(meta) ? meta[0] : undefined
  if (typeof format !== 'number' || format <= STORE_FORMAT) return
  const detail = `the Store has format ${format}, this publisher reads ${STORE_FORMAT}: start the newer version again`
  throw new RescindError('ERR_STORE_FAILED', detail)
}

/** LevelDB's own words, if what it says is that the files are not as it wrote them. */
function corruptionIn(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'LEVEL_CORRUPTION' || /corrupt|no such file|does not exist/i.test(message)) return message
  }
  return undefined
}
