import { type Clock, limits, numericDateToMs, outlivesFacts, systemClock } from '@rescind/protocol'
import type { WhenUnknown } from '@rescind/subscriber'
import { decodeJwt, type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { readBearer } from './bearer.ts'
import { refusedByError } from './jose-errors.ts'
import { keySource } from './key-source.ts'
import { type Refused, type RefusedCode, refused, refusedByReplica } from './refused.ts'
import {
  assertVerifierOptions,
  DEFAULT_CLOCK_TOLERANCE_MS,
  DEFAULT_JWKS_TIMEOUT_MS,
  type IssuerOptions,
  type VerifierOptions,
} from './verifier-options.ts'

/** A token whose signature, issuer, audience, times and lifetime are verified, and that was not revoked just now. */
export interface Verified {
  readonly kind: 'verified'
  readonly payload: JWTPayload
  readonly protectedHeader: JWTHeaderParameters
}

/** What a single call may change. */
export interface VerifyOptions {
  /** What an unknown answer of the replica means for this request (R18). Default: as the replica was opened. */
  readonly whenUnknown?: WhenUnknown
}

/** Bearer token in, verified and unrevoked token out. */
export interface Verifier {
  /** Verifies the value of an `Authorization` header. Never rejects: whatever is wrong is a {@link Refused}. */
  verify(authorization: string | undefined, options?: VerifyOptions): Promise<Verified | Refused>
  /** The same for a token that came another way, such as in a message that opens a WebSocket. Never rejects. */
  verifyToken(token: string, options?: VerifyOptions): Promise<Verified | Refused>
  /** Plain numbers as of now, to be measured with whatever you measure with. */
  stats(): VerifierStats
}

/** What has come of all calls so far. Each only ever grows. */
export interface VerifierStats {
  /** Calls that were verified. */
  readonly verified: number
  /** Calls that were refused, by code; a code that never was is absent. */
  readonly refused: Readonly<Partial<Record<RefusedCode, number>>>
}

/** Makes a {@link Verifier}. Throws `ERR_INVALID_OPTION`, which lists every mistake. Nothing is fetched yet. */
export function createVerifier(options: VerifierOptions): Verifier {
  assertVerifierOptions(options)
  const clock = options.clock ?? systemClock
  const toleranceMs = options.clockToleranceMs ?? DEFAULT_CLOCK_TOLERANCE_MS
  const timeoutMs = options.jwksTimeoutMs ?? DEFAULT_JWKS_TIMEOUT_MS
  const issuers = new Map<string, IssuerTerms>()
  for (const issuer of options.issuers) {
    issuers.set(issuer.iss, { ...issuer, getKey: keySource(issuer, timeoutMs, clock), toleranceMs, clock })
  }

  let verified = 0
  const refusals: Partial<Record<RefusedCode, number>> = {}
  const counted = (result: Verified | Refused): Verified | Refused => {
    if (result.kind === 'verified') verified += 1
    else refusals[result.code] = (refusals[result.code] ?? 0) + 1
    return result
  }

  async function judge(token: string, each?: VerifyOptions): Promise<Verified | Refused> {
    const result = await verifyBySignature(token, issuers)
    if (result.kind === 'refused') return result
    // R22: on every call, and after the last await, so that nothing revoked in between slips through.
    const refusal = options.replica.refusal(result, each?.whenUnknown ? { whenUnknown: each.whenUnknown } : {})
    return refusal ? refusedByReplica(refusal) : result
  }

  return {
    verifyToken: async (token, each) => counted(await judge(token, each)),
    async verify(authorization, each) {
      const token = readBearer(authorization)
      return counted(typeof token === 'string' ? await judge(token, each) : token)
    },
    stats: () => ({ verified, refused: { ...refusals } }),
  }
}

interface IssuerTerms extends IssuerOptions {
  readonly getKey: JWTVerifyGetKey
  readonly toleranceMs: number
  readonly clock: Clock
}

/** Everything but the replica. Takes a token of which nothing has been verified. */
async function verifyBySignature(
  token: string,
  issuers: ReadonlyMap<string, IssuerTerms>,
): Promise<Verified | Refused> {
  if (typeof token !== 'string') return refused('token_malformed')
  if (token.length > limits.MAX_TOKEN_LENGTH) return refused('token_too_long')
  try {
    // Not verified yet: it only chooses whose keys and terms the token is then verified against, `iss` included.
    const { iss } = decodeJwt(token)
    const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined
    if (!issuer) return refused('issuer_unknown')
    const { payload, protectedHeader } = await jwtVerify(token, issuer.getKey, {
      issuer: issuer.iss,
      audience: typeof issuer.audience === 'string' ? issuer.audience : [...issuer.audience],
      algorithms: [...issuer.algorithms],
      requiredClaims: ['exp', 'iat'],
      clockTolerance: issuer.toleranceMs / 1_000,
      currentDate: new Date(issuer.clock.now()),
      ...(issuer.typ !== undefined && { typ: issuer.typ }),
    })
    return refusedByLifetime(payload, issuer) ?? { kind: 'verified', payload, protectedHeader }
  } catch (error) {
    return refusedByError(error)
  }
}

/**
 * R17: a token that lives longer than its issuer's `maxExpiry` outlives the facts about it. One from the future could
 * not be cut off by a cutoff of today (R4). One that is over by the millisecond may be over for the facts, too: `jose`
 * compares whole seconds (R13). Takes claims that have been verified.
 */
function refusedByLifetime(payload: JWTPayload, issuer: IssuerTerms): Refused | undefined {
  if (outlivesFacts(payload, issuer.maxExpiryMs)) return refused('token_outlives_facts')
  if (issuer.clock.now() >= numericDateToMs(payload.exp ?? 0) + issuer.toleranceMs) return refused('token_expired')
  const issuedMs = numericDateToMs(payload.iat ?? 0)
  return issuedMs > issuer.clock.now() + issuer.toleranceMs ? refused('token_not_yet_valid') : undefined
}
