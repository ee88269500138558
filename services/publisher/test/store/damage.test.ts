import assert from 'node:assert/strict'
import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { readLevelRecords } from '../../src/store/level-records.ts'
import type { Waiting } from '../../src/store/store.ts'
import {
  allOf,
  frame,
  group,
  type OpenedStore,
  opened,
  revocation,
  START_MS,
  temporaryFolder,
  waitingIn,
} from './harness.ts'

const FACTS = 3_000

/** A Store with facts in tables, and one group that waits in the newest log; closed. */
async function closedStore(t: TestContext): Promise<{ dir: string; facts: string; id: string }> {
  const dir = await temporaryFolder(t)
  const facts = join(dir, 'facts')
  const { store } = await opened(t, dir)
  for (let seq = 1; seq <= FACTS / 500; seq += 1) {
    const some = Array.from({ length: 500 }, (_, at) => revocation(`${seq}-${at}`, { atMs: START_MS + seq }))
    await store.write({ frame: frame('e', seq, some) }, { sync: false })
  }
  await store.close()
  const level = new ClassicLevel(facts)
  await level.compactRange('', '\uffff')
  await level.close()
  const again = await opened(t, dir)
  for (let order = 1; order <= 50; order += 1) {
    await again.store.write({ keep: [group(order, [revocation(`waits ${order}`)])] }, { sync: true })
  }
  await again.store.close()
  return { dir, facts, id: store.id }
}

async function filesOf(folder: string, ending: RegExp): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => ending.test(name)).sort()
  assert.ok(names.length > 0, `no file ${ending} in ${folder}`)
  return names.map((name) => join(folder, name))
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  assert.ok(at >= 0 && at < bytes.length)
  bytes[at] = (bytes[at] as number) ^ 0x10
  await writeFile(path, bytes)
}

/** The Store was set aside as it was, is named in the log, and a new one works, with what waited. */
async function assertSetAside(
  t: TestContext,
  dir: string,
  files: readonly string[],
): Promise<OpenedStore & { readonly waiting: readonly Waiting[] }> {
  const found = await opened(t, dir)
  const { store, lines } = found
  const aside = store.setAside
  assert.ok(aside, 'the damage was not found')
  assert.equal(dirname(aside), dir)
  assert.match(basename(aside), /^facts\.set-aside-20260101T000000Z$/)
  const error = lines.find(({ level, setAside }) => level === 50 && setAside === aside)
  assert.ok(error, 'no error names it')
  for (const path of files) {
    // LevelDB's own logs become tables if it opened the files before the damage showed.
    if (/\.(ldb)$/.test(path)) assert.ok(await stat(join(aside, basename(path))), `${path} is gone`)
  }
  assert.deepEqual(await allOf(store.live(0)), [])
  assert.equal(store.found.cursor, undefined)
  await store.write({ frame: frame('e', 1, [revocation('new')]) }, { sync: true })
  const waiting = await waitingIn(store)
  await store.close()
  const next = await opened(t, dir)
  assert.equal(next.store.setAside, undefined)
  assert.equal((await allOf(next.store.live(0))).length, 1)
  await next.store.close()
  return { ...found, waiting }
}

test('a flipped byte in a table is found, wherever it is, and the Store set aside', async (t) => {
  const { dir, facts } = await closedStore(t)
  const [table = ''] = await filesOf(facts, /\.ldb$/)
  const whole = await readFile(table)
  // Of a table, LevelDB itself looks at the checksum of no block.
  for (const part of [0.02, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98]) {
    await flip(table, Math.floor(whole.length * part))
    const { store, waiting } = await assertSetAside(t, dir, await filesOf(facts, /\.ldb$/))
    assert.equal(waiting.length, 50, `at ${part}`)
    await rm(facts, { recursive: true })
    await rename(store.setAside as string, facts)
    await writeFile(table, whole)
  }
  const { store } = await opened(t, dir)
  assert.equal(store.setAside, undefined)
  assert.equal((await allOf(store.live(0))).length, FACTS)
})

test('a flipped byte in a log is found unless it is in the last record, and what came after it waits on', async (t) => {
  const { dir, facts, id } = await closedStore(t)
  const [log = ''] = await filesOf(facts, /\.log$/)
  const { records, end } = readLevelRecords(await readFile(log))
  assert.deepEqual([records.length, end], [50, 'whole'])
  // The payload, the length and the checksum of the record in the middle.
  const at = records[24]?.from as number
  await flip(log, at + 20)
  await flip(log, at + 4)
  const { store, waiting } = await assertSetAside(t, dir, [])
  assert.equal(store.id, id)
  // LevelDB's own mending passes over the rest of a block; the groups that it can read are there.
  assert.ok(waiting.length >= 24)
  assert.deepEqual(waiting[0], group(1, [revocation('waits 1')]))
  assert.deepEqual(await readFile(join(store.setAside as string, basename(log))).then(({ length }) => length > 0), true)
})

