import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type AdminTokens, looksLikeToken } from './admin-tokens.ts'
import { challenge } from './challenge.ts'
import type { KeyRing } from './keys.ts'
import { MAX_KNOWN_TOKENS } from './limits.ts'
import { networkOf } from './network.ts'
import { ANYONE, type Principal } from './principal.ts'
import { Problem } from './problems.ts'
import type { RateLimit } from './rate-limit.ts'

/** What signing on needs. */
export interface SignOnParts {
  readonly keys: KeyRing
  /** Absent: nobody signs on by token. */
  readonly tokens?: AdminTokens
  /** How many credentials may be refused, by network. */
  readonly refusals: Pick<RateLimit, 'take' | 'giveBack'>
}

const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i

/**
 * Tells who makes a request: by a static key, or by a token of the company's own issuer.
 *
 * A refusal costs: verifying a signature is what a stranger can make us do most of. So each network has only so many
 * refusals in a second, and all together, and after that gets 429 without a look. What is known to be good is looked at all the same: a
 * configured key always, and a token that was good the last time. A flood from behind the same load balancer must not
 * keep anyone from revoking.
 */
export class SignOn {
  readonly #parts: SignOnParts
  /** Digests of tokens that were good the last time. It only lets them past the bound: each is verified on every call. */
  readonly #knownTokens = new LRUCache<string, true>({ max: MAX_KNOWN_TOKENS })

  constructor(parts: SignOnParts) {
    this.#parts = parts
  }

  /** True if no credentials are configured, keys or tokens: then everyone on the loopback address may do everything. */
  get isOpen(): boolean {
    return this.#parts.keys.isEmpty && this.#parts.tokens === undefined
  }

  /**
   * Who sends this `Authorization` header, of which nothing is trusted, from this address. Throws 401 without credentials
   * that we know (RFC 6750 section 3), 429 after too many of those, 503 if it cannot be known now.
   */
  async authenticate(header: string | undefined, address: string): Promise<Principal> {
    if (this.isOpen) return ANYONE
    const credential = BEARER.exec(header ?? '')?.[1]
    if (credential === undefined) throw this.#required()
    const { keys, tokens } = this.#parts
    if (tokens && looksLikeToken(credential)) return this.#byToken(credential, tokens, networkOf(address))
    const principal = keys.find(credential)
    if (principal) return principal
    this.#takeRefusal(networkOf(address))
    throw unknownKey()
  }

  /**
   * The refusal is taken before the token is looked at, and given back if there is none: otherwise a thousand requests
   * at once would all pass before the first is refused.
   */
  async #byToken(token: string, tokens: AdminTokens, network: string): Promise<Principal> {
    const digest = createHash('sha256').update(token).digest('base64')
    const known = this.#knownTokens.get(digest) === true
    if (!known) this.#takeRefusal(network)
    try {
      const principal = await tokens.principalOf(token)
      this.#knownTokens.set(digest, true)
      if (!known) this.#parts.refusals.giveBack(network)
      return principal
    } catch (error) {
      const isOutage = error instanceof Problem && error.status === 503
      if (!isOutage) this.#knownTokens.delete(digest)
      else if (!known) this.#parts.refusals.giveBack(network)
      throw error
    }
  }

  #takeRefusal(network: string): void {
    const retryAfterSec = this.#parts.refusals.take(network)
    if (retryAfterSec === undefined) return
    const detail = 'too many credentials from your network were refused: send good ones, or ask again later'
    throw new Problem('rate_limited', detail, { headers: { 'retry-after': String(retryAfterSec) } })
  }

  #required(): Problem {
    const token = this.#parts.tokens ? `, or a token of ${this.#parts.tokens.issuer}` : ''
    const detail = `send a key: "Authorization: Bearer rsk_…"${token}`
    // No error code in the challenge: the client gave nothing that could be wrong (RFC 6750 section 3.1).
    return new Problem('credentials_required', detail, { headers: { 'www-authenticate': challenge() } })
  }
}

function unknownKey(): Problem {
  const headers = { 'www-authenticate': challenge({ error: 'invalid_token' }) }
  return new Problem('invalid_credentials', 'this key is not configured here', {
    headers,
    logged: { reason: 'key_unknown' },
  })
}
