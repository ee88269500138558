import { type Clock, limits, Mistakes, RescindError } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import type { JSONWebKeySet } from 'jose'

/** The signature algorithms an issuer may be pinned to: asymmetric ones only (RFC 8725 section 3.1 and 3.2). */
export const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

/** One of {@link ALGORITHMS}. */
export type Algorithm = (typeof ALGORITHMS)[number]

/** One issuer whose tokens are accepted. */
export interface IssuerOptions {
  /** Exact `iss` of its tokens (R1). */
  readonly iss: string
  /** The token's `aud` must name this, or one of these. */
  readonly audience: string | readonly string[]
  /** What its tokens may be signed with. Required: a token must not choose for itself. */
  readonly algorithms: readonly Algorithm[]
  /** Longest `exp - iat` in milliseconds, the same as the publisher's for this issuer (R17); up to 400 days. */
  readonly maxExpiryMs: number
  /** Where it publishes its keys (RFC 7517 section 5). Either this or `jwks`. */
  readonly jwksUri?: string | URL
  /** Its public keys. Either this or `jwksUri`. */
  readonly jwks?: JSONWebKeySet
  /** Header `typ` its tokens must have, such as `at+jwt` (RFC 9068). Default: any, so an ID token would pass too. */
  readonly typ?: string
}

/** Options of `createVerifier`. */
export interface VerifierOptions {
  /** Asked about every token that is valid, on every call (R22). Stays open: whoever opened it closes it. */
  readonly replica: Pick<Replica, 'refusal'>
  /** At least one, each `iss` once. */
  readonly issuers: readonly IssuerOptions[]
  /**
   * How far `exp`, `nbf` and `iat` may be off, in milliseconds; 0 to 60,000, default 30,000. It must not exceed the
   * `leewayMs` that the publisher has for the issuer: facts are forgotten after that (R13).
   */
  readonly clockToleranceMs?: number
  /** How long fetching keys may take, in milliseconds; 100 to 60,000, default 5,000. */
  readonly jwksTimeoutMs?: number
  /** Default: the machine's clocks. */
  readonly clock?: Clock
}

/** Default of `clockToleranceMs`: what verifiers usually allow, half of the default leeway. */
export const DEFAULT_CLOCK_TOLERANCE_MS = 30_000

/** Default of `jwksTimeoutMs`. */
export const DEFAULT_JWKS_TIMEOUT_MS = 5_000

/** Throws `ERR_INVALID_OPTION` that lists everything wrong with the options, each with what to do. */
export function assertVerifierOptions(options: VerifierOptions): void {
  const mistakes = new Mistakes()
  if (typeof options?.replica?.refusal !== 'function') {
    mistakes.add(['replica'], 'required', 'give the replica that openReplica() resolved to')
  }
  range(mistakes, ['clockToleranceMs'], options?.clockToleranceMs, 0, limits.DEFAULT_LEEWAY_MS)
  range(mistakes, ['jwksTimeoutMs'], options?.jwksTimeoutMs, 100, 60_000)
  const issuers = Array.isArray(options?.issuers) ? (options.issuers as readonly IssuerOptions[]) : []
  if (issuers.length === 0) mistakes.add(['issuers'], 'required', 'list at least one issuer')
  const seen = new Set<string>()
  issuers.forEach((issuer, index) => {
    checkIssuer(mistakes, ['issuers', index], issuer)
    if (seen.has(issuer?.iss)) mistakes.add(['issuers', index, 'iss'], 'duplicate', 'list each issuer once')
    seen.add(issuer?.iss)
  })
  const [first] = mistakes.all
  if (first) {
    throw new RescindError('ERR_INVALID_OPTION', `${first.pointer}: ${first.detail}`, { mistakes: mistakes.all })
  }
}

type Path = readonly (string | number)[]

function checkIssuer(mistakes: Mistakes, path: Path, issuer: IssuerOptions): void {
  const audiences = ([] as unknown[]).concat(issuer?.audience)
  if (!isText(issuer?.iss)) mistakes.add([...path, 'iss'], 'required', 'give the exact iss of the tokens')
  if (audiences.length === 0 || !audiences.every(isText)) {
    mistakes.add([...path, 'audience'], 'required', 'name the audience that tokens for this API carry in aud')
  }
  if (issuer?.typ !== undefined && !isText(issuer.typ)) {
    mistakes.add([...path, 'typ'], 'wrong_type', 'give a media type such as at+jwt, or leave it out')
  }
  checkAlgorithms(mistakes, [...path, 'algorithms'], issuer?.algorithms)
  checkKeys(mistakes, path, issuer)
  if (issuer?.maxExpiryMs === undefined) {
    mistakes.add([...path, 'maxExpiryMs'], 'required', 'give the longest exp - iat of its tokens in milliseconds (R17)')
  }
  range(mistakes, [...path, 'maxExpiryMs'], issuer?.maxExpiryMs, 1, limits.MAX_LIFETIME_MS)
}

function checkAlgorithms(mistakes: Mistakes, path: Path, algorithms: unknown): void {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    mistakes.add(path, 'required', `list what its tokens may be signed with: ${ALGORITHMS.join(', ')}`)
    return
  }
  for (const [index, algorithm] of algorithms.entries()) {
    if (ALGORITHMS.includes(algorithm)) continue
    const why = 'none proves nothing, and with a shared secret whoever verifies can also sign'
    mistakes.add([...path, index], 'not_allowed', `use one of ${ALGORITHMS.join(', ')}: ${why}`)
  }
}

function checkKeys(mistakes: Mistakes, path: Path, issuer: IssuerOptions): void {
  if ((issuer?.jwksUri === undefined) === (issuer?.jwks === undefined)) {
    mistakes.add([...path, 'jwksUri'], 'required', 'give either jwksUri or jwks')
    return
  }
  if (issuer.jwks !== undefined) {
    checkKeySet(mistakes, [...path, 'jwks'], issuer.jwks)
  } else if (!/^https?:$/.test(URL.canParse(String(issuer.jwksUri)) ? new URL(String(issuer.jwksUri)).protocol : '')) {
    mistakes.add([...path, 'jwksUri'], 'wrong_type', 'give the http or https URL of its JWKS')
  }
}

function checkKeySet(mistakes: Mistakes, path: Path, jwks: JSONWebKeySet): void {
  if (!Array.isArray(jwks?.keys) || jwks.keys.length === 0) {
    mistakes.add(path, 'wrong_type', 'give a JSON Web Key Set: { keys: [ ... ] }')
    return
  }
  jwks.keys.forEach((key, index) => {
    if (!isText(key?.kty)) mistakes.add([...path, 'keys', index], 'wrong_type', 'give a JSON Web Key, with kty')
    // `d` is the private part of EC, OKP and RSA keys; `k` is a shared secret (RFC 7518 section 6).
    if (key?.d !== undefined || key?.k !== undefined) {
      mistakes.add(
        [...path, 'keys', index],
        'not_allowed',
        'give the public key only: a verifier must not hold a secret',
      )
    }
  })
}

function range(mistakes: Mistakes, path: Path, value: unknown, min: number, max: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max))
    return
  mistakes.add(path, 'out_of_range', `give a whole number of milliseconds from ${min} to ${max}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
