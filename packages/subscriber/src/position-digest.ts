import type { Denylist } from '@rescind/denylist'
import { type Clock, type Cursor, limits, sameCursor } from '@rescind/protocol'

/** Where a replica stands, as far as a digest depends on it. */
export interface Position {
  readonly cursor: Cursor
  /** The largest `atMs` of the frames up to the cursor: the same on every replica that stands there. */
  readonly newestAtMs: number
  /** The deployment's key, which came with the head. */
  readonly fingerprintKey: string
}

/** A digest, and the time that it is of. Two compare if they are of one cursor and of one time. */
export interface DigestAt {
  readonly asOfMs: number
  /** 16 hexadecimal digits. */
  readonly value: string
}

/** What a {@link PositionDigest} looks at. */
export interface PositionDigestParts {
  readonly denylist: Denylist
  readonly clock: Clock
  /** Where the replica stands, or undefined while its index is not exactly what the cursor stands for. */
  position(): Position | undefined
  /** What expired at or before this may have been deleted. */
  deletedUpToMs(): number
}

/**
 * The digest of the index at the replica's position, so that anybody can see whether all replicas hold the same. It is
 * computed in the background, a slice at a time, for the cursor at which it began: if a frame is applied meanwhile, what
 * there is of it is worthless and dropped.
 *
 * It is of a time a little ahead of the newest frame, and only good while nothing that expires later has been deleted:
 * when a replica deletes is its own affair, and must not tell it from others.
 */
export class PositionDigest {
  readonly #parts: PositionDigestParts
  #last: { readonly cursor: Cursor; readonly digest: DigestAt } | undefined
  #computing = false
  #dueMs = Number.NEGATIVE_INFINITY

  constructor(parts: PositionDigestParts) {
    this.#parts = parts
  }

  /** The digest at this very cursor, if there is one. */
  at(cursor: Cursor): DigestAt | undefined {
    return this.#last && sameCursor(this.#last.cursor, cursor) ? this.#last.digest : undefined
  }

  /** Begins one if it is due and the cursor has none; called some times a second. */
  tick(): void {
    if (this.#computing || this.#parts.clock.monotonic() < this.#dueMs) return
    const position = this.#parts.position()
    if (position === undefined || this.at(position.cursor) !== undefined) return
    void this.#compute(position)
  }

  /** Never rejects: the walk and what it looks at do not throw. */
  async #compute(position: Position): Promise<void> {
    const { denylist, clock } = this.#parts
    const asOfMs = Math.min(position.newestAtMs + limits.DIGEST_AHEAD_MS, limits.MAX_TIME_MS)
    const startedMs = clock.monotonic()
    let busyMs = 0
    this.#computing = true
    const walk = denylist.digest(asOfMs, position.fingerprintKey)
    while (this.#holds(position, asOfMs)) {
      const sliceMs = clock.monotonic()
      const { done, value } = walk.next()
      const tookMs = clock.monotonic() - sliceMs
      busyMs += tookMs
      if (done) {
        this.#last = { cursor: position.cursor, digest: { asOfMs, value } }
        break
      }
      await breath(tookMs * limits.DIGEST_BREATH_FACTOR)
    }
    this.#computing = false
    this.#dueMs = startedMs + Math.max(limits.DIGEST_EVERY_MS, busyMs * limits.DIGEST_REST_FACTOR)
  }

  /** Is the index still what it was when the digest was begun, but for what the digest leaves out? */
  #holds({ cursor }: Position, asOfMs: number): boolean {
    const now = this.#parts.position()
    return now !== undefined && sameCursor(now.cursor, cursor) && this.#parts.deletedUpToMs() <= asOfMs
  }
}

/** Nobody waits for a digest: it must not keep a process alive. */
function breath(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
