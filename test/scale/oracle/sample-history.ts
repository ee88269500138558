import assert from 'node:assert/strict'
import type { Act, Answer, Fault, History, Listed, ReplicaRun, Status } from './history.ts'
import { judge } from './judge.ts'
import type { Violation } from './violation.ts'

/** R19, of all these histories. Milliseconds. */
export const STALE_MS = 15_000
/** When everything has been running for a while. */
export const T = 100_000
/** When the tokens were issued: a NumericDate. */
export const IAT = 1_800_000_000

/** The cursor at a sequence of epoch `e`. */
export const at = (seq: number) => ({ epoch: 'e', seq, frameId: `f${seq}` })
/** Of everything that is for `ann`, acknowledged at {@link T}. */
export const revocation = (more: Partial<Act> = {}): Act => ({
  kind: 'revocation',
  match: { sub: 'ann' },
  mode: 'block',
  sentMs: T - 10,
  answeredMs: T,
  outcome: 'acknowledged',
  cursor: at(5),
  atMs: 5_000,
  ...more,
})
/** Of {@link revocation}, 100 ms later. */
export const lift = (more: Partial<Act> = {}): Act =>
  revocation({ kind: 'lift', sentMs: T + 90, answeredMs: T + 100, cursor: at(6), atMs: 6_000, ...more })
/** The same, without an answer. */
export const inDoubt = (act: Act): Act => {
  const { cursor: _, atMs: __, issuedBeforeMs: ___, ...rest } = act
  return { ...rest, outcome: 'in_doubt' }
}
/** An answer that took 2 ms. */
export const answer = (atMs: number, status: number, more: Partial<Answer> = {}): Answer => {
  return { run: 0, token: 0, sentMs: atMs, receivedMs: atMs + 2, status, ...more }
}
/** A status that took 2 ms. */
export const status = (atMs: number, more: Partial<Status> = {}): Status => {
  return { run: 0, sentMs: atMs, receivedMs: atMs + 2, state: 'live', cursor: at(4), ...more }
}
/** A replica that listens from 1,000 ms on, and is to live. */
export const run = (more: Partial<ReplicaRun> = {}): ReplicaRun => {
  return { replica: 'api-1', why: 'scaled up', startedMs: 0, listensMs: 1_000, ...more }
}
/** Something that lasts for 20 s from {@link T}. */
export const fault = (kind: Fault['kind'], more: Partial<Fault> = {}): Fault => ({
  name: 'something',
  runs: [0],
  kind,
  beginningMs: T,
  begunMs: T + 10,
  endingMs: T + 20_000,
  endedMs: T + 20_010,
  ...more,
})
/** What all hold at the end. */
export const digest = { asOf: '2026-01-01T00:00:00.000Z', value: '00112233445566ff' }
/** A replica at rest. */
export const listed = (name: string, more: Partial<Listed> = {}): Listed => {
  return { id: `id of ${name}`, name, cursor: at(9), digest, ...more }
}

/** Tokens of others, which every run is asked about as soon as it listens: it accepts the one and refuses the other. */
export const ACCEPTED = 1
/** The one that is refused. */
export const REFUSED = 2
const OTHERS = ['eve', 'zoe'].map((sub) => ({ claims: { sub }, iat: IAT }))
/** Why it is refused. */
export const ZOES = revocation({ match: { sub: 'zoe' }, sentMs: 0, answeredMs: 1, cursor: at(1), atMs: 1_000 })

/** A run in which nothing happened, and nothing is wrong; and more that happened. */
export function history(more: Partial<History> = {}): History {
  const { acts = [], answers = [], ...rest } = more
  const runs = more.runs ?? [run()]
  const usual = runs.flatMap(({ listensMs }, index) => {
    if (listensMs === undefined) return []
    const own = { run: index, sentMs: listensMs, receivedMs: listensMs + 2 }
    return [answer(0, 200, { ...own, token: ACCEPTED }), answer(0, 401, { ...own, token: REFUSED })]
  })
  return { ...unasked(rest), acts: [ZOES, ...acts], answers: [...usual, ...answers] }
}

/** The same, in which no replica was asked about any token. */
export function unasked(more: Partial<History> = {}): History {
  return {
    staleAfterMs: STALE_MS,
    tokens: [{ claims: { sub: 'ann', jti: 't0', sid: 's0', client_id: 'app' }, iat: IAT }, ...OTHERS],
    acts: [],
    runs: [run()],
    faults: [],
    answers: [],
    statuses: [status(1_100)],
    listed: [listed('api-1'), listed('publisher-replica-1')],
    ...more,
  }
}

/** The rules that {@link assertWrong} has seen broken. */
export const seenBroken = new Set<string>()

/** Asserts that nothing is wrong with such a history. */
export function assertRight(more: Partial<History>): void {
  assert.deepEqual(judge(history(more)), [])
}

/** Asserts that just these rules are broken by such a history, in order of time. */
export function assertWrong(more: Partial<History>, ...rules: readonly Violation['rule'][]): void {
  assertJudged(history(more), ...rules)
}

/** The same of a whole history; without rules: that nothing is wrong. */
export function assertJudged(whole: History, ...rules: readonly Violation['rule'][]): void {
  assert.deepEqual(
    judge(whole).map(({ rule }) => rule),
    rules,
  )
  for (const rule of rules) seenBroken.add(rule)
}
