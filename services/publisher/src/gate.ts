import type { Clock } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import { AdminTokens } from './admin-tokens.ts'
import type { PublisherConfig } from './config.ts'
import { KeyRing } from './keys.ts'
import { DEFAULT_RATE_LIMIT, MAX_RATED_PRINCIPALS } from './limits.ts'
import { RateLimit } from './rate-limit.ts'
import { RefusalRates } from './refusal-rates.ts'
import { SignOn } from './sign-on.ts'

/** What a request must pass: who may do what, and how often. */
export interface Gate {
  readonly signOn: SignOn
  /** By principal; absent if rates are not limited. */
  readonly rates?: RateLimit
}

/** The gate that was configured. `ERR_INVALID_OPTION` if the admin issuer cannot be what it says. */
export function makeGate(config: PublisherConfig, replica: Pick<Replica, 'refusal'>, clock: Clock): Gate {
  const { admin, issuers, keys, rateLimit = DEFAULT_RATE_LIMIT } = config
  const tokens = admin && new AdminTokens({ admin, issuers, replica, clock })
  const signOn = new SignOn({ keys: new KeyRing(keys), refusals: new RefusalRates(clock), ...(tokens && { tokens }) })
  if (rateLimit === 0) return { signOn }
  return { signOn, rates: new RateLimit({ perSec: rateLimit, maxNames: MAX_RATED_PRINCIPALS, clock }) }
}
