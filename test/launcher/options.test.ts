import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'
import { terminalOn } from './terminal.ts'

test('options are read, and a mistaken one is named', () => {
  const none = { once: false, memory: false, compose: false, cluster: false }
  assert.deepEqual(readOptions([]), none)
  assert.deepEqual(readOptions(['--', '--memory', '--once']), { ...none, once: true, memory: true })
  assert.deepEqual(readOptions(['--compose', '--cluster']), { ...none, compose: true, cluster: true })
  assert.deepEqual(readOptions(['--compose', '--memory']), { mistake: '--memory and --compose exclude each other' })
  assert.deepEqual(readOptions(['--cluster']), { mistake: '--cluster belongs to --compose' })
  assert.equal(readOptions(['--once', '--help']), 'help')
  assert.deepEqual(readOptions(['--once', 'twice']), { mistake: 'unknown option twice' })
})

test('colours only on a terminal, and not against NO_COLOR', () => {
  const red = (isTTY: boolean, env: NodeJS.ProcessEnv) => terminalOn({ write: () => {}, isTTY }, env).red('x')
  assert.equal(red(true, {}), '\u001b[31mx\u001b[39m')
  assert.equal(red(false, {}), 'x')
  assert.equal(red(true, { NO_COLOR: '1' }), 'x')
  assert.equal(red(true, { NO_COLOR: '' }), '\u001b[31mx\u001b[39m')
  assert.equal(red(true, { TERM: 'dumb' }), 'x')
})
