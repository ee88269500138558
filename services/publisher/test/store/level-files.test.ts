import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { crc32c } from '../../src/store/crc32c.ts'
import { readLevelManifest } from '../../src/store/level-manifest.ts'
import { readLevelRecords } from '../../src/store/level-records.ts'
import { damageInTable } from '../../src/store/level-table.ts'
import { temporaryFolder } from './harness.ts'

test('CRC-32C gives the vectors of RFC 3720 B.4, from any offset', () => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, at) => at))
  const vectors: [Buffer, number][] = [
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ]
  for (const [bytes, crc] of vectors) {
    assert.equal(crc32c(bytes, 0, bytes.length), crc)
    assert.equal(crc32c(Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('d')]), 3, 3 + bytes.length), crc)
  }
})

test('every file that LevelDB writes is read as whole, packed or not, and every flipped bit of a table shows', async (t) => {
  for (const compression of [true, false]) {
    const folder = await temporaryFolder(t)
    const level = new ClassicLevel(folder, { compression, writeBufferSize: 64 * 1024 })
    await level.open()
    // The records of one batch that is larger than two blocks, and many that end near the ends of blocks.
    await level.batch(
      Array.from({ length: 100 }, (_, at) => ({ type: 'put', key: `big ${at}`, value: 'v'.repeat(800) })),
    )
    for (let at = 0; at < 300; at += 1) await level.put(`key ${at}`, `${at * 7_919}`.repeat(at % 20))
    await level.compactRange('', '\uffff')
    await level.put('last', 'x')
    await level.close()
    const names = await readdir(folder)
    const [table, log, manifest] = await Promise.all(
      [/\.ldb$/, /\.log$/, /^MANIFEST/].map(async (pattern) => {
        const name = names
          .filter((candidate) => pattern.test(candidate))
          .sort()
          .at(-1)
        return await readFile(join(folder, name ?? 'none'))
      }),
    )
    assert.ok(table && log && manifest)
    assert.equal(readLevelRecords(log).end, 'whole')
    const { records, end } = readLevelRecords(manifest)
    assert.equal(end, 'whole')
    const read = readLevelManifest(records.map(({ payload }) => payload))
    assert.ok(read && read.logNumber > 0)
    assert.ok([...read.tables.values()].includes(table.length))
    assert.equal(damageInTable(table), undefined)
    // Behind the footer's two handles are zeros that mean nothing.
    for (let at = 0; at < table.length - 48; at += 1 + Math.floor(table.length / 997)) {
      const flipped = Buffer.from(table)
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      assert.ok(damageInTable(flipped) !== undefined, `byte ${at} of ${table.length}`)
    }
    assert.ok(damageInTable(table.subarray(1)))
    assert.ok(damageInTable(Buffer.alloc(10)))
  }
})
