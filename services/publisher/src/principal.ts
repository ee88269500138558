/** What whoever calls may do. */
export const SCOPES = ['revocations:write', 'revocations:read', 'snapshot:read'] as const

/** One of {@link SCOPES}. */
export type Scope = (typeof SCOPES)[number]

/** Who makes a request, authenticated. */
export interface Principal {
  /** Differs from every other principal's, however each signed on: idempotency keys and rates are counted by it. */
  readonly id: string
  /** Stands in facts as `actor`, and in log lines; 1 to 256 characters. */
  readonly name: string
  /** How it showed who it is. */
  readonly signOn: 'key' | 'token' | 'none'
  readonly scopes: ReadonlySet<Scope>
  /**
   * Asks once more whether its token is revoked (R22): the body may have come long after the headers. Throws the problem
   * to answer with. Absent if there is no token.
   */
  confirm?(): void
}

/**
 * What the `actor` of somebody who signed on by token begins with. No key may be named so: an audit must tell the key
 * "ann" from a user who registered as "ann".
 */
export const TOKEN_ACTOR = 'jwt:'

/** Everyone, while no credentials are configured; only on a loopback address. */
export const ANYONE: Principal = { id: 'anyone', name: 'anyone', signOn: 'none', scopes: new Set(SCOPES) }
