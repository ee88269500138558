import type { Clock } from '@rescind/protocol'
import { MAX_RATED_NETWORKS, MAX_REFUSALS_OF_ALL_PER_SEC, MAX_REFUSALS_PER_SEC } from './limits.ts'
import { RateLimit } from './rate-limit.ts'

/** The one name under which all networks are counted together. */
const ALL = 'all'

/**
 * How many credentials may be refused with a look: so many a second of each network, and of all together, since whoever
 * forges may have thousands of networks to forge from.
 */
export class RefusalRates {
  readonly #byNetwork: RateLimit
  readonly #ofAll: RateLimit

  constructor(clock: Clock) {
    this.#byNetwork = new RateLimit({ perSec: MAX_REFUSALS_PER_SEC, maxNames: MAX_RATED_NETWORKS, clock })
    this.#ofAll = new RateLimit({ perSec: MAX_REFUSALS_OF_ALL_PER_SEC, maxNames: 1, clock })
  }

  /** Takes one look. Returns undefined, or, if none was left, after how many seconds to ask again: 1 or more, whole. */
  take(network: string): number | undefined {
    const byNetwork = this.#byNetwork.take(network)
    if (byNetwork !== undefined) return byNetwork
    const ofAll = this.#ofAll.take(ALL)
    if (ofAll !== undefined) this.#byNetwork.giveBack(network)
    return ofAll
  }

  /** Gives back a look that refused nothing. */
  giveBack(network: string): void {
    this.#byNetwork.giveBack(network)
    this.#ofAll.giveBack(ALL)
  }
}
