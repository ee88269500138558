import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readLevelManifest } from './level-manifest.ts'
import { readLevelRecords } from './level-records.ts'
import { damageInTable } from './level-table.ts'

/** What the files of a database look like before LevelDB opens it: it mends in silence what we must hear of. */
export type LevelFiles =
  /** Nothing was ever written there, or a process died while it made it. */
  { readonly kind: 'none' } | { readonly kind: 'whole' } | { readonly kind: 'damaged'; readonly why: string }

/**
 * Looks at the files of a LevelDB database that nobody has open: every file that must be there is, tables have their
 * sizes, logs can be read up to their end. A torn end of a log is what a stopped process leaves: that is no damage.
 */
export async function lookAtLevelFiles(folder: string): Promise<LevelFiles> {
  const names = await namesIn(folder)
  const why = await damageOf(folder, names)
  if (why !== undefined) return { kind: 'damaged', why }
  return { kind: names.includes('CURRENT') ? 'whole' : 'none' }
}

async function damageOf(folder: string, names: readonly string[]): Promise<string | undefined> {
  const logs = names.filter((name) => /^\d+\.log$/.test(name))
  if (!names.includes('CURRENT')) {
    const sizes = await Promise.all(logs.map(async (name) => (await stat(join(folder, name))).size))
    const isUsed = names.some((name) => /\.(ldb|sst)$/.test(name)) || sizes.some((size) => size > 0)
    return isUsed ? 'CURRENT is missing' : undefined
  }
  const current = (await readFile(join(folder, 'CURRENT'), 'latin1')).trim()
  if (!/^MANIFEST-\d+$/.test(current)) return 'CURRENT names no MANIFEST'
  if (!names.includes(current)) return `${current} is missing`
  const { records, end } = readLevelRecords(await readFile(join(folder, current)))
  const manifest = end === 'corrupt' ? undefined : readLevelManifest(records.map(({ payload }) => payload))
  if (manifest === undefined || records.length === 0) return `${current} is corrupt`

  for (const [table, size] of manifest.tables) {
    const name = names.find((candidate) => /\.(ldb|sst)$/.test(candidate) && numberOf(candidate) === table)
    if (name === undefined) return `table ${table} is missing`
    const file = await readFile(join(folder, name))
    const damage = file.length === size ? damageInTable(file) : 'it does not have its size'
    if (damage !== undefined) return `${name} is corrupt: ${damage}`
  }
  if (manifest.logNumber !== 0 && !logs.some((name) => numberOf(name) === manifest.logNumber)) {
    return `log ${manifest.logNumber} is missing`
  }
  for (const name of logs.filter((candidate) => numberOf(candidate) >= manifest.logNumber)) {
    if (readLevelRecords(await readFile(join(folder, name))).end === 'corrupt') return `${name} is corrupt`
  }
  return undefined
}

/**
 * Cuts a write off the end of the newest log of a database that nobody has open, if its last record holds `mark`.
 * This needs no room on the disk, which opening the database does.
 */
export async function cutLastWrite(folder: string, mark: Buffer): Promise<void> {
  const logs = (await namesIn(folder)).filter((name) => /^\d+\.log$/.test(name))
  for (const name of logs) {
    const path = join(folder, name)
    const last = readLevelRecords(await readFile(path)).records.at(-1)
    if (last?.payload.includes(mark)) await cutAt(path, last.from)
  }
}

async function cutAt(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10)
}
