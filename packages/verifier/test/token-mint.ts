import { manualClock } from '@rescind/protocol'
import type { Refusal, Replica } from '@rescind/subscriber'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** Issuer, audience and lifetime that all these tests use. */
export const ISS = 'https://id.example'
export const AUD = 'https://api.example'
export const MAX_EXPIRY_MS = 3_600_000

/** Wall clock at the start of a test: a whole second, so that claims are easy to read. */
export const START_SEC = 1_767_225_600
export const clockAtStart = () => manualClock(START_SEC * 1_000)

/** A key pair whose public half is a JWK with a kid. */
export interface MintKey {
  readonly alg: string
  readonly kid: string
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
}

export async function mintKey(alg: string, kid: string): Promise<MintKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** A good token of ann: issued at the start, one hour long. An override of undefined takes a claim out. */
export function mint(key: MintKey, claims: object = {}, header: Record<string, unknown> = {}): Promise<string> {
  const payload = { iss: ISS, aud: AUD, sub: 'ann', iat: START_SEC, exp: START_SEC + 3_600, ...claims } as JWTPayload
  return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey)
}

/** A replica that counts how often it is asked, and refuses as it is told. */
export function replicaThat(refusal: () => Refusal | undefined = () => undefined) {
  const asked: Parameters<Replica['refusal']>[] = []
  const replica: Pick<Replica, 'refusal'> = {
    refusal(...question) {
      asked.push(question)
      return refusal()
    },
  }
  return { replica, asked }
}

/** What a replica answers about a revoked token. */
export const REVOKED: Refusal = {
  status: 401,
  code: 'token_revoked',
  challenge: 'Bearer error="invalid_token", error_description="The access token was revoked"',
  verdict: { kind: 'revoked', reason: 'logged_out', mode: 'block', claims: ['jti'] },
}

/** What a replica answers when it does not know and rejects. */
export const UNAVAILABLE: Refusal = {
  status: 503,
  code: 'revocation_state_unavailable',
  challenge: '',
  retryAfterSec: 2,
  verdict: { kind: 'unknown', cause: 'stale' },
}
