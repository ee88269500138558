import { ClassicLevel } from 'classic-level'
import { MAX_STORE_FILES, STORE_PAGES_BYTES, STORE_READ_AHEAD_BYTES } from '../limits.ts'
import type { Database, Entries, Operation, Range } from './database.ts'

/** Opens LevelDB in a folder, or makes a database there. Its own errors come out as they are. */
export async function openLevel(folder: string): Promise<Database> {
  const level = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await level.open({ maxOpenFiles: MAX_STORE_FILES, cacheSize: STORE_PAGES_BYTES })
  return new LevelDatabase(level)
}

/** Makes what it can of the files of a database that cannot be opened. It moves and rewrites them. */
export async function repairLevel(folder: string): Promise<void> {
  await ClassicLevel.repair(folder)
}

class LevelDatabase implements Database {
  readonly #level: ClassicLevel<Buffer, Buffer>

  constructor(level: ClassicLevel<Buffer, Buffer>) {
    this.#level = level
  }

  async write(operations: readonly Operation[], durably: boolean): Promise<void> {
    const batch = operations.map(({ key, value }) =>
      value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
    )
    await this.#level.batch(batch, { sync: durably })
  }

  async getMany(keys: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    return await this.#level.getMany(keys as Buffer[])
  }

  getNow(key: Buffer): Buffer | undefined {
    return this.#level.getSync(key)
  }

  entries({ gte, lt, reverse = false }: Range): Entries {
    const iterator = this.#level.iterator({ gte, lt, reverse, highWaterMarkBytes: STORE_READ_AHEAD_BYTES })
    return {
      next: async (size) => await iterator.nextv(size),
      close: async () => await iterator.close(),
    }
  }

  async close(): Promise<void> {
    await this.#level.close()
  }
}
