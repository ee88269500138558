import type { Clock, IssuerPolicy } from '@rescind/protocol'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import type { LogicalTime } from './logical-time.ts'
import type { PublisherMetrics } from './metrics/publisher-metrics.ts'
import type { Outbox } from './outbox.ts'
import type { Receipts } from './receipts.ts'
import type { Store } from './store/store.ts'

/** What turning a request into facts needs. */
export interface Publishing {
  /** The configured issuers, by their exact `iss` (R1), with the lifetimes that count now. */
  issuers(): ReadonlyMap<string, IssuerPolicy>
  readonly replica: EmbeddedReplica
  readonly outbox: Outbox
  readonly time: LogicalTime
  readonly receipts: Receipts
  readonly metrics: PublisherMetrics
  readonly store: Store
  /** The latest that it may be now, by our clock or the broker's. */
  latestNowMs(): number
  /** The earliest. */
  earliestNowMs(): number
  readonly clock: Clock
}
