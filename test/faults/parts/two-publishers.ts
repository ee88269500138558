import { until } from '../../launcher/wait.ts'
import { Load } from '../load/client.ts'
import { HttpCaller } from '../load/http-caller.ts'
import { copiesByNote, type Violation } from '../oracle/judge.ts'
import { type Asked, accepted, type Ledger, readAnswer } from '../oracle/ledger.ts'
import { type LyingFact, StreamReader } from '../oracle/stream.ts'
import { startReplica } from '../oracle/verdicts.ts'
import { Site, type SitePublisher } from '../site/site.ts'
import { judgeAtRest } from './at-rest.ts'
import { lasting } from './outage.ts'
import type { Part } from './part.ts'

const CLIENTS = 6
const REST_MS = 20
const ROUNDS = { full: 10, short: 2 }
/** Each is so far from the broker's clock, in its own direction. */
const APART_MS = 2_000
const BETWEEN_MS = 1_500
/** Beyond the 5 s that R10 allows. */
const TOO_FAR_MS = 10_000
const RECORDED_WHILE_WRONG = 20
const WITHIN_MS = 60_000

/** Two publishers on one stream, with Stores of their own and clocks apart, killed in turn; then one whose clock is wrong. */
export const twoPublishers: Part = async (context) => {
  const { stop, random, tell, short } = context
  const site = await Site.start(context)
  const startedMs = Date.now()
  const reader = await StreamReader.open(site.broker.url, stop)
  const [a, b] = [site.addPublisher('early'), site.addPublisher('late')]
  await a.setClock(APART_MS)
  await b.setClock(-APART_MS)
  for (const publisher of [a, b]) await publisher.start()
  for (const publisher of [a, b]) await publisher.ready()
  const replicas = await Promise.all([a, b].map(({ url, name }) => startReplica(site, `api-${name}`, url)))
  const load = new Load(CLIENTS, { random: random.fork(), key: site.admin, targets: () => [a, b], restMs: REST_MS })
  const { ledger } = load
  try {
    let kills = 0
    for (let round = 0; round < (short ? ROUNDS.short : ROUNDS.full); round++) {
      for (const publisher of [a, b]) {
        await lasting(BETWEEN_MS, stop)
        await publisher.kill()
        kills += 1
        await lasting(random.integer(0, BETWEEN_MS), stop)
        await publisher.start()
        await publisher.ready()
      }
    }
    await load.stop()
    tell(`two publishers: ${kills} killed in turn`)
    const wrong = await clockGoesWrong(site, b, ledger)
    const parts = { site, ledger, reader, replicas, startedMs, copies: 'lossy', severalPublishers: true } as const
    const { violations } = await judgeAtRest(parts)
    const lifts = liftsOf(ledger, reader.facts)
    const copied = copiesOf(reader.facts)
    const all = [...violations, ...wrong.violations, ...lifts.violations]
    const counts = [kills, ledger.length, lifts.across, copied, wrong.recorded].map(String)
    return {
      title: 'Two publishers',
      text: [
        `Each with a Store of its own, one ${APART_MS / 1_000} s before the broker's clock and one ${APART_MS / 1_000} s behind it; killed in turn (-9) under load. "Lifts`,
        'across": of what the other one had recorded. Then the clock of one goes wrong by ' +
          `${TOO_FAR_MS / 1_000} s: it records (202), is not ready with`,
        '`ERR_CLOCK_SKEW`, and when its clock is right again what it recorded goes out. "Copies": facts that both have published again.',
      ],
      tables: [
        { head: ['killed', 'requests', 'lifts across', 'copies', 'recorded with a wrong clock'], rows: [counts] },
      ],
      figures: {
        kills,
        requests: ledger.length,
        liftsAcross: lifts.across,
        copies: copied,
        recordedWhileWrong: wrong.recorded,
      },
      violations: all,
    }
  } finally {
    await load.stop()
    await Promise.all([...replicas.map((replica) => replica.close()), reader.close()])
    await site.stop()
  }
}

/** R10: a clock too far from the broker's gives no times. */
async function clockGoesWrong(site: Site, publisher: SitePublisher, ledger: Ledger) {
  const violations: Violation[] = []
  const signal = site.options.stop
  const caller = new HttpCaller(publisher.url, site.admin)
  let last = ''
  await publisher.setClock(TOO_FAR_MS)
  const isSaid = async () => {
    const { status, body } = await caller.get('/readyz')
    last = body
    return status === 503 && /clock_skew/i.test(body) ? true : undefined
  }
  try {
    await until(() => `no clock_skew (it says ${last})`, isSaid, { withinMs: WITHIN_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    violations.push({ rule: 'unseen', detail: (error as Error).message })
  }
  let recorded = 0
  for (let number = 0; number < RECORDED_WHILE_WRONG; number++) {
    const name = `skewed-${number}`
    const match = { jti: `${name}/0` }
    const sentMs = performance.now()
    const { status, body } = await caller.post('/v1/revocations', { match, note: `${name}/0` })
    const one = { to: publisher.name, sentMs, receivedMs: performance.now(), status, ...readAnswer(status, body) }
    ledger.push({ name, client: 0, kind: 'revocation', facts: [{ match, mode: 'block' }], wrong: false, tries: [one] })
    if (status === 202) recorded += 1
    else
      violations.push({
        rule: 'unseen',
        detail: `${name} was answered ${status} with the clock ${TOO_FAR_MS} ms off: ${body.slice(0, 200)}`,
      })
  }
  caller.close()
  await publisher.setClock(0)
  await publisher.ready()
  return { violations, recorded }
}

/** A lift that was broadcast, of what was broadcast before it was asked for, must have done what it says. */
function liftsOf(ledger: Ledger, stream: readonly LyingFact[]) {
  const violations: Violation[] = []
  const byNote = copiesByNote(stream)
  const revocations = new Map<string, { asked: Asked; note: string }>()
  let across = 0
  for (const asked of ledger) {
    if (asked.kind === 'revocation') {
      for (const [index, fact] of asked.facts.entries())
        revocations.set(JSON.stringify(fact), { asked, note: `${asked.name}/${index}` })
      continue
    }
    const { match, mode } = asked.facts[0] as Asked['facts'][number]
    const revoked = revocations.get(JSON.stringify({ match, mode }))
    if (!revoked || accepted(asked)?.state !== 'broadcast' || accepted(revoked.asked)?.state !== 'broadcast') continue
    if (revoked.asked.tries.at(-1)?.to !== asked.tries.at(-1)?.to) across += 1
    const liftAtMs = byNote.get(`${asked.name}/0`)?.[0]?.fact.atMs ?? 0
    const atMs = Math.max(...(byNote.get(revoked.note) ?? []).map(({ fact }) => fact.atMs))
    if (atMs >= liftAtMs)
      violations.push({ rule: 'lift_lost', detail: `${asked.name} at ${liftAtMs}, of ${revoked.note} at ${atMs}` })
  }
  if (across === 0) violations.push({ rule: 'blind', detail: 'nothing was lifted across publishers' })
  return { across, violations }
}

function copiesOf(stream: readonly LyingFact[]): number {
  return [...copiesByNote(stream).values()].reduce((sum, copies) => sum + copies.length - 1, 0)
}
