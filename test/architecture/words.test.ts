import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, linesOf } from './finding.ts'
import { errorCodes } from './rules/errors.ts'
import { foreignWords } from './rules/words.ts'
import { source, sourceTree, textFiles } from './source-tree.ts'

test('no text and no name holds a word that is not ours', () => {
  assertNone('One name for each thing.', foreignWords(textFiles('.ts', '.md', '.json', '.yaml', '.yml'), sourceTree()))
})

test('every error code is documented and thrown somewhere', () => {
  assertNone('The union of error codes is closed, and true.', errorCodes(sourceTree()))
})

test('the rule finds foreign words in texts', () => {
  const text = 'a denylist\nThe Blacklist\na black-list\nblock lists are live\nwhitelisted\n// TODO later'
  assert.deepEqual(linesOf(foreignWords([{ path: 'README.md', text }], [])), [2, 3, 5, 6])
})

test('the rule finds foreign words in declared names only', () => {
  const text = [
    `const syncState = 1`,
    `function killToken() {}`,
    `interface Consumers {}`,
    `class A { #tokenCache = 1 }`,
    `type B = { lastSync: number }`,
    `readFileSync(path) // sync`,
    `child.kill()`,
    `const synchronous = 'a consumer'`,
  ].join('\n')
  assert.deepEqual(linesOf(foreignWords([], [source('packages/denylist/src/a.ts', text)])), [1, 2, 3, 4, 5])
  assert.deepEqual(linesOf(foreignWords([], [source('packages/verifier/src/a.ts', text)])), [1, 2, 3, 5])
  assert.deepEqual(linesOf(foreignWords([], [source('test/launcher/a.ts', text)])), [])
})

test('the rule finds error codes without a docstring or a thrower', () => {
  const union = `export type ErrorCode =\n  /** Said. */\n  | 'ERR_A'\n  | 'ERR_B'\n  /** Said. */\n  | 'ERR_C'\n`
  const errors = source('packages/protocol/src/errors.ts', union)
  const thrower = source(
    'packages/log/src/a.ts',
    `throw new RescindError('ERR_A', '')\nthrow new RescindError('ERR_B', '')`,
  )
  assert.deepEqual(linesOf(errorCodes([errors, thrower])), [4, 6])
  const testsDoNotCount = source('packages/log/test/a.ts', `'ERR_C'`)
  assert.deepEqual(linesOf(errorCodes([errors, thrower, testsDoNotCount])), [4, 6])
})
