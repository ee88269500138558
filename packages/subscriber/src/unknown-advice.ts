import type { UnknownCause } from '@rescind/protocol'
import type { Logger } from './replica-types.ts'

/** What to do about tokens that no proof would make known: each is a mistake in a configuration, not an outage (R18). */
const ADVICE: Partial<Record<UnknownCause, string>> = {
  no_issuer:
    'tokens come without a string "iss": set the option issuer, or give the verified payload as it is (with formatUser of @fastify/jwt: by getToken)',
  unmanaged_issuer:
    'tokens come from an issuer that no publisher manages: configure it there, or list it in unmanagedIssuers',
  outlives_facts:
    'tokens come without "iat" or "exp", or live longer than the maxExpiry that the publisher has for their issuer: raise it there first',
  no_header:
    'tokens come without their header while a signing key of their issuer is revoked: give protectedHeader, too',
  bounds:
    'tokens come with more values in their claims than are looked at (32 of an array, 64 combinations of a match)',
}

/**
 * Says once for each such cause what to do, when time allows and not within a check, which does no I/O (R21). Without it
 * every request would be answered 503 for ever, and nothing would tell why.
 */
export class UnknownAdvice {
  readonly #seen = new Set<UnknownCause>()
  readonly #told = new Set<UnknownCause>()

  /** Notes the cause of an `unknown`. */
  note(cause: UnknownCause): void {
    this.#seen.add(cause)
  }

  /** Tells what was noted and not told yet. */
  tell(logger: Logger): void {
    for (const cause of this.#seen) {
      const advice = ADVICE[cause]
      if (advice !== undefined && !this.#told.has(cause)) logger.warn({ cause }, `unknown, ${cause}: ${advice}`)
      this.#told.add(cause)
    }
    this.#seen.clear()
  }
}
