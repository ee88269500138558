import type { Fact } from '@rescind/protocol'
import type { Database } from './database.ts'
import { storedFactOf } from './fact-codec.ts'
import { META, NEWEST, RECORDS, TOTALS } from './keys.ts'
import { unsealIfWhole } from './sealed.ts'
import type { Found, Waiting } from './store.ts'
import { sumWith, type Totals } from './totals.ts'
import { waitingOf } from './waiting-records.ts'
import { slices } from './walk.ts'

/** Version of the records; a Store of a newer one is refused. */
export const STORE_FORMAT = 1

/** What a look at every record of a Store found. */
export interface Survey {
  /** Undefined if nothing was ever written, or if the record itself is unreadable. */
  readonly meta: { readonly format: number; readonly id: string } | undefined
  readonly found: Found
  readonly totals: Totals
  /** What is wrong with the records, if anything is. */
  readonly damage: string | undefined
}

const [FACT, WAITING] = ['F'.charCodeAt(0), 'W'.charCodeAt(0)]

/**
 * Reads every record once: each against its own checksum, and all of them against the totals that were written with the
 * last change.
 *
 * @param onFact told of each fact.
 */
export async function survey(database: Database, onFact: (fact: Fact) => void): Promise<Survey> {
  const surveyor = new Surveyor(onFact)
  for (const range of RECORDS) {
    for await (const slice of slices(database, range)) for (const [key, value] of slice) surveyor.see(key, value)
  }
  return surveyor.result()
}

class Surveyor {
  readonly #onFact: (fact: Fact) => void
  #waitingFacts = 0
  #oldestRecordedAtMs: number | undefined
  #lastOrder = 0
  readonly #single = new Map<string, unknown>()
  #count = 0
  #sum = 0
  #largestAtMs = 0
  #damage: string | undefined

  constructor(onFact: (fact: Fact) => void) {
    this.#onFact = onFact
  }

  see(key: Buffer, value: Buffer): void {
    const letter = key[0] as number
    if (!key.equals(TOTALS)) {
      this.#count += 1
      this.#sum = sumWith(this.#sum, value)
    }
    const json = unsealIfWhole(key, value)
    if (json === undefined) this.#damage ??= `the record ${key.toString('hex')} does not have its checksum`
    else if (letter === FACT) this.#seeFact(storedFactOf(json).fact)
    else if (letter === WAITING) this.#seeWaiting(waitingOf(json))
    else if (key.length === 1) this.#single.set(key.toString('latin1'), json)
  }

  result(): Survey {
    const meta = this.#one(META) as [number, string] | undefined
    const newest = this.#one(NEWEST) as [string, number, string] | undefined
    const written = this.#one(TOTALS) as [number, number, number] | undefined
    const totals = { change: written?.[0] ?? 0, count: this.#count, sum: this.#sum }
    return {
      meta: meta && { format: meta[0], id: meta[1] },
      found: {
        waitingFacts: this.#waitingFacts,
        oldestRecordedAtMs: this.#oldestRecordedAtMs,
        lastOrder: this.#lastOrder,
        cursor: newest && { epoch: newest[0], seq: newest[1], frameId: newest[2] },
        largestAtMs: this.#largestAtMs,
      },
      totals,
      damage: this.#damage ?? damageOf(totals, written),
    }
  }

  #seeFact(fact: Fact): void {
    this.#largestAtMs = Math.max(this.#largestAtMs, fact.atMs)
    this.#onFact(fact)
  }

  #seeWaiting({ order, facts, recordedAtMs }: Waiting): void {
    this.#waitingFacts += facts.length
    this.#oldestRecordedAtMs ??= recordedAtMs
    this.#lastOrder = Math.max(this.#lastOrder, order)
  }

  #one(key: Buffer): unknown {
    return this.#single.get(key.toString('latin1'))
  }
}

function damageOf(counted: Totals, written: [number, number, number] | undefined): string | undefined {
  if (written === undefined) return counted.count === 0 ? undefined : 'the totals are missing'
  const [, count, sum] = written
  if (count !== counted.count) return `${counted.count} records where ${count} were written`
  return sum === counted.sum ? undefined : 'the records are others than were written'
}
