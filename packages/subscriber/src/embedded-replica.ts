import type { Applied, Denylist } from '@rescind/denylist'
import type { Cursor, Frame } from '@rescind/protocol'
import type { Replica, ReplicaOptions } from './replica-types.ts'

/** What the publisher needs of its own replica beside what everyone gets. The only difference is what it can see. */
export interface EmbeddedReplica extends Replica {
  /** Its random id, as presence names it. */
  readonly id: string
  /** The index. Read only: facts come in by the log alone. */
  readonly denylist: Denylist
  /** The largest `atMs` applied so far; 0 before any (R10). */
  readonly largestAtMs: number
  /** Asks for the head at once, as after a gap: for a publisher whose acknowledged frame did not come back yet. */
  nudge(): void
}

/** What happens inside a replica, told synchronously. Must not throw. */
export interface EmbeddedReplicaOptions extends ReplicaOptions {
  /** Revocations and lifts held at most (R16); 1 to `MAX_ENTRIES`, which is the default. */
  readonly maxEntries?: number
  /** A frame was applied: `applied[i]` is what became of `frame.facts[i]` at that instant (R10). */
  onApplied?(event: { readonly frame: Frame; readonly cursor: Cursor; readonly applied: readonly Applied[] }): void
  /** The log is another one than the cursor's, though its epoch is the same: it was rolled back. */
  onReplaced?(): void
}
