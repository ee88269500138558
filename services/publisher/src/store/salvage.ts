import { cp, rm } from 'node:fs/promises'
import type { Database, OpenDatabase } from './database.ts'
import { keyOf, META } from './keys.ts'
import { repairLevel } from './level-database.ts'
import { unsealIfWhole } from './sealed.ts'
import type { Waiting } from './store.ts'
import { waitingOf } from './waiting-records.ts'
import { slices, under } from './walk.ts'

/** What no log holds, out of a Store that was set aside. */
export interface Salvage {
  readonly id: string | undefined
  readonly waiting: readonly Waiting[]
}

/** Nothing was there, or nothing could be read. */
export const NO_SALVAGE: Salvage = { id: undefined, waiting: [] }

/**
 * Reads what waited in a damaged Store, as far as its checksums are right: it was promised to somebody, and the log does
 * not have it. Works on a copy, since mending changes files.
 *
 * @param scratch where the copy is made, and removed again.
 */
export async function salvage(damaged: string, scratch: string, openDatabase: OpenDatabase): Promise<Salvage> {
  try {
    await rm(scratch, { recursive: true, force: true })
    await cp(damaged, scratch, { recursive: true })
    await repairLevel(scratch)
    const database = await openDatabase(scratch)
    try {
      return await salvageFrom(database)
    } finally {
      await database.close()
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function salvageFrom(database: Database): Promise<Salvage> {
  const waiting: Waiting[] = []
  for await (const slice of slices(database, under(keyOf('waiting')))) {
    for (const [key, value] of slice) {
      const json = unsealIfWhole(key, value)
      if (json !== undefined) waiting.push(waitingOf(json))
    }
  }
  const [meta] = await database.getMany([META])
  const id = meta && (unsealIfWhole(META, meta) as [number, string] | undefined)?.[1]
  return { id, waiting }
}
