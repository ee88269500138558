import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Act, Answer, Fault, History, Listed, ReplicaRun, Status } from './history.ts'
import { judge, RULES, type Violation } from './judge.ts'
import { LIVE_WITHIN_MS, recoveries } from './recoveries.ts'

const STALE_MS = 15_000
/** When everything has been running for a while. */
const T = 100_000
const IAT = 1_800_000_000

const at = (seq: number) => ({ epoch: 'e', seq, frameId: `f${seq}` })
const revocation = (more: Partial<Act> = {}): Act => ({
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
const lift = (more: Partial<Act> = {}): Act =>
  revocation({ kind: 'lift', sentMs: T + 90, answeredMs: T + 100, cursor: at(6), atMs: 6_000, ...more })
const inDoubt = (act: Act): Act => {
  const { cursor: _, atMs: __, issuedBeforeMs: ___, ...rest } = act
  return { ...rest, outcome: 'in_doubt' }
}
/** An answer that took 2 ms. */
const answer = (atMs: number, status: number, more: Partial<Answer> = {}): Answer => {
  return { run: 0, token: 0, sentMs: atMs, receivedMs: atMs + 2, status, ...more }
}
const status = (atMs: number, more: Partial<Status> = {}): Status => {
  return { run: 0, sentMs: atMs, receivedMs: atMs + 2, state: 'live', cursor: at(4), ...more }
}
const run = (more: Partial<ReplicaRun> = {}): ReplicaRun => {
  return { replica: 'api-1', why: 'scaled up', startedMs: 0, listensMs: 1_000, ...more }
}
const fault = (kind: Fault['kind'], more: Partial<Fault> = {}): Fault => ({
  name: 'something',
  runs: [0],
  kind,
  beginningMs: T,
  begunMs: T + 10,
  endingMs: T + 20_000,
  endedMs: T + 20_010,
  ...more,
})
const digest = { asOf: '2026-01-01T00:00:00.000Z', value: '00112233445566ff' }
const listed = (name: string, more: Partial<Listed> = {}): Listed => ({ name, cursor: at(9), digest, ...more })

/** A run in which nothing happened, and nothing is wrong. */
function history(more: Partial<History> = {}): History {
  return {
    staleAfterMs: STALE_MS,
    tokens: [{ claims: { sub: 'ann', jti: 't0', sid: 's0', client_id: 'app' }, iat: IAT }],
    acts: [],
    runs: [run()],
    faults: [],
    answers: [],
    statuses: [status(1_100)],
    listed: [listed('api-1'), listed('publisher-replica-1')],
    ...more,
  }
}

const seenBroken = new Set<string>()

function assertRight(more: Partial<History>): void {
  assert.deepEqual(judge(history(more)), [])
}

function assertWrong(more: Partial<History>, ...rules: readonly Violation['rule'][]): void {
  assert.deepEqual(
    judge(history(more)).map(({ rule }) => rule),
    rules,
  )
  for (const rule of rules) seenBroken.add(rule)
}

describe('the oracle: a revoked token that was accepted', () => {
  it('nothing is wrong with a run in which nothing happened', () => assertRight({}))

  it('is wrong once it was acknowledged more than staleAfterMs ago, and not before', () => {
    const acts = [revocation()]
    assertRight({ acts, answers: [answer(T + STALE_MS, 200)] })
    assertWrong({ acts, answers: [answer(T + STALE_MS + 1, 200)] }, 'accepted_revoked')
  })

  it('is wrong once the replica has said that it reached the cursor, and not before', () => {
    const acts = [revocation()]
    const reached = status(T + 50, { cursor: at(5) })
    assertRight({ acts, statuses: [status(1_100), reached], answers: [answer(T + 51, 200)] })
    assertWrong({ acts, statuses: [status(1_100), reached], answers: [answer(T + 52, 200)] }, 'accepted_revoked')
    assertRight({ acts, statuses: [status(1_100), status(T + 50)], answers: [answer(T + 60, 200)] })
    const other = status(T + 50, { cursor: { ...at(7), epoch: 'other' } })
    assertRight({ acts, statuses: [status(1_100), other], answers: [answer(T + 60, 200)] })
  })

  it('is wrong once the replica claims a proof that is younger than the acknowledgement', () => {
    const acts = [revocation()]
    const answers = [answer(T + 500, 200)]
    assertWrong({ acts, answers, statuses: [status(1_100), status(T + 400, { lagMs: 398 })] }, 'accepted_revoked')
    assertRight({ acts, answers, statuses: [status(1_100), status(T + 400, { lagMs: 400 })] })
    assertRight({ acts, answers, statuses: [status(1_100), status(T + 499, { lagMs: 0 })] })
  })

  it('R2: is right where the token does not carry every claim of the match', () => {
    const answers = [answer(T + 20_000, 200)]
    for (const match of [{ sub: 'bob' }, { sub: 'ann', client_id: 'web' }, { jti: 't1' }, { sid: 'ann' }]) {
      assertRight({ acts: [revocation({ match })], answers })
    }
    for (const match of [{ sub: 'ann', client_id: 'app' }, { jti: 't0' }, { sid: 's0' }, { client_id: 'app' }]) {
      assertWrong({ acts: [revocation({ match })], answers }, 'accepted_revoked')
    }
  })

  it('R4: a cutoff reaches the tokens of its own second, and none of the next', () => {
    const answers = [answer(T + 20_000, 200)]
    const cutoff = (issuedBeforeMs: number) => [revocation({ mode: 'cutoff', issuedBeforeMs })]
    assertWrong({ acts: cutoff(IAT * 1_000), answers }, 'accepted_revoked')
    assertWrong({ acts: cutoff(IAT * 1_000 + 999), answers }, 'accepted_revoked')
    assertRight({ acts: cutoff(IAT * 1_000 - 1), answers })
  })

  it('R6: is wrong if one of several revocations stands', () => {
    const acts = [revocation(), lift(), revocation({ match: { jti: 't0' } })]
    assertWrong({ acts, answers: [answer(T + 20_000, 200)] }, 'accepted_revoked')
  })

  it('is right where nobody has an answer that it is in force', () => {
    const answers = [answer(T + 20_000, 200)]
    assertRight({ acts: [inDoubt(revocation())], answers })
    assertRight({ acts: [revocation({ outcome: 'refused' })], answers })
  })

  it('R10: is right as soon as a lift that may be newer is under way, and not before', () => {
    const acts = [revocation(), lift({ sentMs: T + 30_000, answeredMs: T + 30_010 })]
    assertRight({ acts, answers: [answer(T + 30_000, 200)] })
    assertWrong({ acts, answers: [answer(T + 29_990, 200)] }, 'accepted_revoked')
    assertRight({ acts: [revocation(), inDoubt(lift())], answers: [answer(T + 20_000, 200)] })
  })

  it('R10: is wrong where the lift is older, or of another match or mode', () => {
    const answers = [answer(T + 20_000, 200)]
    for (const more of [{ atMs: 5_000 }, { atMs: 4_000 }, { mode: 'cutoff' }, { match: { jti: 't0' } }] as const) {
      assertWrong({ acts: [revocation(), lift(more)], answers }, 'accepted_revoked')
    }
    const before = inDoubt(lift({ sentMs: T - 200, answeredMs: T - 100 }))
    assertWrong({ acts: [before, revocation()], answers }, 'accepted_revoked')
  })

  it('R19: is wrong on waking up, too: what is sent to a process that stands still is handled when it goes on', () => {
    const acts = [revocation({ answeredMs: T + 1_000 })]
    const paused = fault('paused')
    const statuses = [status(1_100), status(T + 20_100, { lagMs: 10 })]
    const sleeping = answer(T + 5_000, 200, { receivedMs: T + 20_050 })
    assertWrong({ acts, statuses, faults: [paused], answers: [sleeping] }, 'accepted_revoked')
    const late = [revocation({ answeredMs: T + 6_000 })]
    assertRight({ acts: late, statuses, faults: [paused], answers: [sleeping] })
  })

  it('is judged for each replica by what that one knows', () => {
    const runs = [run(), run({ replica: 'api-2' })]
    const statuses = [status(1_100), status(1_100, { run: 1 }), status(T + 50, { run: 1, cursor: at(5) })]
    const all = [listed('api-1'), listed('api-2'), listed('publisher-replica-1')]
    const answers = [answer(T + 60, 200), answer(T + 60, 200, { run: 1 })]
    assertWrong({ acts: [revocation()], runs, statuses, answers, listed: all }, 'accepted_revoked')
  })
})

describe('the oracle: a token that was refused', () => {
  it('is wrong where nothing revokes it, or will only later', () => {
    assertWrong({ answers: [answer(T, 401)] }, 'refused_wrongly')
    assertWrong({ acts: [revocation({ match: { sub: 'bob' } })], answers: [answer(T, 401)] }, 'refused_wrongly')
    assertWrong({ acts: [revocation()], answers: [answer(T - 20, 401)] }, 'refused_wrongly')
    assertWrong({ acts: [revocation({ outcome: 'refused' })], answers: [answer(T, 401)] }, 'refused_wrongly')
  })

  it('is right from when the revocation was sent, whether or not it was acknowledged', () => {
    assertRight({ acts: [revocation()], answers: [answer(T - 11, 401)] })
    assertRight({ acts: [inDoubt(revocation())], answers: [answer(T + 60_000, 401)] })
  })

  it('R4: is wrong for a token of the second after the cutoff, and right while its time is in doubt', () => {
    const cutoff = revocation({ mode: 'cutoff', issuedBeforeMs: IAT * 1_000 - 1 })
    assertWrong({ acts: [cutoff], answers: [answer(T, 401)] }, 'refused_wrongly')
    assertRight({ acts: [inDoubt(cutoff)], answers: [answer(T, 401)] })
  })

  it('R10: is wrong once the replica has reached the lift, and right until then, however stale', () => {
    const acts = [revocation(), lift()]
    const statuses = [status(1_100), status(T + 200, { cursor: at(6) })]
    assertWrong({ acts, statuses, answers: [answer(T + 300, 401)] }, 'refused_wrongly')
    assertRight({ acts, answers: [answer(T + 60_000, 401)] })
    assertRight({ acts: [inDoubt(revocation()), lift()], statuses, answers: [answer(T + 300, 401)] })
    const again = revocation({ cursor: at(7), atMs: 7_000 })
    assertRight({ acts: [...acts, again], statuses, answers: [answer(T + 300, 401)] })
  })

  it('R18: is right when stale, and when the process is about to end', () => {
    const acts = [revocation()]
    assertRight({
      acts,
      faults: [fault('unreachable')],
      answers: [answer(T + 16_000, 401)],
      statuses: proved(T + 21_000),
    })
  })
})

/** Live from the start, and with a proof that is younger than `atMs`. */
function proved(atMs: number): Status[] {
  return [status(1_100), status(atMs + 500, { lagMs: 100 })]
}

describe('the oracle: an answer that says nothing', () => {
  it('is wrong without a reason: 503, none at all, or another one', () => {
    assertWrong({ answers: [answer(T, 503)] }, 'unavailable')
    assertWrong({ answers: [answer(T, 0)] }, 'no_answer')
    assertWrong({ answers: [answer(T, 500)] }, 'odd_answer')
  })

  it('is right while a process starts, until it has had its time to become live', () => {
    assertRight({ answers: [answer(1_000 + LIVE_WITHIN_MS, 503), answer(999, 0)] })
    assertWrong({ answers: [answer(1_001 + LIVE_WITHIN_MS, 503)] }, 'unavailable')
    assertWrong({ answers: [answer(1_000, 0)] }, 'no_answer')
  })

  it('is right from when a process is asked to end', () => {
    const runs = [run({ stoppingMs: T })]
    const rest = { runs, listed: [listed('publisher-replica-1')] }
    assertRight({ ...rest, answers: [answer(T - 1, 0), answer(T, 503)] })
    assertWrong({ ...rest, answers: [answer(T - 10, 0)] }, 'no_answer')
  })

  it('is right within a fault that blinds this replica and 5 s after, and wrong for another replica', () => {
    const end = T + 20_010 + LIVE_WITHIN_MS
    for (const kind of ['paused', 'unreachable'] as const) {
      const faults = [fault(kind)]
      assertRight({ faults, statuses: proved(T + 20_010), answers: [answer(T, 503), answer(end, 503)] })
      assertWrong({ faults, statuses: proved(T + 20_010), answers: [answer(end + 1, 503)] }, 'unavailable')
      assertWrong({ faults: [fault(kind, { runs: [] })], answers: [answer(T + 20, 503)] }, 'unavailable')
    }
  })

  it('is wrong where live messages are lost: the next proof must find them', () => {
    assertWrong({ faults: [fault('lossy')], answers: [answer(T + 5_000, 503)] }, 'unavailable')
  })

  it('no answer is right only while the process stands still', () => {
    const statuses = proved(T + 20_010)
    assertRight({ faults: [fault('paused')], statuses, answers: [answer(T + 5_000, 0)] })
    assertWrong({ faults: [fault('unreachable')], statuses, answers: [answer(T + 5_000, 0)] }, 'no_answer')
  })

  it('R18: is wrong for what the replica had reached, also when it is stale', () => {
    const acts = [revocation({ sentMs: T - 1_010, answeredMs: T - 1_000 })]
    const reached = { cursor: at(5) }
    const statuses = [status(1_100), status(T - 900, reached), status(T + 20_510, { ...reached, lagMs: 100 })]
    const answers = [answer(T + 16_000, 503)]
    assertWrong({ acts, faults: [fault('unreachable')], statuses, answers }, 'forgotten')
  })
})

describe('the oracle: a stall', () => {
  const statuses = proved(T + 20_010)

  it('R19: is hidden by who accepts anything more than staleAfterMs after the last possible proof', () => {
    const faults = [fault('unreachable')]
    assertRight({ faults, statuses, answers: [answer(T + 10 + STALE_MS, 200)] })
    assertWrong({ faults, statuses, answers: [answer(T + 11 + STALE_MS, 200)] }, 'stall_hidden')
  })

  it('R19: what is answered after its end may rest on a new proof', () => {
    const faults = [fault('unreachable')]
    assertRight({ faults, statuses, answers: [answer(T + 19_990, 200, { receivedMs: T + 20_005 })] })
  })

  it('is none where only live messages are lost', () => {
    assertRight({ faults: [fault('lossy')], answers: [answer(T + 11 + STALE_MS, 200)] })
  })
})

describe('the oracle: recovery', () => {
  it('is wrong if a replica is not live within 5 s of listening', () => {
    const late = { statuses: [status(1_000 + LIVE_WITHIN_MS), status(900), status(2_000, { state: 'starting' })] }
    assertWrong(late, 'not_live_again')
    assertWrong({ statuses: [] }, 'not_live_again')
    assertRight({ statuses: [status(998 + LIVE_WITHIN_MS)] })
    const { listensMs: _, ...unheard } = run()
    assertWrong({ runs: [unheard] }, 'not_live_again')
  })

  it('R19: is wrong if no proof is younger than the end of the fault, though it says that it is live', () => {
    const faults = [fault('unreachable', { endingMs: T + 2_000, endedMs: T + 2_010 })]
    const old = status(T + 2_500, { lagMs: 491 })
    assertWrong({ faults, statuses: [status(1_100), old] }, 'not_live_again')
    assertRight({ faults, statuses: [status(1_100), { ...old, lagMs: 490 }] })
    assertRight({ faults: [{ ...(faults[0] as Fault), kind: 'lossy' }], statuses: [status(1_100), old] })
  })

  it('is not judged where it was interrupted in time', () => {
    const faults = [
      fault('paused'),
      fault('paused', { beginningMs: T + 21_000, begunMs: T + 21_001, endingMs: T + 22_000, endedMs: T + 22_001 }),
    ]
    assertRight({ faults, statuses: proved(T + 22_001) })
    const late = {
      ...(faults[1] as Fault),
      beginningMs: T + 30_000,
      begunMs: T + 30_000,
      endingMs: T + 31_000,
      endedMs: T + 31_000,
    }
    assertWrong({ faults: [faults[0] as Fault, late], statuses: proved(T + 31_000) }, 'not_live_again')
    const runs = [run({ stoppingMs: 2_000 })]
    assertRight({ runs, statuses: [], listed: [listed('publisher-replica-1')] })
  })

  it('tells for each how long it took', () => {
    const told = recoveries(history({ faults: [fault('unreachable')], statuses: proved(T + 20_010) }))
    assert.deepEqual(told, [
      { replica: 'api-1', after: 'scaled up', fromMs: 1_000, tookMs: 102 },
      { replica: 'api-1', after: 'something', fromMs: T + 20_010, tookMs: 502 },
    ])
  })
})

describe('the oracle: what they hold', () => {
  it('a cursor never goes back within an epoch', () => {
    const back = status(T, { cursor: at(3) })
    assertWrong({ statuses: [status(1_100), back] }, 'went_back')
    assertRight({ statuses: [status(1_100), { ...back, cursor: { ...at(3), epoch: 'other' } }] })
    assertRight({ statuses: [status(1_100), { ...back, sentMs: 1_101 }] })
  })

  it('is wrong if digests or cursors differ at the end, or one is missing', () => {
    const own = listed('publisher-replica-1')
    const { digest: _, ...without } = listed('api-1')
    const { listed: __, ...unasked } = history()
    for (const wrong of [
      [listed('api-1', { digest: { ...digest, value: '0'.repeat(16) } }), own],
      [listed('api-1', { digest: { ...digest, asOf: '2026-01-01T00:00:00.001Z' } }), own],
      [listed('api-1', { cursor: at(8) }), own],
      [without, own],
      [without, { ...without, name: 'publisher-replica-1' }],
      [own],
      [listed('api-1'), listed('api-2'), own],
      [listed('api-1')],
      [],
    ]) {
      assertWrong({ listed: wrong }, 'digests_differ')
    }
    assert.deepEqual(
      judge(unasked).map(({ rule }) => rule),
      ['digests_differ'],
    )
  })

  it('every rule was seen broken by now', () => {
    assert.deepEqual([...seenBroken].sort(), Object.keys(RULES).sort())
  })
})
