import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrame, type Fact, limits, type Revocation } from '@rescind/protocol'
import {
  answerRecorded,
  FRAME_OVERHEAD_BYTES,
  foundGroup,
  type Group,
  groupOf,
  mergeable,
  merged,
  type PlannedFact,
  remainder,
  type Submission,
  sizeOfSubmission,
  waitingOf,
} from '../src/group.ts'
import { FRAME, lift, revocation, submission } from './planned.ts'

const given = { order: 1, atMs: 5_000, recordedAtMs: 4_000, provisional: true, sinceMs: 1 }

function groups(...batches: readonly Submission[][]): Group[] {
  return batches.map((batch, index) => groupOf(batch, { ...given, order: index + 1, atMs: given.atMs + index }))
}

const ids = (facts: readonly Fact[]) => facts.map((fact) => (fact as Revocation).id)

test('a group is the facts of its submissions in order, and knows whose they are, which are fixed, and their requests', () => {
  const first = submission([revocation('a'), revocation('b', { fixed: true })], { request: true })
  const second = submission([revocation('c')])
  const third = submission([revocation('d', { fixed: true })], { request: true })
  const group = groupOf([first, second, third], given)
  assert.deepEqual(ids(group.facts), ['a', 'b', 'c', 'd'])
  assert.deepEqual(new Set(group.facts.map(({ atMs }) => atMs)), new Set([5_000]))
  assert.deepEqual(group.fixed, [1, 3])
  assert.deepEqual(
    group.requests.map(({ from, count }) => [from, count]),
    [
      [0, 2],
      [3, 1],
    ],
  )
  assert.deepEqual(
    group.owners.map((owner) => [owner.submission, owner.index]),
    [
      [first, 0],
      [first, 1],
      [second, 0],
      [third, 0],
    ],
  )
  assert.match(group.frameId, /^[0-9a-f]{32}$/)
  assert.deepEqual(foundGroup(waitingOf(group)).facts, group.facts)
  const kept = ['facts', 'fixed', 'frameId', 'order', 'recordedAtMs', 'requests']
  assert.deepEqual(Object.keys(waitingOf(group)).sort(), kept, 'all that goes to the disk')
})

test('R10, R13: merged facts get one new time; expiries that hang on it move with it, and never to sooner', () => {
  const all = groups(
    [submission([revocation('a'), revocation('b', { fixed: true })], { request: true })],
    [submission([revocation('c')], { request: true })],
  )
  const later = merged(all, 9_000)
  assert.deepEqual(ids(later.facts), ['a', 'b', 'c'])
  assert.deepEqual(
    later.facts.map((fact) => [fact.atMs, (fact as Revocation).expiresAtMs]),
    [
      [9_000, 5_000 + 1_000 + 4_000],
      [9_000, 5_000 + 1_000],
      [9_000, 5_001 + 1_000 + 3_999],
    ],
  )
  assert.deepEqual([later.frameId, later.order, later.provisional], [all[0]?.frameId, 1, false])
  assert.deepEqual(later.fixed, [1])
  assert.deepEqual(
    later.requests.map(({ from, count }) => [from, count]),
    [
      [0, 2],
      [2, 1],
    ],
  )
  encodeFrame({ ...FRAME, facts: later.facts, requests: later.requests })
  const sooner = merged(all, 1_000)
  assert.deepEqual(
    sooner.facts.map((fact) => (fact as Revocation).expiresAtMs),
    [6_000, 6_000, 6_001],
    'a clock that was set back shortens nothing',
  )
})

