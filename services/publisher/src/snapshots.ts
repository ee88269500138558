import { type Clock, type Cursor, encodeSnapshot, RescindError, sameCursor } from '@rescind/protocol'
import type { EmbeddedReplica } from '@rescind/subscriber/internal'
import { SNAPSHOT_KEPT_MS } from './limits.ts'
import type { PublisherMetrics } from './metrics/publisher-metrics.ts'

/** The bytes of one snapshot, and where it stands. */
export interface BuiltSnapshot {
  readonly cursor: Cursor
  readonly bytes: Uint8Array
}

/** What building snapshots needs. */
export interface SnapshotsParts {
  readonly replica: EmbeddedReplica
  readonly clock: Clock
  /** Why the replica's image would not be whole, or undefined (R20). */
  refusal(): RescindError | undefined
  /** The log as it was last established. */
  identity(): { readonly epoch: string; readonly deployment: string } | undefined
  /** Told of each build. */
  readonly metrics?: PublisherMetrics
}

/** Images of the publisher's own replica (R20): one build for all who ask at once, kept while its cursor is the newest. */
export class Snapshots {
  readonly #parts: SnapshotsParts
  #kept: BuiltSnapshot | undefined
  #building: Promise<BuiltSnapshot> | undefined
  #forgetting: NodeJS.Timeout | undefined

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /** Where a snapshot would stand now. Throws `ERR_SNAPSHOT_UNAVAILABLE` if none is to be had. */
  cursor(): Cursor {
    return this.#position().cursor
  }

  /** The snapshot. Rejects with `ERR_SNAPSHOT_UNAVAILABLE` if the replica is not whole, or ceases to be meanwhile. */
  async current(): Promise<BuiltSnapshot> {
    const { cursor, deployment } = this.#position()
    if (this.#kept && sameCursor(this.#kept.cursor, cursor)) return this.#kept
    this.#building ??= this.#measured(cursor, deployment).finally(() => {
      this.#building = undefined
    })
    return this.#building
  }

  /** Lets go of what is kept. */
  close(): void {
    clearTimeout(this.#forgetting)
    this.#kept = undefined
  }

  #position(): { cursor: Cursor; deployment: string } {
    const refusal = this.#parts.refusal()
    if (refusal) throw unavailable(refusal.message, refusal)
    const { cursor } = this.#parts.replica.status
    const identity = this.#parts.identity()
    if (cursor === undefined || identity?.epoch !== cursor.epoch)
      throw unavailable('the log has just changed its epoch')
    return { cursor, deployment: identity.deployment }
  }

  async #measured(cursor: Cursor, deployment: string): Promise<BuiltSnapshot> {
    const { clock, metrics } = this.#parts
    const beganMs = clock.monotonic()
    try {
      const built = await this.#build(cursor, deployment)
      metrics?.recordSnapshot(clock.monotonic() - beganMs, built.bytes.length)
      return built
    } catch (error) {
      metrics?.countSnapshotFailure()
      throw error
    }
  }

  /** What is applied while the image is made may or may not be in it: the cursor is that of before (R9, R11). */
  async #build(cursor: Cursor, deployment: string): Promise<BuiltSnapshot> {
    const { denylist, largestAtMs: newestAtMs } = this.#parts.replica
    const stated = { deployment, cursor, newestAtMs, entries: denylist.size }
    const chunks: Uint8Array[] = []
    for (const chunk of denylist.image()) {
      chunks.push(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const refusal = this.#parts.refusal()
    if (refusal) throw unavailable(refusal.message, refusal)
    // Now, not before: what was swept from the index meanwhile is missing, too.
    const takenAtMs = this.#parts.clock.now()
    const { bytes } = encodeSnapshot({ ...stated, takenAtMs }, Buffer.concat(chunks))
    this.#keep({ cursor, bytes })
    return { cursor, bytes }
  }

  /** Not for ever: the bytes are as large as the index, and what expired since need not be sent. */
  #keep(built: BuiltSnapshot): void {
    clearTimeout(this.#forgetting)
    this.#kept = built
    this.#forgetting = setTimeout(() => {
      this.#kept = undefined
    }, SNAPSHOT_KEPT_MS)
    // Nothing waits for it: it must not hold up a process that wants to end.
    this.#forgetting.unref()
  }
}

function unavailable(why: string, cause?: RescindError): RescindError {
  return new RescindError('ERR_SNAPSHOT_UNAVAILABLE', why, cause === undefined ? {} : { cause })
}
