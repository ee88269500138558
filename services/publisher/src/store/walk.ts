import { STORE_SLICE } from '../limits.ts'
import type { Database, Entries, Range } from './database.ts'
import { storedFactOf } from './fact-codec.ts'
import { ADDRESS_BYTES, endOf, keyOf } from './keys.ts'
import { unseal } from './sealed.ts'
import type { StoredFact } from './store.ts'
import { failureOf } from './writer.ts'

/** One entry of the database. */
export type Entry = readonly [key: Buffer, value: Buffer]

/** Walks over a range in slices of at most `size` entries, as it stood when the walk began. */
export async function* slices(database: Database, range: Range, size = STORE_SLICE): AsyncGenerator<readonly Entry[]> {
  let entries: Entries | undefined
  try {
    entries = database.entries(range)
    for (;;) {
      const slice = await entries.next(size)
      if (slice.length === 0) return
      yield slice
    }
  } catch (error) {
    throw failureOf(error)
  } finally {
    await entries?.close()
  }
}

/** Everything under a prefix. */
export function under(prefix: Buffer): Range {
  return { gte: prefix, lt: endOf(prefix) }
}

/** All facts in the order of their `at`, in slices. */
export async function* allFacts(database: Database): AsyncGenerator<readonly StoredFact[]> {
  for await (const slice of slices(database, under(keyOf('fact')))) {
    yield slice.map(([key, value]) => storedFactOf(unseal(key, value)))
  }
}

/** The address that an index entry or a fact's own key ends with. */
export function addressIn(key: Buffer): Buffer {
  return key.subarray(key.length - ADDRESS_BYTES)
}
