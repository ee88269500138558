import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, linesOf } from './finding.ts'
import { clockReads } from './rules/clock.ts'
import { docstrings, doors } from './rules/exports.ts'
import { manners } from './rules/manners.ts'
import { fileSizes, MAX_LINES } from './rules/size.ts'
import { source, sourceTree } from './source-tree.ts'

test('only clock.ts reads the machine’s clocks', () => {
  assertNone('Time comes from a Clock.', clockReads(sourceTree()))
})

test('every exported name has a docstring', () => {
  assertNone('Every exported name says what it means.', docstrings(sourceTree()))
})

test('index.ts holds named exports only, and nothing is a default export', () => {
  assertNone('index.ts is the door.', doors(sourceTree()))
})

test('no file is too long', () => {
  assertNone('One concept, one file.', fileSizes(sourceTree()))
})

test('packages are guests: they print nothing, read no environment and leave the process alone', () => {
  assertNone('A package takes options and a Logger.', manners(sourceTree()))
})

test('the rule finds every way of reading the clock', () => {
  const text = [
    'const a = Date.now()',
    'const b = new Date()',
    'const c = performance.now()',
    'const d = process.hrtime.bigint()',
    'const e = Date()',
    'const f = globalThis.performance.now()',
    'const g = [Date.now]',
    'const fine = [new Date(0), Date.parse("x"), clock.now(), "Date.now()"] // Date.now()',
  ].join('\n')
  assert.deepEqual(linesOf(clockReads([source('packages/log/src/a.ts', text)])), [1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(linesOf(clockReads([source('services/publisher/src/a.ts', text)])).length, 7)
  assert.deepEqual(linesOf(clockReads([source('packages/protocol/src/clock.ts', text)])), [])
  assert.deepEqual(linesOf(clockReads([source('test/launcher/a.ts', text)])), [])
})

test('the rule finds exported names without a docstring', () => {
  const text = [
    'export const a = 1',
    '/** Says what it is. */ export const b = 2',
    'export function c() {}',
    '// Not a docstring.\nexport class D {}',
    'export interface E {}',
    '/** */\nexport type F = 1',
    'const inside = 1',
    'const g = 1\nexport { g }',
    'export { h } from "./h.ts"',
    '/** First. */\nexport function i(a: string): void\nexport function i(a: number): void',
  ].join('\n')
  assert.deepEqual(linesOf(docstrings([source('packages/log/src/a.ts', text)])), [1, 3, 5, 6, 8, 10])
  assert.deepEqual(linesOf(docstrings([source('packages/log/test/a.ts', text)])), [])
})

test('the rule finds doors that hold something, export * and default exports', () => {
  const door = `export { a } from './a.ts'\nexport * as b from './b.ts'\nexport type { C } from './c.ts'\n`
  const find = (path: string, text: string) => linesOf(doors([source(path, text)]))
  assert.deepEqual(find('packages/log/src/index.ts', door), [])
  assert.deepEqual(find('packages/log/src/index.ts', `${door}export const d = 1\nimport './e.ts'`), [4, 5])
  assert.deepEqual(find('packages/log/src/index.ts', `${door}export * from './d.ts'`), [4])
  assert.deepEqual(find('packages/log/src/a.ts', 'const a = 1\nexport default a'), [2])
  assert.deepEqual(find('packages/log/src/a.ts', 'export default function a() {}'), [1])
})

test('the rule finds a file that is too long', () => {
  const text = 'a\n'.repeat(MAX_LINES)
  assert.deepEqual(fileSizes([{ path: 'a.ts', text }]), [])
  assert.equal(fileSizes([{ path: 'a.ts', text: `${text}b\n` }]).length, 1)
})

test('the rule finds bad manners', () => {
  const text = `console.log('a')\nprocess.env.HOME\nprocess.exit(1)\nprocess.on('exit', stop)\nprocess.nextTick(stop)`
  assert.deepEqual(linesOf(manners([source('packages/log/src/a.ts', text)])), [1, 2, 3, 4])
  assert.deepEqual(linesOf(manners([source('services/publisher/src/a.ts', text)])), [1])
})
