import { cp, rm } from 'node:fs/promises'
import type { Database, OpenDatabase } from './database.ts'
import { keyOf, META, SENDING } from './keys.ts'
import { repairLevel } from './level-database.ts'
import { unsealIfWhole } from './sealed.ts'
import type { Sending, Waiting } from './store.ts'
import { sendingOf, waitingOf } from './waiting-records.ts'
import { slices, under } from './walk.ts'

/** What no log holds, out of a Store that was set aside. */
export interface Salvage {
  readonly id: string | undefined
  readonly waiting: readonly Waiting[]
  readonly sending: Sending | undefined
}

/** Nothing was there, or nothing could be read. */
export const NO_SALVAGE: Salvage = { id: undefined, waiting: [], sending: undefined }

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
  const [meta, sent] = await database.getMany([META, SENDING])
  const id = meta && (unsealIfWhole(META, meta) as [number, string] | undefined)?.[1]
  const json = sent && unsealIfWhole(SENDING, sent)
  const sending = json === undefined ? undefined : sendingOf(json)
  // The frame can be made again only of all its groups, and only under the same id of the Store.
  const orders = new Set(waiting.map(({ order }) => order))
  const isWhole = sending && id !== undefined && rangeOf(sending).every((order) => orders.has(order))
  return { id, waiting, sending: isWhole ? sending : undefined }
}

function rangeOf({ from, to }: Sending): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at)
}
