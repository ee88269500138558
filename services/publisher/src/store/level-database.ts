import { setImmediate as breath } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { MAX_STORE_FILES, STORE_BREATH_EVERY, STORE_PAGES_BYTES, STORE_READ_AHEAD_BYTES } from '../limits.ts'
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
    const batch = this.#level.batch()
    try {
      for (const [at, { key, value }] of operations.entries()) {
        if (at > 0 && at % STORE_BREATH_EVERY === 0) await breath()
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      }
    } catch (error) {
      await batch.close()
      throw error
    }
    await batch.write({ sync: durably })
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
