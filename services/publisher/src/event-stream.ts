import type { Readable } from 'node:stream'
import type { StoredFrame } from '@rescind/log'
import { type Cursor, decodeFrame, formatCursor, isRescindError, parseCursor, sameCursor } from '@rescind/protocol'
import type { ReplicaStatus } from '@rescind/subscriber'
import type { AppliedFrame } from './applied-frames.ts'
import { EventQueue } from './event-queue.ts'
import { eventText, frameText, idText } from './event-text.ts'
import { MAX_CATCH_UP_FRAMES } from './limits.ts'
import type { Principal } from './principal.ts'
import { toProblem } from './problems.ts'

/** What a stream of events is made from. */
export interface EventStreamParts {
  readonly principal: Principal
  /** The `Last-Event-ID` of the request, of which nothing is trusted. */
  readonly lastEventId: string | undefined
  /** Of the publisher's own replica. */
  status(): ReplicaStatus
  /** Frames of the log, as `LogConnection.range`. */
  range(fromSeq: number, toSeq: number): AsyncIterable<StoredFrame>
  /** Bytes that may wait for the reader. */
  readonly maxBytes: number
  /** Told once. */
  onGone(): void
}

/** Why a reader is cut off, as the last event tells it. */
export interface Ending {
  readonly code: string
  readonly detail: string
}

const TOO_SLOW: Ending = {
  code: 'too_slow',
  detail: 'events came faster than they were read: resume after the last id',
}

/**
 * One reader of what the publisher's own replica applies. It has a place in the log, and is in one of three states:
 *
 * - `waiting` for the replica to be live. Then its place is where the replica is, or where it left off.
 * - `reading` what it missed from the log, frame by frame and no faster than it takes it. Nothing is queued for it meanwhile:
 *   it is behind, and whatever the replica applies is what it reads next. When it has read up to the very cursor of the
 *   replica, in one turn of the event loop, it is `live`: the next frame that is applied is the next one it gets, so there is
 *   no hole and no double.
 * - `live`: it gets each frame as it is applied. A frame that is not the next one puts it back to `waiting`, and it is told
 *   to begin anew (`reset`).
 */
export class EventStream {
  readonly #parts: EventStreamParts
  readonly #queue: EventQueue
  #state: 'waiting' | 'reading' | 'live' | 'ended' = 'waiting'
  /** The last frame told. */
  #at: Cursor | undefined
  /** Its frame's id was compared with the log's. */
  #isVerified = false
  /** Why it has to begin anew as soon as the replica is live. */
  #reset: string | undefined
  /** Where it stood at the last heartbeat, if that was ahead of the replica. */
  #aheadAt: Cursor | undefined

