import type { Denylist } from '@rescind/denylist'
import { type Issuer, type IssuerPolicy, isRescindError } from '@rescind/protocol'
import type { Logger } from '@rescind/subscriber'
import type { Outbox } from './outbox.ts'

/** What publishing the issuers needs. */
export interface IssuerFactsParts {
  readonly issuers: readonly IssuerPolicy[]
  readonly denylist: Denylist
  readonly outbox: Outbox
  readonly logger: Logger
}

/**
 * Publishes the configured issuers, so that replicas need no configuration of theirs: at start what is absent or
 * different, and everything once more whenever the log has become another one, which may hold none. Not more often: two
 * publishers that are configured differently must not overwrite each other for ever.
 */
export class IssuerFacts {
  readonly #parts: IssuerFactsParts
  #publishedIn: string | undefined
  #working: Promise<void> | undefined
  #differing = ''

  constructor(parts: IssuerFactsParts) {
    this.#parts = parts
  }

  /** True once the log of this epoch has the configured issuers. */
  publishedIn(epoch: string | undefined): boolean {
    return epoch !== undefined && this.#publishedIn === epoch
  }

  /** Publishes them if that is due; called often, while the own replica is live in `epoch`. */
  tick(epoch: string): void {
    if (this.#working) return
    if (this.publishedIn(epoch)) {
      this.#compare()
      return
    }
    this.#working = this.#publish(epoch).finally(() => {
      this.#working = undefined
    })
  }

  /** Another publisher may be configured otherwise, and the newest fact is what replicas go by. Told once for each case. */
  #compare(): void {
    const { issuers, denylist, logger } = this.#parts
    const differing = issuers.filter((policy) => !sameLifetimes(policy, denylist.issuer(policy.iss)))
    const named = JSON.stringify(differing.map(({ iss }) => [iss, denylist.issuer(iss)]))
    if (named === this.#differing) return
    this.#differing = named
    if (differing.length === 0) return
    const fields = differing.map((configured) => ({ configured, onTheLog: denylist.issuer(configured.iss) }))
    logger.warn({ issuers: fields }, 'another publisher gives issuers other lifetimes: of each the larger counts here')
  }

  async #publish(epoch: string): Promise<void> {
    const { issuers, denylist, outbox, logger } = this.#parts
    const first = this.#publishedIn === undefined
    const due = first ? issuers.filter((policy) => !sameLifetimes(policy, denylist.issuer(policy.iss))) : issuers
    try {
      const planned = due.map((policy) => {
        return { build: (atMs: number): Issuer => ({ kind: 'issuer', ...policy, atMs }), fixed: true }
      })
      if (due.length > 0) await outbox.submit('issuer', planned, { patient: true })
      this.#publishedIn = epoch
      logger.info({ issuers: due.map(({ iss }) => iss) }, due.length > 0 ? 'issuers published' : 'issuers are known')
    } catch (error) {
      // The gate that refused it says so in readiness; the next tick tries again.
      logger.debug({ err: error, code: isRescindError(error) ? error.code : undefined }, 'issuers not published yet')
    }
  }
}

function sameLifetimes(policy: IssuerPolicy, known: Issuer | undefined): boolean {
  return (
    known !== undefined &&
    known.maxExpiryMs === policy.maxExpiryMs &&
    known.maxSessionMs === policy.maxSessionMs &&
    known.clockSkewMs === policy.clockSkewMs &&
    known.leewayMs === policy.leewayMs
  )
}
