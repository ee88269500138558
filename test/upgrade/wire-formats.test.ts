import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { REPOSITORY } from '../launcher/run-folder.ts'
import { wireFormatsIn } from './wire-formats.ts'

const SPEC = readFileSync(join(REPOSITORY, 'packages/protocol/SPEC.md'), 'utf8')

test('the formats of frame and snapshot are found where SPEC.md states them', () => {
  const formats = wireFormatsIn(SPEC)
  for (const part of ['RSCN', 'RSNP', 'imageSha256', '"facts":[', 'issuedBeforeMs']) {
    assert.ok(formats.includes(part), part)
  }
})

test('another field is another format, other prose and other padding are not', () => {
  const formats = wireFormatsIn(SPEC)
  assert.equal(wireFormatsIn(SPEC.replace('Lengths in UTF-16 code units:', 'Lengths:')), formats)
  assert.equal(wireFormatsIn(SPEC.replaceAll('   |', '      |').replaceAll('--- |', '----- |')), formats)
  assert.notEqual(wireFormatsIn(SPEC.replace('`takenAtMs`', '`takenMs`')), formats)
  assert.notEqual(wireFormatsIn(SPEC.replace('{"publisher":"p1"', '{"by":"p1"')), formats)
})