test('R12: what is merged is of one kind, fits into one frame, has no time that counts, and was never sent', () => {
  const one = (name: string) => [submission([revocation(name)])]
  const [a, b, c] = groups(one('a'), one('b'), one('c')) as [Group, Group, Group]
  const [l] = groups([submission([lift('l')], { kind: 'lift' })]) as [Group]
  assert.deepEqual(mergeable([a, b, c]), [a, b, c])
  assert.deepEqual(mergeable([a, l, b]), [a])
  assert.deepEqual(mergeable([a, { ...b, provisional: false }, c]), [a])
  assert.deepEqual(mergeable([{ ...a, provisional: false }, b]).length, 2, 'the first itself was outrun')
  assert.deepEqual(mergeable([a, { ...b, sent: true }, c]), [a])
  const sent = { ...a, sent: true }
  assert.deepEqual(mergeable([sent, b, c]), [sent], 'the log may know its frame: as it is, and no other')
  const large = () => [submission(Array.from({ length: 80 }, (_, n) => revocation(`${n}`, { sub: 'x'.repeat(1_000) })))]
  const most = mergeable(groups(large(), large(), large(), large()))
  assert.equal(most.length, 2)
  assert.ok(encodeFrame({ ...FRAME, facts: merged(most, 1).facts }).byteLength <= limits.MAX_FRAME_BYTES)
  const many = () => [submission(Array.from({ length: 600 }, (_, n) => revocation(`${n}`)))]
  const few = mergeable(groups(many(), many(), many(), many(), many(), many(), many(), many()))
  assert.ok(few.length * 600 <= limits.MAX_FACTS_PER_FRAME)
  assert.ok(encodeFrame({ ...FRAME, facts: merged(few, 1).facts }).byteLength <= limits.MAX_FRAME_BYTES)
})

test('R10: what goes again has the same facts and owners, a frame of its own, and no requests: those are in the log', () => {
  const group = groupOf(
    [submission([revocation('a'), revocation('b', { fixed: true })], { request: true }), submission([revocation('c')])],
    given,
  )
  const again = remainder({ ...group, sent: true }, [1, 2], new Set())
  assert.deepEqual(ids(again.facts), ['b', 'c'])
  assert.deepEqual(again.fixed, [0])
  assert.deepEqual(again.owners, group.owners.slice(1))
  assert.deepEqual([again.requests, again.provisional, again.sent, again.order], [[], true, false, 1])
  assert.notEqual(again.frameId, group.frameId)
  assert.deepEqual(remainder(foundGroup(waitingOf(group)), [0], new Set()).owners, [])
})

test('who is told that it is recorded can rely on it; the patient are not told', async () => {
  const told: string[] = []
  const group = groupOf(
    [
      submission([revocation('a')], { resolve: ({ state }) => void told.push(`a ${state}`) }),
      submission([revocation('b')], { patient: true, resolve: () => void told.push('b') }),
    ],
    given,
  )
  answerRecorded(group)
  assert.deepEqual([told, group.answered], [['a recorded'], true])
})

test('a submission that fits to the last byte is taken, one byte more is refused', () => {
  let taken = 0
  let refused = 0
  const built = (planned: PlannedFact[]) => planned.map(({ build }) => build(limits.MAX_TIME_MS - 1_000))
  const each = sizeOfSubmission(built([revocation('1000')]), false)
  const few = Math.floor((limits.MAX_FRAME_BYTES - FRAME_OVERHEAD_BYTES - 700) / each) - 1
  for (let last = 1; last <= 1_000; last += 37) {
    const most = Array.from({ length: few }, (_, n) => revocation(`${1_000 + n}`))
    const facts = built([...most, revocation('last', { sub: 'x'.repeat(last) })])
    try {
      sizeOfSubmission(facts, true)
      taken += 1
      const request = { key: '0'.repeat(32), body: '0'.repeat(32), from: 0, count: facts.length }
      encodeFrame({ ...FRAME, facts, requests: [request] })
    } catch (error) {
      assert.equal((error as { code: string }).code, 'ERR_FRAME_TOO_LARGE')
      refused += 1
    }
  }
  assert.ok(taken > 0 && refused > 0, `${taken} taken, ${refused} refused: this is not the edge`)
  const tooMany = Array.from({ length: limits.MAX_FACTS_PER_FRAME + 1 }, () => revocation('a').build(1))
  assert.throws(() => sizeOfSubmission(tooMany, false), { code: 'ERR_FRAME_TOO_LARGE' })
})
