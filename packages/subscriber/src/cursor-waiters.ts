import { type Cursor, RescindError } from '@rescind/protocol'
import type { FollowState } from './follow-state.ts'
import { hasReached } from './follow-table.ts'

interface Waiter {
  readonly cursor: Cursor
  /** On the monotonic clock. What was proved later knows of every cursor that could be named when the waiting began. */
  readonly sinceMs: number
  /** The replica was once in the cursor's epoch: should it leave it, the cursor is lost. */
  seenEpoch: boolean
  settle(error?: unknown): void
}

/** Who waits for a cursor to be reached, and when that has come true or cannot any more. */
export class CursorWaiters {
  readonly #waiters = new Set<Waiter>()

  /** How many wait. */
  get size(): number {
    return this.#waiters.size
  }

  /** Resolves once `look` is called with a state that has reached the cursor. */
  wait(cursor: Cursor, state: FollowState, nowMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => waiter.settle(signal?.reason)
      const waiter: Waiter = {
        cursor,
        sinceMs: nowMs,
        seenEpoch: false,
        settle: (error) => {
          this.#waiters.delete(waiter)
          signal?.removeEventListener('abort', abort)
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
      consider(waiter, state)
    })
  }

  /** The replica has moved. */
  look(state: FollowState): void {
    for (const waiter of this.#waiters) consider(waiter, state)
  }

  /** The replica is closed. */
  close(): void {
    for (const waiter of this.#waiters) waiter.settle(closed())
  }
}

function consider(waiter: Waiter, state: FollowState): void {
  const error = state.phase.kind === 'closed' ? closed() : lost(waiter, state)
  if (error !== undefined) waiter.settle(error)
  else if (hasReached(state, waiter.cursor)) waiter.settle()
}

/** Why the cursor can never be reached any more, if so. */
function lost(waiter: Waiter, state: FollowState): RescindError | undefined {
  if (state.cursor === undefined || state.lost) return undefined
  const { epoch, seq, frameId } = state.cursor
  if (epoch !== waiter.cursor.epoch) {
    const isOver = waiter.seenEpoch || (state.provedAtMs ?? Number.NEGATIVE_INFINITY) > waiter.sinceMs
    return isOver ? new RescindError('ERR_CURSOR_FOREIGN', 'the log has begun a new epoch') : undefined
  }
  waiter.seenEpoch = true
  if (seq !== waiter.cursor.seq || frameId === waiter.cursor.frameId) return undefined
  return new RescindError('ERR_CURSOR_FOREIGN', `another frame lies at ${seq}`)
}

function closed(): RescindError {
  return new RescindError('ERR_CLOSED', 'the replica was closed')
}