  constructor(parts: EventStreamParts) {
    this.#parts = parts
    this.#queue = new EventQueue(parts.maxBytes, () => {
      this.#state = 'ended'
      parts.onGone()
    })
    const { lastEventId } = parts
    this.#at = lastEventId ? parseCursor(lastEventId) : undefined
    if (lastEventId && this.#at === undefined) this.#reset = 'the Last-Event-ID is none of ours'
    // So that the client has the head of the answer at once.
    this.#queue.push(Buffer.from(': the events of the publisher\n\n'))
  }

  /** What its client reads. */
  get out(): Readable {
    return this.#queue.out
  }

  /** The replica has applied a frame; `text` makes its events, once for all streams. */
  applied({ frame, cursor }: AppliedFrame, text: () => Buffer): void {
    if (this.#state !== 'live' || this.#at === undefined) return
    const { epoch, seq, frameId } = this.#at
    if (cursor.epoch !== epoch) this.#startAnew('the log has become another one')
    else if (cursor.seq === seq && frame.frameId !== frameId) this.#startAnew('the log holds another frame there')
    else if (cursor.seq > seq + 1) this.#startAnew('frames were pruned from the log before they were read')
    // What is read again, or was told by another publisher that was ahead of this one.
    else if (cursor.seq <= seq) return
    else if (this.#isAllowed() && this.#push(text())) this.#at = cursor
  }

  /** Goes on if something has changed; called often. */
  tick(): void {
    if (this.#state === 'waiting') this.#begin()
  }

  /** Shows that both ends are there, and that its principal may still read. */
  heartbeat(): void {
    if (this.#state === 'ended' || !this.#isAllowed()) return
    this.#push(Buffer.from(': heartbeat\n\n'))
    if (this.#state === 'live') this.#lookAhead()
  }

  /** Tells why, and ends. */
  end(ending: Ending): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#queue.end(Buffer.from(`${eventText('closed', ending)}\n`))
  }

  #begin(): void {
    const cursor = this.#liveCursor()
    if (cursor === undefined || this.#state === 'ended') return
    if (this.#reset === undefined && this.#at !== undefined) {
      this.#state = 'reading'
      this.#catchUp().catch((error: unknown) => this.#interrupted(error))
      return
    }
    const text = this.#reset === undefined ? '' : eventText('reset', this.#reset)
    this.#reset = undefined
    this.#at = cursor
    this.#isVerified = true
    this.#state = 'live'
    this.#push(Buffer.from(text + idText(cursor)))
  }

  async #catchUp(): Promise<void> {
    while (this.#state === 'reading' && this.#at !== undefined) {
      const cursor = this.#liveCursor()
      const { epoch, seq } = this.#at
      if (cursor === undefined) this.#state = 'waiting'
      else if (cursor.epoch !== epoch) this.#startAnew('the log has become another one')
      // Another publisher was ahead of this one: what it told is passed over.
      else if (seq > cursor.seq) this.#state = 'live'
      else if (seq === cursor.seq) {
        if (sameCursor(this.#at, cursor)) this.#state = 'live'
        else this.#startAnew('the log holds another frame there')
      } else if (cursor.seq - seq > MAX_CATCH_UP_FRAMES) {
        this.#startAnew(`more than ${MAX_CATCH_UP_FRAMES} frames were missed`)
      } else await this.#read(this.#at, cursor)
    }
  }

  /** Reads up to a cursor. The frame where it left off is read first, if it must be compared. */
  async #read(from: Cursor, to: Cursor): Promise<void> {
    const isCompared = this.#isVerified || from.seq === 0
    for await (const { seq, bytes } of this.#parts.range(isCompared ? from.seq + 1 : from.seq, to.seq)) {
      if (this.#state !== 'reading' || !this.#isAllowed()) return
      const frame = decodeFrame(bytes)
      if (seq === from.seq) {
        if (frame.frameId !== from.frameId) return this.#startAnew('the log holds another frame there')
      } else {
        const at = { epoch: from.epoch, seq, frameId: frame.frameId }
        if (!this.#push(frameText(frame, at))) return
        this.#at = at
        await this.#queue.room()
      }
      this.#isVerified = true
    }
  }

  #interrupted(error: unknown): void {
    if (this.#state === 'ended') return
    const code = isRescindError(error) ? error.code : undefined
    if (code === 'ERR_LOG_PRUNED') this.#startAnew('frames were pruned from the log before they were read')
    else if (code === 'ERR_LOG_UNAVAILABLE')
      this.end({ code: 'log_unavailable', detail: 'the log is away: resume later' })
    else this.#startAnew('the log could not be read from there')
  }

  /** A place that the replica does not reach though it is live is none: there was another log when it was given. */
  #lookAhead(): void {
    const cursor = this.#liveCursor()
    const at = this.#at
    if (cursor === undefined || at === undefined || at.seq <= cursor.seq) this.#aheadAt = undefined
    else if (this.#aheadAt !== undefined && sameCursor(this.#aheadAt, at)) this.#startAnew('the log ends before')
    else this.#aheadAt = at
  }

  #startAnew(why: string): void {
    this.#reset = `${why} (${this.#at && formatCursor(this.#at)}): list what is live, then go on from here`
    this.#at = undefined
    this.#isVerified = false
    this.#aheadAt = undefined
    this.#state = 'waiting'
  }

  #liveCursor(): Cursor | undefined {
    const { state, cursor } = this.#parts.status()
    return state === 'live' ? cursor : undefined
  }

  /** R22: a stream outlives the look at its token. */
  #isAllowed(): boolean {
    try {
      this.#parts.principal.confirm?.()
      return true
    } catch (error) {
      const { code, message: detail } = toProblem(error)
      this.end({ code, detail })
      return false
    }
  }

  #push(bytes: Buffer): boolean {
    const isTaken = this.#queue.push(bytes)
    if (!isTaken) this.end(TOO_SLOW)
    return isTaken
  }
}
