import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Act, Answer, History } from '../oracle/history.ts'
import { figuresOf, propagations, spreadOf } from './figures.ts'
import { plot } from './plot.ts'
import { reportOf } from './table.ts'

const watched: Act = {
  kind: 'revocation',
  match: { jti: 't0' },
  mode: 'block',
  sentMs: 1_000,
  answeredMs: 1_006,
  outcome: 'acknowledged',
  cursor: { epoch: 'e', seq: 5, frameId: 'f' },
  atMs: 5_000,
  watchedOn: 0,
}
const answer = (sentMs: number, status: number, more: Partial<Answer> = {}): Answer => {
  return { run: 0, token: 0, sentMs, receivedMs: sentMs + 2, status, ...more }
}

function history(more: Partial<History> = {}): History {
  return {
    staleAfterMs: 15_000,
    tokens: [{ claims: { sub: 'ann', jti: 't0' }, iat: 1_800_000_000 }],
    acts: [watched],
    runs: [
      { replica: 'api-1', why: 'started <first> & "only"', startedMs: 0, listensMs: 100 },
      { replica: 'api-2', why: 'scaled up', startedMs: 0, listensMs: 100 },
    ],
    faults: [],
    answers: [answer(990, 200), answer(1_001, 200), answer(1_004, 401), answer(1_020, 401)],
    statuses: [{ run: 0, sentMs: 300, receivedMs: 302, state: 'live', lagMs: 5 }],
    ...more,
  }
}

test('propagation is from sending, and from the answer, to the first refusal that was received', () => {
  const told = { replica: 'api-1', sentMs: 1_000, fromSending: 6, fromAnswer: 0, sampledWithin: 5, inFault: false }
  assert.deepEqual(propagations(history()), [told])
  const later = [answer(990, 200), answer(1_001, 200), answer(1_010, 401, { receivedMs: 1_016 })]
  assert.deepEqual(propagations(history({ answers: later })), [
    { ...told, fromSending: 16, fromAnswer: 10, sampledWithin: 15 },
  ])
})

test('who was not seen to accept the token before, or was not seen to refuse it, has no figure', () => {
  assert.deepEqual(propagations(history({ answers: [answer(1_004, 401)] })), [])
  assert.deepEqual(propagations(history({ answers: [answer(990, 200), answer(1_004, 200)] })), [])
  const { watchedOn: _, ...unwatched } = watched
  assert.deepEqual(propagations(history({ acts: [unwatched] })), [])
  assert.deepEqual(propagations(history({ acts: [{ ...watched, watchedOn: 1 }] })), [])
  assert.deepEqual(propagations(history({ acts: [{ ...watched, outcome: 'in_doubt' }] })), [])
})

test('what a fault of that replica hindered is counted beside', () => {
  const fault = { name: 'x', kind: 'lossy', beginningMs: 900, begunMs: 901, endingMs: 2_000, endedMs: 2_001 } as const
  const countsWith = (runs: readonly number[]) => {
    const { replicas } = figuresOf(history({ faults: [{ ...fault, runs }] }))
    return replicas.map(({ replica, fromSending, inFaults }) => [replica, fromSending.count, inFaults])
  }
  assert.deepEqual(countsWith([0]), [
    ['api-1', 0, 1],
    ['all', 0, 1],
  ])
  assert.deepEqual(countsWith([1]), [
    ['api-1', 1, 0],
    ['all', 1, 0],
  ])
})

test('percentiles are by nearest rank, and of nothing there are none', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
  assert.deepEqual(spreadOf(hundred), { count: 100, p50: 50, p99: 99, max: 100 })
  assert.deepEqual(spreadOf([7]), { count: 1, p50: 7, p99: 7, max: 7 })
  assert.ok(Number.isNaN(spreadOf([]).p50))
})

const HEAD = { driver: 'processes', ran: 'x', cores: 2, seed: 7, startedMs: 0, tookMs: 3_000, staleAfterMs: 15_000 }

test('the report names the seed, every recovery and what was wrong, with when it was first seen', () => {
  const told = reportOf(HEAD, figuresOf(history()), [])
  for (const part of ['--seed 7', '**Nothing was wrong**', '| api-1', 'scaled up', 'never']) {
    assert.ok(told.includes(part), part)
  }
  const wrong = reportOf(HEAD, figuresOf(history()), [
    { rule: 'stall_hidden', atMs: 2_000, detail: 'api-1: so' },
    { rule: 'digests_differ', atMs: Number.MAX_VALUE, detail: 'x' },
  ])
  assert.match(wrong, /2 violations[\s\S]*`stall_hidden`, 1 times: .* First after 2 s: api-1: so/)
  assert.match(wrong, /`digests_differ`.*First at the end/)
})

test('the drawing is well-formed, and holds what people wrote as text', () => {
  const svg = plot(history(), { startedMs: 0, endedMs: 3_000 })
  assert.match(svg, /^<svg [^>]*viewBox="0 0 960 \d+(\.\d+)?"/)
  assert.doesNotMatch(svg, /<first>|NaN|Infinity|undefined/)
  const open = [...svg.matchAll(/<([a-z]+)[^>]*[^/]>/g)].length
  assert.equal(open, [...svg.matchAll(/<\/[a-z]+>/g)].length)
})
