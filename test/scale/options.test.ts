import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELP, readOptions } from './options.ts'

test('options are read, in any order', () => {
  assert.deepEqual(readOptions([]), { size: 'full', compose: false })
  assert.deepEqual(readOptions(['--', '--short', '--seed', '7']), { size: 'short', compose: false, seed: 7 })
  assert.deepEqual(readOptions(['--minutes', '10', '--compose']), { size: 'full', compose: true, minutes: 10 })
  for (const help of ['--help', '-h']) assert.equal(readOptions(['--short', help]), 'help')
})

test('what makes no sense is named', () => {
  const mistakes = [
    [['--fast'], /unknown option --fast/],
    [['--minutes'], /--minutes wants a whole number from 1 to 30/],
    [['--minutes', '0'], /from 1 to 30/],
    [['--minutes', '31'], /from 1 to 30/],
    [['--seed', '-1'], /--seed wants a whole number from 0 to 4294967295/],
    [['--seed', '1.5'], /whole number/],
    [['--short', '--minutes', '3'], /not both/],
  ] as const
  for (const [argv, mistake] of mistakes) {
    const read = readOptions(argv)
    assert.ok(typeof read === 'object' && 'mistake' in read, argv.join(' '))
    assert.match(read.mistake, mistake)
  }
})

test('the help names every option', () => {
  for (const option of ['--short', '--minutes', '--compose', '--seed', '--help'])
    assert.ok(HELP.includes(option), option)
})
