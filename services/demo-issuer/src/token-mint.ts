import { randomUUID } from 'node:crypto'
import { systemClock } from '@rescind/protocol'
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose'

/** What a token is asked for with: whose it is, and if wanted in which session and through which application. */
export interface AskedClaims {
  readonly sub: string
  readonly sid?: string
  readonly client_id?: string
  /** What it may do at a publisher that lets tokens of this issuer sign on. */
  readonly scope?: string
}

/** A token and the claims that one revokes it by. */
export interface MintedToken extends AskedClaims {
  readonly token: string
  readonly jti: string
  /** NumericDate. */
  readonly iat: number
}

/** A key and what is signed with it. The key is made at the start, lives in memory only, and ends with the process. */
export interface TokenMint {
  /** The public half, as verifiers fetch it (RFC 7517 section 5). */
  readonly jwks: JSONWebKeySet
  /** Mints an ES256 token of now. */
  mint(claims: AskedClaims): Promise<MintedToken>
}

/** Life of a token in seconds: below `MAX_EXPIRY`, as R17 wants it. */
const LIFETIME_SEC = 900

/** Makes a key that signs tokens of this `iss` and `aud`. */
export async function tokenMint(iss: string, audience: string): Promise<TokenMint> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const header = { alg: 'ES256', kid: randomUUID() }
  const mint: TokenMint['mint'] = async (claims) => {
    const iat = Math.floor(systemClock.now() / 1000)
    const jti = randomUUID()
    const token = await new SignJWT({ ...claims, jti })
      .setProtectedHeader(header)
      .setIssuer(iss)
      .setAudience(audience)
      .setIssuedAt(iat)
      .setExpirationTime(iat + LIFETIME_SEC)
      .sign(privateKey)
    return { ...claims, token, jti, iat }
  }
  return { jwks: { keys: [{ ...(await exportJWK(publicKey)), ...header, use: 'sig' }] }, mint }
}
