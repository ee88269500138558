import { randomBytes } from 'node:crypto'
import type { Calls } from '../launcher/calls.ts'
import type { DemoIssuer } from '../launcher/demo-issuer.ts'
import { until } from '../launcher/wait.ts'
import type { Member } from './fleet.ts'
import type { KnownTokens } from './known-tokens.ts'

/** How long a live replica may take to know what was acknowledged: its `staleAfterMs`, here the default (R19). */
const STALE_AFTER_MS = 15_000

/** What one look at the whole fleet found. */
export interface PhaseResult {
  /** Revocations and lifts that were acknowledged. */
  readonly acknowledged: number
  /** From an acknowledgement until the last replica answered accordingly, the slowest of all, in milliseconds. */
  readonly slowestMs: number
  readonly problems: readonly string[]
}

/** What a phase looks at. */
export interface PhaseParts {
  readonly publishers: readonly Member[]
  readonly replicas: readonly Member[]
  readonly issuer: DemoIssuer
  readonly known: KnownTokens
  readonly stop: AbortSignal
}

/**
 * Each publisher revokes a user, a token and an account, and the other one lifts the account again: every replica must
 * follow each time. Then each publisher must list every API as live: it hears the presence of both versions.
 */
export async function lookAtPhase(parts: PhaseParts): Promise<PhaseResult> {
  const phase = new Phase(parts)
  const { publishers } = parts
  const work = publishers.flatMap((publisher, index) => {
    const other = publishers[(index + 1) % publishers.length] ?? publisher
    return [phase.revokeUser(publisher), phase.revokeToken(publisher), phase.blockAndLift(publisher, other)]
  })
  await Promise.all([...work, ...publishers.map((publisher) => phase.hearsAll(publisher))])
  return phase
}

class Phase implements PhaseResult {
  acknowledged = 0
  slowestMs = 0
  readonly problems: string[] = []
  readonly #parts: PhaseParts

  constructor(parts: PhaseParts) {
    this.#parts = parts
  }

  /** A cutoff: what was issued so far is refused; somebody else's token is not. */
  async revokeUser(publisher: Member): Promise<void> {
    const [revoked, valid] = [await this.#mint('user'), await this.#mint('bystander')]
    if (!(await this.#turn(publisher, revoked, 401, ({ sub }) => ({ match: { sub }, reason: 'password_changed' }))))
      return
    this.#parts.known.settle({ ...revoked, status: 401 }, this.#parts.replicas)
    if (await this.#answers(valid, 200)) this.#parts.known.settle({ ...valid, status: 200 }, this.#parts.replicas)
  }

  /** One token. */
  async revokeToken(publisher: Member): Promise<void> {
    const revoked = await this.#mint('token')
    if (!(await this.#turn(publisher, revoked, 401, ({ jti }) => ({ match: { jti } })))) return
    this.#parts.known.settle({ ...revoked, status: 401 }, this.#parts.replicas)
  }

  /** A block by one publisher, lifted by the other, which may be of the other version. */
  async blockAndLift(publisher: Member, other: Member): Promise<void> {
    const blocked = await this.#mint('account')
    const body = ({ sub }: Minted) => ({ match: { sub }, reason: 'account_blocked' })
    if (!(await this.#turn(publisher, blocked, 401, body))) return
    if (!(await this.#turn(other, blocked, 200, ({ sub }) => ({ match: { sub }, mode: 'block' }), 'lift'))) return
    this.#parts.known.settle({ ...blocked, status: 200 }, this.#parts.replicas)
  }

  /** R19 is about what is read from the log; this is about presence, of which each side has to understand the other's. */
  async hearsAll({ name, calls, release }: Member): Promise<void> {
    const missing = async () => {
      const listed = await listedAsLive(calls)
      return this.#parts.replicas.map((replica) => replica.name).filter((replica) => !listed.has(replica))
    }
    let deaf: readonly string[] = []
    await until(
      () => `${name} (${release}) does not list ${deaf.join(', ')} as live`,
      async () => {
        deaf = await missing()
        return deaf.length === 0 ? true : undefined
      },
      { withinMs: STALE_AFTER_MS, signal: this.#parts.stop },
    ).catch((error) => this.#problem(error))
  }

  /** Acts on a token through a publisher, and waits until every replica answers `status` to it. False if one does not. */
  async #turn(
    publisher: Member,
    minted: Minted,
    status: 200 | 401,
    bodyOf: (minted: Minted) => object,
    act: 'revoke' | 'lift' = 'revoke',
  ): Promise<boolean> {
    const answer = await publisher.calls[act](bodyOf(minted))
    if (answer.status !== 201) {
      const said = `${answer.status} ${JSON.stringify(answer.body)}`
      return this.#problem(`${publisher.name} (${publisher.release}) answered ${said} to the ${act} of ${minted.what}`)
    }
    const acknowledgedMs = performance.now()
    this.acknowledged += 1
    if (!(await this.#answers(minted, status))) return false
    this.slowestMs = Math.max(this.slowestMs, performance.now() - acknowledgedMs)
    return true
  }

  async #answers({ token, what }: Minted, status: number): Promise<boolean> {
    const each = this.#parts.replicas.map((replica) => {
      let last = 0
      return until(
        () => `${replica.name} (${replica.release}) answers ${last} for ${status} (${what})`,
        async () => {
          last = (await replica.calls.whoami(replica, token)).status
          return last === status ? true : undefined
        },
        { withinMs: STALE_AFTER_MS, signal: this.#parts.stop },
      )
    })
    const failed = (await Promise.allSettled(each)).flatMap((result) =>
      result.status === 'rejected' ? result.reason : [],
    )
    for (const reason of failed) this.#problem(reason)
    return failed.length === 0
  }

  async #mint(kind: string): Promise<Minted> {
    const sub = `${kind}-${randomBytes(4).toString('hex')}`
    return { ...(await this.#parts.issuer.mint({ sub })), what: sub }
  }

  #problem(error: unknown): false {
    this.problems.push(error instanceof Error ? error.message : String(error))
    return false
  }
}

interface Minted {
  readonly token: string
  readonly sub: string
  readonly jti: string
  readonly what: string
}

/** Names of those whom a publisher lists as live and not silent. */
async function listedAsLive(calls: Calls): Promise<ReadonlySet<string>> {
  const { body } = await calls.replicas()
  const replicas = Array.isArray(body.replicas) ? (body.replicas as Record<string, unknown>[]) : []
  return new Set(replicas.filter(({ state, silent }) => state === 'live' && !silent).map(({ name }) => String(name)))
}
