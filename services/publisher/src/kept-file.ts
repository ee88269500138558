import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What stands in a file, and whether this call put it there. */
export interface KeptFile {
  readonly content: string
  readonly isNew: boolean
}

/** The content of a file, without space around it; undefined if there is no such file. */
export async function readKept(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Writes a file that only its owner may read (0600, its folder 0700), unless there is one: that one is kept, also if it
 * appears in between. Whole or not at all: the content is on disk before it gets its name.
 */
export async function writeUnlessKept(path: string, content: string): Promise<KeptFile> {
  const kept = await readKept(path)
  if (kept !== undefined) return { content: kept, isNew: false }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(beside, 'wx', 0o600)
  try {
    await file.writeFile(`${content}\n`)
    await file.sync()
    await link(beside, path)
    return { content, isNew: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { content: (await readKept(path)) ?? '', isNew: false }
  } finally {
    await file.close()
    await unlink(beside)
  }
}
