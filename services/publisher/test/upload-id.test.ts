import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UploadIds } from '../src/upload-id.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('the id of a line follows from key, begin and line, and is a UUIDv8 that sorts by time and line', () => {
  const ids = UploadIds.of('k', undefined, 1_769_860_800_400)
  const all = [1, 2, 10, 255, 256, 65_536, 2 ** 32 - 1].map((line) => ids.of(line))
  for (const id of all) assert.match(id, UUID)
  assert.deepEqual([...all].sort(), all)
  assert.equal(new Set(all).size, all.length)
  assert.ok(UploadIds.of('k', undefined, 1_769_860_800_401).of(1) > (all.at(-1) as string))
})

test('whoever knows one id of an upload makes the others', () => {
  const first = UploadIds.of('k', undefined, 1_769_860_800_400)
  const again = UploadIds.of('k', first.of(7), 1_800_000_000_000)
  assert.equal(again.of(123_456), first.of(123_456))
  assert.notEqual(UploadIds.of('l', first.of(7), 0).of(1), first.of(1), 'another key, another upload')
  assert.notEqual(UploadIds.random(5).of(1), UploadIds.random(5).of(1))
})
