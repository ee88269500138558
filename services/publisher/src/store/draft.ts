import { RescindError } from '@rescind/protocol'
import type { Database, Operation } from './database.ts'
import { NOTHING, sealText, unseal } from './sealed.ts'

interface Entry {
  readonly key: Buffer
  readonly before: Buffer | undefined
  after: Buffer | undefined
}

/**
 * One write while it is put together: what stands under the keys it touches, and what will. What stood is kept, so that
 * the write can be counted, and undone if it fails half-way.
 */
export class Draft {
  readonly #database: Database
  readonly #entries = new Map<string, Entry>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Reads what stands under keys that are not known yet. */
  async load(keys: readonly Buffer[]): Promise<void> {
    const unknown = new Map<string, Buffer>()
    for (const key of keys) {
      const name = nameOf(key)
      if (!this.#entries.has(name)) unknown.set(name, key)
    }
    if (unknown.size === 0) return
    const wanted = [...unknown.values()]
    const values = await this.#database.getMany(wanted)
    wanted.forEach((key, at) => {
      const value = values[at]
      this.#entries.set(nameOf(key), { key, before: value, after: value })
    })
  }

  /** Takes it that nothing stands under keys that are not known yet: whoever says so knows why. They need not be loaded. */
  assumeAbsent(keys: readonly Buffer[]): void {
    for (const key of keys) {
      const name = nameOf(key)
      if (!this.#entries.has(name)) this.#entries.set(name, { key, before: undefined, after: undefined })
    }
  }

  /** The JSON under a key that was loaded, as this write leaves it. */
  get(key: Buffer): unknown {
    const { after } = this.#entryOf(key)
    return after && unseal(key, after)
  }

  /** Puts JSON under a key that was loaded. */
  put(key: Buffer, json: unknown): void {
    this.putText(key, JSON.stringify(json))
  }

  /** The same of JSON that is text already. */
  putText(key: Buffer, text: string): void {
    this.#entryOf(key).after = sealText(key, text)
  }

  /** Deletes a key that was loaded. */
  remove(key: Buffer): void {
    this.#entryOf(key).after = undefined
  }

  /** Adds an index entry that stands nowhere yet, or one that this write took away. */
  addIndex(key: Buffer): void {
    const known = this.#entries.get(nameOf(key))
    if (known) known.after = NOTHING
    else this.#entries.set(nameOf(key), { key, before: undefined, after: NOTHING })
  }

  /** Takes away an index entry that stands there, or that this write added. */
  removeIndex(key: Buffer): void {
    const known = this.#entries.get(nameOf(key))
    if (known) known.after = undefined
    else this.#entries.set(nameOf(key), { key, before: NOTHING, after: undefined })
  }

  /** What changes, and what stood there. */
  finish(): { readonly before: readonly Operation[]; readonly after: readonly Operation[] } {
    const before: Operation[] = []
    const after: Operation[] = []
    for (const entry of this.#entries.values()) {
      if (entry.before === entry.after || (entry.before && entry.after?.equals(entry.before))) continue
      before.push({ key: entry.key, value: entry.before })
      after.push({ key: entry.key, value: entry.after })
    }
    return { before, after }
  }

  #entryOf(key: Buffer): Entry {
    const entry = this.#entries.get(nameOf(key))
    if (entry === undefined) throw new RescindError('ERR_STORE_FAILED', 'a record was not read before it was written')
    return entry
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1')
}
