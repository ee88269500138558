import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, linesOf } from './finding.ts'
import { emptyTests } from './rules/assertions.ts'
import { leftOutTests } from './rules/left-out-tests.ts'
import { sleeps } from './rules/sleeps.ts'
import { source, sourceTree } from './source-tree.ts'

const PATH = 'packages/log/test/a.test.ts'

test('no test is left out', () => {
  assertNone('Every test runs.', leftOutTests(sourceTree()))
})

test('no test sleeps to wait', () => {
  assertNone('A test waits for what happens, never for time to pass.', sleeps(sourceTree()))
})

test('every test asserts something', () => {
  assertNone('A test that asserts nothing proves nothing.', emptyTests(sourceTree()))
})

test('the rule finds tests that are left out', () => {
  const text = [
    `test.only('a', () => {})`,
    `it.skip('b', () => {})`,
    `describe.todo('c')`,
    `test('d', { skip: true }, () => {})`,
    `test('e', { only: true }, () => {})`,
    `t.skip('f')`,
    `test('g', { timeout: 5 }, () => { list.skip(1) })`,
    `const h = { skip: 1 }`,
  ].join('\n')
  assert.deepEqual(linesOf(leftOutTests([source(PATH, text)])), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(linesOf(leftOutTests([source('packages/log/src/a.ts', text)])), [])
})

test('the rule finds sleeps, and lets polls and deadlines be', () => {
  const text = [
    `import { setTimeout as pause } from 'node:timers/promises'`,
    `await pause(5)`,
    `await new Promise((resolve) => setTimeout(resolve, 5))`,
    `await new Promise((done) => { setTimeout(() => done(1), 5) })`,
    `Atomics.wait(view, 0, 0, 5)`,
    `while (!seen()) await pause(5)`,
    `for (;;) { await new Promise((resolve) => setTimeout(resolve, 5)) }`,
    `await new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 5))`,
    `while (busy()) each(async () => { await pause(5) })`,
    `setTimeout(() => server.close(), 5)`,
  ].join('\n')
  assert.deepEqual(linesOf(sleeps([source(PATH, text)])), [2, 3, 4, 5, 9])
  assert.deepEqual(linesOf(sleeps([source('test/end-to-end/until.ts', text)])), [2, 3, 4, 5, 9])
  assert.deepEqual(linesOf(sleeps([source('test/launcher/main.ts', text)])), [])
})

test('the rule finds tests that assert nothing', () => {
  const text = [
    `import { run } from '../src/run.ts'`,
    `import { follow } from './harness.ts'`,
    `function check(x: number) { assert.equal(x, 1) }`,
    `const look = () => check(1)`,
    `test('a', () => { run() })`,
    `test('b', async () => {})`,
    `test('c', () => { assert.ok(run()) })`,
    `test('d', () => check(run()))`,
    `test('e', () => look())`,
    `test('f', () => follow(run))`,
    `test('g', () => fc.assert(run()))`,
  ].join('\n')
  assert.deepEqual(linesOf(emptyTests([source(PATH, text)])), [5, 6])
})
