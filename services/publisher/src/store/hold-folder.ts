import { access, constants, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RescindError } from '@rescind/protocol'
import { ClassicLevel } from 'classic-level'

/** A folder that no other process has open. */
export interface Hold {
  release(): Promise<void>
}

/**
 * Takes a folder for this process, until the process ends or releases it. Node has no file locks, LevelDB has: an empty
 * database stands in `owner` for its lock alone, since the facts have to be looked at before LevelDB opens them.
 */
export async function holdFolder(dir: string): Promise<Hold> {
  await makeFolder(dir)
  const owner = join(dir, 'owner')
  try {
    return await openOwner(owner)
  } catch (error) {
    if (codeOf(error) === 'LEVEL_LOCKED') {
      throw new RescindError('ERR_STORE_FAILED', `${dir}: another publisher has it open`, { cause: error })
    }
    // There is nothing in it that could be lost, and the lock is asked for again.
    await ClassicLevel.destroy(owner)
    return await openOwner(owner)
  }
}

async function openOwner(folder: string): Promise<Hold> {
  const owner = new ClassicLevel(folder)
  await owner.open({ maxOpenFiles: 16, cacheSize: 0, writeBufferSize: 64 * 1024 })
  return { release: async () => await owner.close() }
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    if (!(await stat(dir)).isDirectory()) throw new Error('it is no folder')
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be used'
    throw new RescindError('ERR_STORE_FAILED', `${dir}: the Store needs a folder that it may write: ${why}`, {
      cause: error,
    })
  }
}

/** The code of LevelDB's error, which abstract-level wraps in its own. */
function codeOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: unknown } }
  return cause?.code
}