test('a torn end of a log is no damage: what was whole before it is there', async (t) => {
  const { dir, facts } = await closedStore(t)
  const [log = ''] = await filesOf(facts, /\.log$/)
  const { records } = readLevelRecords(await readFile(log))
  const last = records.at(-1)
  assert.ok(last)
  const whole = await readFile(log)
  const tails = [
    whole.subarray(0, last.to - 1),
    whole.subarray(0, last.from + 3),
    Buffer.concat([whole.subarray(0, last.from), Buffer.alloc(last.to - last.from)]),
    Buffer.concat([whole.subarray(0, last.from + 30), Buffer.alloc(5_000)]),
  ]
  for (const tail of tails) {
    const kept = join(await temporaryFolder(t), 'copy')
    await cp(dir, kept, { recursive: true })
    await writeFile(join(kept, 'facts', basename(log)), tail)
    const { store } = await opened(t, kept)
    assert.equal(store.setAside, undefined)
    assert.equal((await waitingIn(store)).length, 49)
    assert.equal((await allOf(store.live(0))).length, FACTS)
    await store.close()
  }
})

const MISSING: readonly [string, RegExp][] = [
  ['the MANIFEST', /^MANIFEST/],
  ['CURRENT', /^CURRENT$/],
  ['a table', /\.ldb$/],
  ['the log', /\.log$/],
]

for (const [what, pattern] of MISSING) {
  test(`a Store without ${what} is set aside`, async (t) => {
    const { dir, facts } = await closedStore(t)
    const [path = ''] = await filesOf(facts, pattern)
    await rm(path)
    const { waiting } = await assertSetAside(t, dir, [])
    assert.equal(waiting.length, what === 'the log' ? 0 : 50)
  })
}

const CUT: readonly [string, RegExp, number][] = [
  ['a table', /\.ldb$/, 0.5],
  ['a table of nothing', /\.ldb$/, 0],
  ['CURRENT', /^CURRENT$/, 0],
  ['the MANIFEST', /^MANIFEST/, 0.3],
]

for (const [what, pattern, part] of CUT) {
  test(`a Store with ${what} cut off at ${part} is set aside`, async (t) => {
    const { dir, facts } = await closedStore(t)
    const [path = ''] = await filesOf(facts, pattern)
    await truncate(path, Math.floor((await stat(path)).size * part))
    const { waiting } = await assertSetAside(t, dir, [])
    assert.equal(waiting.length, 50)
  })
}

test('a record that vanished is found by the totals', async (t) => {
  const { dir, facts } = await closedStore(t)
  const change = async (edit: (level: ClassicLevel<Buffer, Buffer>) => Promise<void>) => {
    const level = new ClassicLevel<Buffer, Buffer>(facts, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
    await edit(level)
    await level.close()
    const { store } = await opened(t, dir)
    assert.ok(store.setAside)
    await store.close()
    await rm(facts, { recursive: true })
    await rename(store.setAside, facts)
  }
  await change(async (level) => {
    const [key] = await level.keys({ gte: Buffer.from('F'), lt: Buffer.from('G'), limit: 1 }).all()
    await level.del(key as Buffer)
  })
})

test('a Store that is set aside twice in a second gets two names; one that was cut short in it is finished', async (t) => {
  const { dir, facts } = await closedStore(t)
  const names: (string | undefined)[] = []
  for (let round = 0; round < 2; round += 1) {
    const [path = ''] = await filesOf(facts, /^MANIFEST/)
    await truncate(path, 5)
    const { store } = await opened(t, dir)
    names.push(basename(store.setAside ?? ''))
    assert.equal((await waitingIn(store)).length, 50)
    await store.close()
  }
  assert.deepEqual(names, ['facts.set-aside-20260101T000000Z', 'facts.set-aside-20260101T000000Z-2'])
  // As a process leaves it that died between the two renamings.
  await rename(facts, join(dir, 'facts.next'))
  const { store } = await opened(t, dir)
  assert.deepEqual([store.setAside, (await waitingIn(store)).length], [undefined, 50])
})

test('what a process leaves that died while it made the Store is made anew', async (t) => {
  const dir = await temporaryFolder(t)
  const level = new ClassicLevel(join(dir, 'facts'))
  await level.open()
  await level.close()
  const { store, lines } = await opened(t, dir)
  assert.equal(store.setAside, undefined)
  assert.deepEqual(lines, [])
  await store.write({ keep: [group(1, [revocation('a')])] }, { sync: true })
})

test('what waits on after the Store was set aside is still known by its request', async (t) => {
  const { dir, facts } = await closedStore(t)
  const { store } = await opened(t, dir)
  const requests = [{ key: 'k', body: 'b', from: 0, count: 1 }]
  await store.write({ keep: [{ ...group(51, [revocation('asked for')]), requests }] }, { sync: true })
  const known = await store.request('k')
  assert.deepEqual(known?.ids, ['asked for'])
  await store.close()
  const [path = ''] = await filesOf(facts, /^CURRENT$/)
  await rm(path)
  const again = await opened(t, dir)
  assert.ok(again.store.setAside)
  assert.deepEqual(await again.store.request('k'), known)
  await again.store.write({ done: [51] }, { sync: true })
  assert.equal(await again.store.request('k'), undefined)
  await again.store.close()
  assert.equal((await opened(t, dir)).store.setAside, undefined)
})
