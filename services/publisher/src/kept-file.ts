import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What stands in a file, and whether this call put it there. */
export interface KeptFile {
  readonly content: string
  readonly isNew: boolean
}

/** The content of a file, without space around it; undefined if there is no such file. */
export async function readKept(path: string): Promise<string | undefined> {
  return (await unlessAbsent(readFile(path, 'utf8')))?.trim()
}

/**
 * Writes a file that only its owner may read (0600, its folder 0700), unless there is one: that one is kept, also if it
 * appears in between. Whole or not at all: the content is on disk before it gets its name, and the name before this
 * resolves.
 */
export async function writeUnlessKept(path: string, content: string): Promise<KeptFile> {
  const kept = await readKept(path)
  if (kept !== undefined) return { content: kept, isNew: false }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFlushed(beside, content)
    await link(beside, path)
    await flushFolder(dirname(path))
    return { content, isNew: true }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another run that starts just now took ours for a leftover.
    if (code === 'ENOENT') return await writeUnlessKept(path, content)
    const other = code === 'EEXIST' ? await readKept(path) : undefined
    if (other === undefined) throw error
    await flushFolder(dirname(path))
    return { content: other, isNew: false }
  } finally {
    await rm(beside, { force: true })
  }
}

/** Removes the second copies of a file that runs left which were cut short, and tells their paths. */
export async function removeLeftovers(path: string): Promise<readonly string[]> {
  const folder = dirname(path)
  const start = `${basename(path)}.`
  const names = (await unlessAbsent(readdir(folder))) ?? []
  const leftovers = names
    .filter((name) => name.startsWith(start) && /^[0-9a-f]{12}$/.test(name.slice(start.length)))
    .map((name) => join(folder, name))
  for (const leftover of leftovers) await rm(leftover, { force: true })
  return leftovers
}

/** What is wrong with the mode of a file or folder that others than its owner may use, and how to mend it. */
export async function modeMistake(path: string): Promise<string | undefined> {
  const found = await unlessAbsent(stat(path))
  if (found === undefined) return undefined
  const [mode, allowed] = [found.mode & 0o777, found.isDirectory() ? 0o700 : 0o600]
  if ((mode & ~allowed) === 0) return undefined
  const [is, may] = [mode, allowed].map((bits) => bits.toString(8).padStart(4, '0'))
  return `${path}: its mode is ${is}, and nobody but its owner may use it; chmod ${may} '${path}'`
}

async function writeFlushed(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${content}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
