import type { Readable } from 'node:stream'
import type { StoredFrame } from '@rescind/log'
import type { Clock } from '@rescind/protocol'
import type { ReplicaStatus } from '@rescind/subscriber'
import type { AppliedFrame } from './applied-frames.ts'
import { EventStream } from './event-stream.ts'
import { frameText } from './event-text.ts'
import type { HttpLimits } from './http-limits.ts'
import type { Principal } from './principal.ts'
import { Problem } from './problems.ts'

/** What the streams of events need. */
export interface EventStreamsParts {
  readonly clock: Clock
  readonly limits: Pick<HttpLimits, 'maxStreams' | 'maxStreamBytes' | 'heartbeatMs'>
  /** Of the publisher's own replica. */
  status(): ReplicaStatus
  /** Frames of the log, as `LogConnection.range`. */
  range(fromSeq: number, toSeq: number): AsyncIterable<StoredFrame>
}

/** Everybody who reads what the publisher's own replica applies. */
export class EventStreams {
  readonly #parts: EventStreamsParts
  /** With the time of their last heartbeat, on the monotonic clock. */
  readonly #open = new Map<EventStream, number>()
  /** Other long answers. */
  readonly #others = new Set<Readable>()
  #isClosed = false

  constructor(parts: EventStreamsParts) {
    this.#parts = parts
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size
  }

  /** Opens one; `too_many_streams` at the bound, `shutting_down` after the end. */
  open(principal: Principal, lastEventId: string | undefined): Readable {
    const { limits, clock, status, range } = this.#parts
    if (this.#isClosed) throw new Problem('shutting_down', 'the publisher is stopping; ask another one')
    this.#checkRoom()
    const onGone = (): void => void this.#open.delete(stream)
    const stream = new EventStream({ principal, lastEventId, status, range, maxBytes: limits.maxStreamBytes, onGone })
    this.#open.set(stream, clock.monotonic())
    stream.tick()
    return stream.out
  }

  /** Counts another long answer as a stream for as long as it goes on; `too_many_streams` at the bound. */
  admit(out: Readable): void {
    this.#checkRoom()
    this.#others.add(out)
    out.once('close', () => this.#others.delete(out))
  }

  /** Told of every frame that the own replica applies. */
  applied(event: AppliedFrame): void {
    let made: Buffer | undefined
    const text = (): Buffer => {
      made ??= frameText(event.frame, event.cursor)
      return made
    }
    for (const stream of this.#open.keys()) stream.applied(event, text)
  }

  /** Does what is due; called often. */
  tick(): void {
    const nowMs = this.#parts.clock.monotonic()
    for (const [stream, beatAtMs] of this.#open) {
      stream.tick()
      if (nowMs - beatAtMs < this.#parts.limits.heartbeatMs) continue
      this.#open.set(stream, nowMs)
      stream.heartbeat()
    }
  }

  /** Ends all, with a word; idempotent. */
  close(): void {
    this.#isClosed = true
    const ending = { code: 'shutting_down', detail: 'the publisher is stopping: resume at another one' }
    for (const stream of [...this.#open.keys()]) stream.end(ending)
  }

  #checkRoom(): void {
    const { maxStreams } = this.#parts.limits
    if (this.#open.size + this.#others.size < maxStreams) return
    const detail = `${maxStreams} streams are open, which is the most: ask later, or another publisher`
    throw new Problem('too_many_streams', detail)
  }
}
