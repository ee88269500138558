import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

test('the old version may be named, or left to the rule', () => {
  assert.deepEqual(readOptions([]), {})
  assert.deepEqual(readOptions(['--', '--from', 'v1.2.3']), { from: 'v1.2.3' })
  assert.equal(readOptions(['--help']), 'help')
})

test('a mistake is told, and nothing reaches git as an option', () => {
  assert.deepEqual(readOptions(['--form', 'v1']), { mistake: 'unknown option --form' })
  for (const argv of [['--from'], ['--from', ''], ['--from', '--output=x']]) {
    assert.deepEqual(readOptions(argv), { mistake: '--from needs a tag, branch or commit' })
  }
})
