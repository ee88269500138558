import type { AskedClaims, MintedToken } from '../../../services/demo-issuer/src/index.ts'
import type { Token } from '../oracle/history.ts'
import type { Random } from './random.ts'

/** A token that replicas are asked about. */
export interface PooledToken {
  /** Its place in the history. */
  readonly index: number
  /** As it is sent. Works at the sample APIs alone. */
  readonly bearer: string
  readonly claims: Readonly<Record<'sub' | 'sid' | 'client_id' | 'jti', string>>
  readonly mintedMs: number
}

/** Users of one application: what is revoked in one does not touch the others. */
export interface Group {
  readonly clientId: string
  readonly tokens: PooledToken[]
}

/** One token that one replica is asked about without a pause, from before its revocation is sent until it is refused. */
export interface Watch {
  readonly token: PooledToken
  /** The replica's run. */
  readonly run: number
  /** It has accepted it. */
  accepted: boolean
  /** It has refused it: nobody asks any more. */
  refused: boolean
}

const USERS_PER_GROUP = 2
const SESSIONS_PER_USER = 2
/** They live for 15 minutes; one that is about to expire would be refused for that. */
const RETIRED_AFTER_MS = 10 * 60_000
/** What was revoked or lifted lately is asked about most. */
const RECENT = 60

/** The tokens of a run, by what happened to them. */
export class TokenPool {
  /** Where every token is noted, so that the oracle knows it by its place. */
  readonly #noted: Token[]
  readonly #mint: (claims: AskedClaims) => Promise<MintedToken>
  #all: PooledToken[] = []
  #recent: PooledToken[] = []
  readonly #fresh: Group[] = []
  #groups = 0
  #filling: Promise<void> | undefined
  watch: Watch | undefined

  constructor(noted: Token[], mint: (claims: AskedClaims) => Promise<MintedToken>) {
    this.#noted = noted
    this.#mint = mint
  }

  /** Mints groups until so many are untouched. Whoever calls while it is at it waits for the same. */
  fill(groups: number): Promise<void> {
    this.#filling ??= this.#fill(groups).finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #fill(groups: number): Promise<void> {
    while (this.#fresh.length < groups) {
      const number = ++this.#groups
      const group: Group = { clientId: `app-${number}`, tokens: [] }
      for (let user = 1; user <= USERS_PER_GROUP; user++) {
        for (let session = 1; session <= SESSIONS_PER_USER; session++) {
          const sub = `user-${number}-${user}`
          await this.mintInto(group, { sub, sid: `${sub}-${session}` })
        }
      }
      this.#fresh.push(group)
    }
  }

  /** Mints one more token of a group: somebody logs in again. */
  async mintInto(group: Group, { sub, sid }: { readonly sub: string; readonly sid: string }): Promise<PooledToken> {
    const { token: bearer, jti, iat } = await this.#mint({ sub, sid, client_id: group.clientId })
    const claims = { sub, sid, client_id: group.clientId, jti }
    const index = this.#noted.push({ claims, iat }) - 1
    const pooled = { index, bearer, claims, mintedMs: performance.now() }
    this.#all.push(pooled)
    group.tokens.push(pooled)
    return pooled
  }

  /** A group that nothing has happened to; undefined if there is none left. */
  take(): Group | undefined {
    return this.#fresh.shift()
  }

  /** Something happened to these. */
  touched(tokens: readonly PooledToken[]): void {
    this.#recent = [...this.#recent, ...tokens].slice(-RECENT)
  }

  /** A token to ask about: every other time one of those that something happened to lately. */
  pick(random: Random): PooledToken | undefined {
    return (random.chance(0.5) && random.pick(this.#recent)) || random.pick(this.#all)
  }

  /** Those that may still be asked about; the others are dropped. */
  living(): readonly PooledToken[] {
    const sinceMs = performance.now() - RETIRED_AFTER_MS
    this.#all = this.#all.filter(({ mintedMs }) => mintedMs > sinceMs)
    this.#recent = this.#recent.filter(({ mintedMs }) => mintedMs > sinceMs)
    return this.#all
  }
}
