import { type Clock, type IssuerPolicy, isWellFormed, limits, numericDateToMs, RescindError } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import { type Algorithm, createVerifier, type Refused, type Verified, type Verifier } from '@rescind/verifier'
import { challenge } from './challenge.ts'
import { MAX_TOKEN_CLOCK_TOLERANCE_MS } from './limits.ts'
import { type Principal, TOKEN_ACTOR } from './principal.ts'
import { Problem } from './problems.ts'
import { scopesOf } from './token-scopes.ts'

/** Whose tokens sign on to the publisher's API. */
export interface AdminIssuer {
  /** Exact `iss`; one of the publisher's own issuers, because only their tokens can be revoked. */
  readonly issuer: string
  /** What a token must name in `aud`: this API. */
  readonly audience: string
  /** Where the issuer publishes its keys (RFC 7517 section 5): http or https. */
  readonly jwksUrl: string
  /** Signature algorithms that are accepted, all asymmetric. */
  readonly algorithms: readonly Algorithm[]
  /** Header `typ` that a token must have, such as `at+jwt` (RFC 9068). Default: any. */
  readonly typ?: string
}

/** What signing on by token needs. */
export interface AdminTokensParts {
  readonly admin: AdminIssuer
  readonly issuers: readonly IssuerPolicy[]
  /** The publisher's own: a revoked admin is refused here, too (R22). */
  readonly replica: Pick<Replica, 'refusal'>
  readonly clock: Clock
}

/** Characters of a `sub`, so that the `actor` made of it fits into a fact. */
const MAX_SUBJECT_LENGTH = limits.MAX_PRINCIPAL_LENGTH - TOKEN_ACTOR.length

/** Why the configured admin issuer cannot be trusted with admins, whatever its tokens say; or undefined. */
export function unmanagedAdmin(issuer: string, issuers: readonly string[]): string | undefined {
  if (issuers.includes(issuer)) return undefined
  const known = issuers.map((iss) => JSON.stringify(iss)).join(', ')
  return `must be one of the configured issuers (${known}): only their tokens can be revoked, so of another's the publisher could not tell whether an admin still is one`
}

/** Admins who sign on with a JWT of the company's own issuer. */
export class AdminTokens {
  /** The exact `iss` that it takes. */
  readonly issuer: string
  readonly #verifier: Verifier
  readonly #replica: Pick<Replica, 'refusal'>
  readonly #clock: Clock
  /** A token must not be taken for longer than facts about it are kept (R13). */
  readonly #toleranceMs: number

  /** Throws `ERR_INVALID_OPTION` if the issuer is none of the publisher's, or another option is wrong. */
  constructor({ admin, issuers, replica, clock }: AdminTokensParts) {
    const policy = issuers.find(({ iss }) => iss === admin.issuer)
    if (!policy) {
      const why = unmanagedAdmin(
        admin.issuer,
        issuers.map(({ iss }) => iss),
      )
      throw new RescindError('ERR_INVALID_OPTION', `admin.issuer ${why}`)
    }
    this.issuer = admin.issuer
    this.#replica = replica
    this.#clock = clock
    this.#toleranceMs = Math.min(MAX_TOKEN_CLOCK_TOLERANCE_MS, policy.leewayMs)
    this.#verifier = createVerifier({
      replica,
      clock,
      clockToleranceMs: this.#toleranceMs,
      issuers: [
        {
          iss: policy.iss,
          audience: admin.audience,
          algorithms: admin.algorithms,
          maxExpiryMs: policy.maxExpiryMs,
          jwksUri: admin.jwksUrl,
          ...(admin.typ !== undefined && { typ: admin.typ }),
        },
      ],
    })
  }

  /**
   * Who sends this token, of which nothing is trusted. Throws a 401 for whatever is wrong with the token, and a 503 if
   * that cannot be known now: our outage is nobody's logout (R18).
   */
  async principalOf(token: string): Promise<Principal> {
    const result = await this.#verifier.verifyToken(token, { whenUnknown: 'reject' })
    if (result.kind === 'refused') throw problemOf(result)
    const subject = subjectOf(result.payload.sub)
    return {
      id: `token:${subject}`,
      name: TOKEN_ACTOR + subject,
      signOn: 'token',
      scopes: scopesOf(result.payload),
      confirm: () => this.#confirm(result),
    }
  }

  #confirm(verified: Verified): void {
    // A stream outlives the token that opened it, and must not.
    const { exp } = verified.payload
    if (typeof exp === 'number' && this.#clock.now() >= numericDateToMs(exp) + this.#toleranceMs) {
      throw invalid('The access token has expired', 'token_expired')
    }
    const refusal = this.#replica.refusal(verified, { whenUnknown: 'reject' })
    if (!refusal) return
    if (refusal.code === 'token_revoked') throw invalid('The access token was revoked', refusal.code)
    throw unknown(refusal.code, refusal.retryAfterSec)
  }
}

/** True for what may be a signed JWT: three parts of base64url, the last of which is empty without a signature. */
export function looksLikeToken(credential: string): boolean {
  return /^[\w-]+\.[\w-]*\.[\w-]*$/.test(credential)
}

function problemOf({ status, code, detail, retryAfterSec }: Refused): Problem {
  if (status !== 503) return invalid(detail, code)
  return unknown(code === 'keys_unavailable' ? code : 'revocation_state_unavailable', retryAfterSec)
}

function invalid(detail: string, reason: string): Problem {
  const headers = { 'www-authenticate': challenge({ error: 'invalid_token', error_description: detail }) }
  return new Problem('invalid_credentials', detail, { headers, logged: { reason } })
}

const UNKNOWN = {
  keys_unavailable: 'the keys of your issuer cannot be fetched now, so your token cannot be verified: ask again',
  revocation_state_unavailable: 'it cannot be known now whether your token was revoked: ask again, or use a static key',
} as const

function unknown(code: keyof typeof UNKNOWN, retryAfterSec: number | undefined): Problem {
  const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) }
  return new Problem(code, UNKNOWN[code], { headers })
}

/** Never cut short: two admins whose names begin alike must not become one. */
function subjectOf(sub: unknown): string {
  if (typeof sub === 'string' && sub !== '' && sub.length <= MAX_SUBJECT_LENGTH && isWellFormed(sub)) return sub
  throw invalid(`The token needs a sub: text of 1 to ${MAX_SUBJECT_LENGTH} characters`, 'subject_invalid')
}
