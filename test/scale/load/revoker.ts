import { setTimeout as pause } from 'node:timers/promises'
import type { Act } from '../oracle/history.ts'
import type { Asked, PublisherClient } from './publisher-client.ts'
import type { Random } from './random.ts'
import type { Group, PooledToken, TokenPool } from './token-pool.ts'

/** How much is revoked. */
export interface RevokerPace {
  /** Requests a second beside the timed ones and the bursts. */
  readonly perSecond: number
  /** Pause between two bursts. */
  readonly burstEveryMs: number
  /** Revocations in one burst, at most; a third of it at least. */
  readonly burst: number
}

/** Options of {@link Revoker}. */
export interface RevokerOptions {
  readonly publisher: PublisherClient
  readonly pool: TokenPool
  readonly random: Random
  readonly pace: RevokerPace
  /** The runs that are asked about tokens now. */
  readonly visited: () => readonly number[]
}

/** Groups kept ready. */
const FRESH_GROUPS = 8
/** Requests under way at once: while the broker is away each waits for seconds. */
const MAX_UNDER_WAY = 8
/** Lift frames run logical time ahead by up to a second each (R10): no more than one in two seconds keeps it beside the clock. */
const LIFT_EVERY_MS = 2_000
/** A replica that has not refused by then is blind for now; it is not waited for. */
const WATCHED_FOR_MS = 2_500
/** Who has not accepted it by then is blind for now, and not measured. */
const ACCEPTED_WITHIN_MS = 250
/** Between two timed revocations. */
const TIMED_EVERY_MS = 50
/** What may be lifted or added to: the last so many. */
const REMEMBERED = 40

/** Revokes and lifts, a seeded mixture, as people do: tokens, sessions, users, applications; single and by the hundred. */
export class Revoker {
  readonly #options: RevokerOptions
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<unknown>>()
  /** Groups that something was revoked in. */
  readonly #begun: Group[] = []
  /** Acknowledged, and not lifted since. */
  readonly #standing: Asked[] = []
  readonly #loops: Promise<unknown>
  #liftedMs = Number.NEGATIVE_INFINITY
  #bursts = 0

  constructor(options: RevokerOptions) {
    this.#options = options
    const { perSecond, burstEveryMs } = options.pace
    this.#loops = Promise.all([
      this.#every(1_000 / perSecond, () => this.#step()),
      this.#every(burstEveryMs, () => this.#burst()),
      this.#timeOn(),
    ])
  }

  /** Mints what the first steps need. */
  static async prepare(pool: TokenPool): Promise<void> {
    await pool.fill(FRESH_GROUPS)
  }

  /** Begins nothing more; resolves when everything under way has its answer. Rejects if a step failed. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loops
    await Promise.all(this.#underWay)
  }

  /** Begins a piece of work so often, whether or not the one before has ended, up to a bound. */
  async #every(ms: number, work: () => Promise<unknown>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#underWay.size < MAX_UNDER_WAY) {
        const begun = work().finally(() => this.#underWay.delete(begun))
        this.#underWay.add(begun)
        // A failure is told at the stop.
        begun.catch(() => {})
      }
      await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  #step(): Promise<unknown> {
    const { random } = this.#options
    const roll = random.next()
    if (roll < 0.15) return this.#lift()
    if (roll < 0.3) return this.#logInAgain()
    return this.#revoke()
  }

  /** One revocation in a group, of which several may follow one another. */
  async #revoke(): Promise<void> {
    const { pool, random, publisher } = this.#options
    const again = random.chance(0.3) ? random.pick(this.#begun) : undefined
    const group = again ?? pool.take()
    void pool.fill(FRESH_GROUPS).catch(() => {})
    const token = group && random.pick(group.tokens)
    if (group === undefined || token === undefined) return
    if (group !== again) remember(this.#begun, group)
    const asked = someMatch(token, random)
    pool.touched(group.tokens)
    if (await publisher.revoke([asked])) remember(this.#standing, asked)
  }

  async #lift(): Promise<void> {
    const { random, publisher } = this.#options
    const asked = random.pick(this.#standing)
    if (asked === undefined || performance.now() - this.#liftedMs < LIFT_EVERY_MS) return
    this.#liftedMs = performance.now()
    this.#standing.splice(this.#standing.indexOf(asked), 1)
    await publisher.lift(asked)
  }

  /** A user whom something was revoked of gets another token, which a cutoff of before does not reach (R4). */
  async #logInAgain(): Promise<void> {
    const { pool, random } = this.#options
    const group = random.pick(this.#begun)
    const token = group && random.pick(group.tokens)
    if (group && token) pool.touched([await pool.mintInto(group, token.claims)])
  }

  /** Hundreds at once, in one frame: tokens that nobody asks about, and the users of one group. */
  async #burst(): Promise<void> {
    const { pool, random, publisher, pace } = this.#options
    pool.living()
    const burst = ++this.#bursts
    const count = random.integer(Math.ceil(pace.burst / 3), pace.burst)
    const unseen = Array.from({ length: count }, (_, n): Asked => {
      return { match: { jti: `burst-${burst}-${n}` }, mode: 'block' }
    })
    const group = pool.take()
    const seen = (group?.tokens ?? []).map(({ claims: { jti } }): Asked => ({ match: { jti }, mode: 'block' }))
    if (group) pool.touched(group.tokens)
    await publisher.revoke([...unseen, ...seen])
  }

  /** One token after another is watched on one replica after another, and revoked. */
  async #timeOn(): Promise<void> {
    const { pool, visited } = this.#options
    let left: PooledToken[] = []
    for (let turn = 0; !this.#stop.signal.aborted; turn++) {
      if (left.length === 0) left = [...(pool.take()?.tokens ?? [])]
      const runs = visited()
      const run = runs[turn % runs.length]
      const token = left.at(-1)
      if (token && run !== undefined && (await this.#time(token, run))) left.pop()
      await pause(TIMED_EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  /** False if the replica is blind for now, and the token still good for another. */
  async #time(token: PooledToken, run: number): Promise<boolean> {
    const { pool, publisher } = this.#options
    const watch = { token, run, accepted: false, refused: false }
    pool.watch = watch
    const until = async (isSo: () => boolean, ms: number) => {
      const deadlineMs = performance.now() + ms
      while (!isSo() && performance.now() < deadlineMs) await pause(1)
    }
    await until(() => watch.accepted, ACCEPTED_WITHIN_MS)
    const isRevoked = watch.accepted
    if (isRevoked) {
      const asked = { match: { jti: token.claims.jti }, mode: 'block' } as const
      if (await publisher.revoke([asked], run)) await until(() => watch.refused, WATCHED_FOR_MS)
      pool.touched([token])
    }
    pool.watch = undefined
    return isRevoked
  }
}

function remember<T>(items: T[], item: T): void {
  items.push(item)
  if (items.length > REMEMBERED) items.shift()
}

/** One of the ways in which people revoke what this token stands for. */
function someMatch({ claims: { jti, sid, sub, client_id } }: PooledToken, random: Random): Asked {
  const ways: readonly (readonly [Record<string, string>, Act['mode']])[] = [
    [{ jti }, 'block'],
    [{ sid }, 'block'],
    [{ sub }, 'cutoff'],
    [{ sub }, 'cutoff'],
    [{ sub }, 'block'],
    [{ sub, client_id }, 'cutoff'],
    [{ client_id }, 'cutoff'],
    [{ client_id }, 'block'],
  ]
  const [match, mode] = random.pick(ways) as (typeof ways)[number]
  return { match, mode }
}
