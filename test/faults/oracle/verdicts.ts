import { natsLog } from '@rescind/log'
import type { Match } from '@rescind/protocol'
import { httpSnapshot, openReplica, type Replica } from '@rescind/subscriber'
import { until } from '../../launcher/wait.ts'
import { HttpCaller } from '../load/http-caller.ts'
import { ISSUER, MAX_EXPIRY_MS, type Site } from '../site/site.ts'
import { copiesByNote, type Violation } from './judge.ts'
import { accepted, type Ledger } from './ledger.ts'
import type { LyingFact } from './stream.ts'

const WITHIN_MS = 30_000
/** As many are asked of a publisher over HTTP, the newest; the replica is asked about all. */
const ASKED_OVER_HTTP = 300

/** The payload of a token that carries these claims, issued before everything that a run revokes. */
export function tokenWith(match: Match, startedMs: number): Record<string, unknown> {
  const iat = Math.floor(startedMs / 1_000) - 60
  return { iss: ISSUER, iat, exp: iat + MAX_EXPIRY_MS / 1_000, ...match }
}

/** A replica in this process, as an API embeds it: a snapshot of a publisher, then the stream. */
export function startReplica(site: Site, name: string, publisherUrl: string): Promise<Replica> {
  return openReplica({
    log: natsLog({ servers: site.broker.url }),
    snapshot: httpSnapshot(`${publisherUrl}/v1/snapshot`, { token: site.replicaKey }),
    whenUnknown: 'reject',
    waitUntilLive: false,
    name,
  })
}

/** What the facts say of one that was asked for: true if it is in force (R6, R10). */
export function shouldBeRevoked(stream: readonly LyingFact[]): ReadonlyMap<string, boolean> {
  const latest = new Map<string, { revokedAtMs: number; liftedAtMs: number; note: string }>()
  for (const { fact } of stream) {
    if (fact.kind === 'issuer') continue
    const place = JSON.stringify([fact.match, fact.mode])
    const known = latest.get(place) ?? { revokedAtMs: -1, liftedAtMs: -1, note: '' }
    if (fact.kind === 'revocation')
      Object.assign(known, { note: fact.note, revokedAtMs: Math.max(known.revokedAtMs, fact.atMs) })
    else known.liftedAtMs = Math.max(known.liftedAtMs, fact.atMs)
    latest.set(place, known)
  }
  return new Map(
    [...latest.values()].map((one) => [one.note, one.revokedAtMs >= one.liftedAtMs && one.revokedAtMs >= 0]),
  )
}

/** Everything that was accepted and that nobody tried to lift: by the answers alone, it is in force. */
export function certainlyRevoked(ledger: Ledger): ReadonlyMap<string, Match> {
  const revoked = new Map<string, { note: string; match: Match }>()
  for (const asked of ledger) {
    for (const [index, { match, mode }] of asked.facts.entries()) {
      const place = JSON.stringify([match, mode])
      if (asked.kind === 'lift') revoked.delete(place)
      else if (accepted(asked) && !asked.wrong) revoked.set(place, { note: `${asked.name}/${index}`, match })
    }
  }
  return new Map([...revoked.values()].map(({ note, match }) => [note, match]))
}

/** Asks replicas and publishers about everything, once everything is in the stream. */
export async function judgeVerdicts(parts: {
  readonly site: Site
  readonly ledger: Ledger
  readonly stream: readonly LyingFact[]
  readonly replicas: readonly Replica[]
  readonly startedMs: number
}): Promise<readonly Violation[]> {
  const { site, ledger, stream, replicas, startedMs } = parts
  const inForce = shouldBeRevoked(stream)
  const certain = certainlyRevoked(ledger)
  const byNote = copiesByNote(stream)
  const wanted = [...byNote].flatMap(([note, [copy]]) => {
    const should = inForce.get(note)
    return copy?.fact.kind === 'revocation' && should !== undefined ? [{ note, match: copy.fact.match, should }] : []
  })
  const violations: Violation[] = []
  for (const note of certain.keys()) {
    if (byNote.has(note) && inForce.get(note) === false)
      violations.push({ rule: 'wrong_verdict', detail: `${note}: the stream lifts it, and nobody asked for that` })
  }
  for (const replica of replicas) await untilCaughtUp(site, replica, stream)
  const say = (who: string, note: string, kind: string, should: boolean) => {
    if (kind !== (should ? 'revoked' : 'active'))
      violations.push({
        rule: 'wrong_verdict',
        detail: `${who} says ${kind} of ${note}; right is ${should ? 'revoked' : 'active'}`,
      })
  }
  for (const { note, match, should } of wanted) {
    const token = { payload: tokenWith(match, startedMs), protectedHeader: { alg: 'ES256', kid: 'k' } }
    for (const [index, replica] of replicas.entries())
      say(`replica ${index + 1}`, note, replica.check(token).kind, should)
  }
  for (const publisher of site.publishers) {
    const caller = new HttpCaller(publisher.url, site.admin)
    for (const { note, match, should } of wanted.slice(-ASKED_OVER_HTTP)) {
      const { body } = await caller.post('/v1/check', {
        claims: tokenWith(match, startedMs),
        header: { alg: 'ES256', kid: 'k' },
      })
      say(publisher.name, note, verdictIn(body), should)
    }
    caller.close()
  }
  return violations
}

/** Live, and at the end of the stream. */
export async function untilCaughtUp(site: Site, replica: Replica, stream: readonly LyingFact[]): Promise<void> {
  const { seq = 0, frame } = stream.at(-1) ?? {}
  const isThere = () => {
    const { state, cursor } = replica.status
    return state === 'live' && (frame === undefined || (cursor?.epoch === frame.epoch && cursor.seq >= seq))
  }
  await until(
    () => `a replica does not catch up: ${JSON.stringify(replica.status)}, the stream is at ${frame?.epoch} ${seq}`,
    async () => (isThere() ? true : undefined),
    { withinMs: WITHIN_MS, signal: site.options.stop },
  )
}

function verdictIn(body: string): string {
  try {
    const parsed = JSON.parse(body) as { kind?: string; verdict?: string | { kind?: string } }
    const { verdict } = parsed
    return (typeof verdict === 'string' ? verdict : verdict?.kind) ?? parsed.kind ?? body
  } catch {
    return body
  }
}
