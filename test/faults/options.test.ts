import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HELP, PARTS, readOptions } from './options.ts'
import { POINTS } from './parts/crash-loop.ts'

test('options are read, in any order', () => {
  assert.deepEqual(readOptions([]), { hits: 250, points: POINTS, parts: PARTS, short: false })
  assert.deepEqual(readOptions(['--', '--short', '--seed', '7']), {
    hits: 3,
    points: POINTS,
    parts: PARTS,
    short: true,
    seed: 7,
  })
  const point = { hits: 9, points: ['both', 'broker'], parts: ['crash'], short: false }
  assert.deepEqual(readOptions(['--point', 'both', '--hits', '9', '--point', 'broker']), point)
  const parts = { hits: 250, points: POINTS, parts: ['fsync', 'outage'], short: false }
  assert.deepEqual(readOptions(['--part', 'outage', '--part', 'fsync']), parts)
  for (const help of ['--help', '-h']) assert.equal(readOptions(['--short', help]), 'help')
})

test('what makes no sense is named', () => {
  const mistakes = [
    [['--fast'], /unknown option --fast/],
    [['--hits'], /--hits wants a whole number from 1 to/],
    [['--hits', '0'], /from 1 to/],
    [['--seed', '-1'], /--seed wants a whole number from 0 to 4294967295/],
    [['--point', 'disk'], /--point wants one of recording, recorded/],
    [['--part'], /--part wants one of crash/],
  ] as const
  for (const [argv, mistake] of mistakes) {
    const read = readOptions(argv)
    assert.ok(typeof read === 'object' && 'mistake' in read, argv.join(' '))
    assert.match(read.mistake, mistake)
  }
})

test('the help names every option, point and part', () => {
  for (const word of ['--hits', '--point', '--part', '--short', '--seed', '--help', ...POINTS, ...PARTS]) {
    assert.ok(HELP.includes(word), word)
  }
})
