import type { Clock, IssuerPolicy } from '@rescind/protocol'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import type { Appender } from './appender.ts'
import type { LogicalTime } from './logical-time.ts'
import type { Readiness } from './readiness.ts'
import type { Receipts } from './receipts.ts'

/** What turning a request into facts needs. */
export interface Publishing {
  /** The configured issuers, by their exact `iss` (R1), with the lifetimes that count now. */
  issuers(): ReadonlyMap<string, IssuerPolicy>
  readonly replica: EmbeddedReplica
  readonly appender: Appender
  readonly time: LogicalTime
  readonly readiness: Readiness
  readonly receipts: Receipts
  readonly clock: Clock
}
