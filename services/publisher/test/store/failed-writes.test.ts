import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Database, OpenDatabase } from '../../src/store/database.ts'
import { openLevel } from '../../src/store/level-database.ts'
import { until } from '../until.ts'
import { allOf, frame, group, idsOf, opened, revocation, temporaryFolder, waitingIn } from './harness.ts'

/** LevelDB as it is, until it is told to fail. */
class Faults {
  /** What the next write says. */
  nextWrite: Error | undefined
  /** The write that fails reaches the disk nevertheless, as one does whose fsync fails. */
  reachesDisk = false
  nextOpening: Error | undefined
  openings = 0

  readonly open: OpenDatabase = async (folder) => {
    this.openings += 1
    const refusal = this.nextOpening
    if (refusal) throw refusal
    const database = await openLevel(folder)
    const failing: Database = {
      write: async (operations, durably) => {
        const error = this.nextWrite
        if (error === undefined || this.reachesDisk) await database.write(operations, durably)
        this.nextWrite = undefined
        if (error) throw error
      },
      getMany: async (keys) => await database.getMany(keys),
      getNow: (key) => database.getNow(key),
      entries: (range) => database.entries(range),
      close: async () => await database.close(),
    }
    return failing
  }
}

const FULL = new Error('IO error: /x/000003.log: No space left on device')

for (const reachesDisk of [false, true]) {
  const which = reachesDisk ? 'that reached the disk' : 'that did not reach the disk'
  test(`of a failed write ${which} nothing is there, now and after a restart, and the next is taken`, async (t) => {
    const dir = await temporaryFolder(t)
    const faults = new Faults()
    const { store } = await opened(t, dir, faults.open)
    await store.write({ keep: [group(1, [revocation('a')])] }, { sync: true })
    await store.write({ frame: frame('e', 1, [revocation('b')]) }, { sync: false })
    Object.assign(faults, { nextWrite: FULL, reachesDisk })
    const failed = store.write({ frame: frame('e', 2, [revocation('b'), revocation('c')]), done: [1] }, { sync: true })
    const behind = store.write({ keep: [group(2, [revocation('d')])] }, { sync: true })
    await assert.rejects(failed, { code: 'ERR_STORE_FULL' })
    await behind
    assert.equal(store.frameIdAt('e', 2), undefined)
    assert.deepEqual(
      (await allOf(store.live(0))).map(({ location }) => location.seq),
      [1],
    )
    assert.equal((await waitingIn(store)).length, 2)
    await store.close()
    const again = await opened(t, dir)
    assert.equal(again.store.setAside, undefined)
    assert.deepEqual(
      (await waitingIn(again.store)).map(({ order }) => order),
      [1, 2],
    )
    assert.deepEqual(await idsOf(again.store.live(0)), ['b'])
  })
}

test('while the database cannot be opened again everything is refused; then it goes on by itself', async (t) => {
  const dir = await temporaryFolder(t)
  const faults = new Faults()
  const { store } = await opened(t, dir, faults.open)
  await store.write({ frame: frame('e', 1, [revocation('a')]) }, { sync: true })
  const before = faults.openings
  Object.assign(faults, { nextWrite: new Error('IO error: broken'), reachesDisk: true, nextOpening: FULL })
  await assert.rejects(store.write({ keep: [group(1, [revocation('x')])] }, { sync: true }), {
    code: 'ERR_STORE_FAILED',
    detail: /broken/,
  })
  await assert.rejects(store.write({ keep: [group(2, [revocation('y')])] }, { sync: true }), {
    code: 'ERR_STORE_FAILED',
  })
  assert.throws(() => store.frameIdAt('e', 1), { code: 'ERR_STORE_FAILED' })
  await assert.rejects(store.byId('a'), { code: 'ERR_STORE_FAILED' })
  await assert.rejects(allOf(store.live(0)), { code: 'ERR_STORE_FAILED' })

  // Whoever opens it now, after a power cut say, finds nothing of it: the file was cut, which needs no room.
  await until('a second attempt', () => faults.openings >= before + 2)
  faults.nextOpening = undefined
  await until('it is open again', () =>
    store.byId('a').then(
      (found) => found.length === 1,
      () => false,
    ),
  )
  await store.write({ keep: [group(3, [revocation('z')])] }, { sync: true })
  await store.close()
  const again = await opened(t, dir)
  assert.deepEqual(
    (await waitingIn(again.store)).map(({ order }) => order),
    [3],
  )
})

test('a Store whose database never came back after a failed write holds nothing of it', async (t) => {
  const dir = await temporaryFolder(t)
  const faults = new Faults()
  const { store } = await opened(t, dir, faults.open)
  await store.write({ keep: [group(1, [revocation('a')])] }, { sync: true })
  Object.assign(faults, { nextWrite: FULL, reachesDisk: true, nextOpening: FULL })
  await assert.rejects(store.write({ keep: [group(2, [revocation('b')])] }, { sync: true }), { code: 'ERR_STORE_FULL' })
  await store.close()
  const again = await opened(t, dir)
  assert.deepEqual(
    (await waitingIn(again.store)).map(({ order }) => order),
    [1],
  )
})

const CHILD = fileURLToPath(new URL('full-disk-child.ts', import.meta.url))

test('R16: a file system that takes no more is ERR_STORE_FULL, and nothing that was acknowledged is lost', async (t) => {
  const dir = await temporaryFolder(t)
  // Blocks of 1,024 bytes: no file may grow beyond 200 KB, which the system answers like a full disk, with EFBIG.
  const command = 'ulimit -f 200; exec "$0" --conditions=@rescind/source --import tsx "$1" "$2"'
  const child = spawn('bash', ['-c', command, process.execPath, CHILD, dir], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await exited
  assert.equal(code, 0, errors)
  const told = JSON.parse(said) as { acknowledged: number[]; refused: [number, string][] }
  assert.ok(told.acknowledged.length > 5)
  assert.ok(told.refused.length > 0, 'the disk was never full')
  for (const [, refusal] of told.refused) assert.equal(refusal, 'ERR_STORE_FULL')
  const { store } = await opened(t, dir)
  assert.equal(store.setAside, undefined)
  assert.deepEqual(
    (await waitingIn(store)).map(({ order }) => order),
    told.acknowledged,
  )
})
