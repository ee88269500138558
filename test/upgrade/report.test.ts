import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Row, tableOf, verdictOf } from './report.ts'

const HELD: Row = {
  order: 'publishers first',
  step: 'publisher-1 becomes new',
  publishers: ['new', 'old'],
  replicas: ['old', 'old', 'old'],
  readyMs: 1_234.5,
  acknowledged: 8,
  slowestMs: 12.4,
  answers: 300,
  unknown: 0,
  problems: [],
}
const { readyMs: _never, ...rest } = HELD
const FAILED: Row = { ...rest, step: 'api-1 becomes new', unknown: 2, problems: ['api-1 is not ready', 'b', 'c', 'd'] }

test('a table for each order, and what was wrong below', () => {
  assert.deepEqual(tableOf([HELD, FAILED]).split('\n').slice(4), [
    '| publisher-1 becomes new | new old | old old old | 1235 ms | 8 | 12 ms | 300 | 0 | held |',
    '| api-1 becomes new | new old | old old old |  | 8 | 12 ms | 300 | 2 | FAILED |',
    '',
    '- publishers first, api-1 becomes new: api-1 is not ready',
    '- publishers first, api-1 becomes new: b',
    '- publishers first, api-1 becomes new: and 2 more',
  ])
})

test('it held if every step did, and there was one', () => {
  assert.deepEqual(verdictOf([HELD, HELD]), { held: true, text: '2 of 2 steps held.' })
  assert.deepEqual(verdictOf([HELD, FAILED]), { held: false, text: '1 of 2 steps held.' })
  assert.equal(verdictOf([]).held, false)
})
