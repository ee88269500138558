import { setTimeout as pause } from 'node:timers/promises'
import type { StoredFrame } from '@rescind/log'
import { encodeFrame, type Fact, type FrameRequest, isRescindError, peekFrameId, RescindError } from '@rescind/protocol'
import type { AppliedFrame, AppliedFrames, Expected } from './applied-frames.ts'
import { APPEND_PAUSE_MS, APPLIED_PATIENCE_MS, LATE_ROUNDS, NUDGE_AFTER_MS } from './limits.ts'
import { sentFrames } from './probes.ts'

/** What sending needs. */
export interface SenderParts {
  /** Why nothing may be appended now, or undefined (R10). */
  refusal(): RescindError | undefined
  /** As `PublisherConnection.append`; rejects with `ERR_LOG_UNAVAILABLE` while there is no connection. */
  append(
    bytes: Uint8Array,
    options: { readonly messageId: string; readonly signal: AbortSignal },
  ): Promise<{ readonly seq: number; readonly duplicate: boolean }>
  /** The frame that lies at `seq`, as `PublisherConnection.read`. */
  read(seq: number): Promise<StoredFrame | undefined>
  /** The epoch of the log as the own replica follows it. Asked only when nothing is refused. */
  epoch(): string
  /** The format version to write. */
  frameVersion(): number
  readonly appliedFrames: AppliedFrames
  /** Makes the own replica ask for the head. */
  nudge(): void
  /** Id of the Store, for the frames written from it. */
  readonly publisher: string
}

/** What becomes a frame. */
export interface Outgoing {
  readonly frameId: string
  readonly facts: readonly Fact[]
  readonly requests?: readonly FrameRequest[]
  /** From when on it is waited for; default: from now on. */
  readonly expected?: Expected | undefined
  /** Told when an append ended without an answer: from now on the frame may be in the log, whatever the next one says. */
  onUnsure?(): void
}

/**
 * Gets frames into the log, one at a time. A frame is there once the log has acknowledged it *and* the own replica has
 * applied it (R10). Until then the same frame is appended again under the same message id, however long the log is away:
 * a timeout leaves it open whether it was stored.
 */
export class Sender {
  readonly #parts: SenderParts
  readonly #stop = new AbortController()
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: SenderParts) {
    this.#parts = parts
  }

  /** Resolves once frames may be appended. Rejects with `ERR_CLOSED` when the sender is stopped. */
  async whenOpen(): Promise<void> {
    while (this.#parts.refusal() !== undefined) await this.#pause(APPEND_PAUSE_MS)
    this.#throwIfStopped()
  }

  /**
   * Resolves once the frame is in the log and applied here. Rejects with `ERR_LOG_FULL` if the log has no room for it:
   * then it is not there, unless `onUnsure` was told. Rejects with `ERR_CLOSED` when the sender is stopped: then nobody knows.
   */
  send(frame: Outgoing): Promise<AppliedFrame> {
    const expected = frame.expected ?? this.#parts.appliedFrames.expect(frame.frameId)
    const sent = this.#last.then(() => this.#send(frame, expected)).finally(() => expected.forget())
    this.#last = sent.catch(() => undefined)
    return sent
  }

  /** Gives up what is under way; idempotent. */
  stop(): void {
    this.#stop.abort()
  }

  async #send(frame: Outgoing, expected: Expected): Promise<AppliedFrame> {
    let messageId = frame.frameId
    for (let renamed = 0, late = 0; ; ) {
      await this.whenOpen()
      const known = expected.event
      if (known !== undefined && (await this.#lies(frame.frameId, known.cursor.seq))) return known
      const stored = await this.#append(frame, messageId).catch(async (error: unknown) => {
        // Full it may be of this very frame, of which an earlier append had no answer.
        const applied = expected.event
        if (applied !== undefined && (await this.#lies(frame.frameId, applied.cursor.seq))) return applied
        throw error
      })
      if (typeof stored === 'object') return stored
      if (stored === 'elsewhere') {
        // The broker remembers the id of a message that is gone: under another one it will store the frame.
        renamed += 1
        messageId = `${frame.frameId}-${renamed}`
      } else if (stored) {
        // Of live messages replicas take revocations alone: anything else is read from the log, at once if it is told of it.
        if (frame.facts[0]?.kind !== 'revocation') this.#parts.nudge()
        const applied = await this.#untilApplied(expected)
        if (applied) return applied
        late += 1
        // The own replica went past it while nobody waited for it: stored once more it comes again (R9).
        if (late % LATE_ROUNDS === 0) messageId = `${frame.frameId}-late-${late}`
      } else {
        frame.onUnsure?.()
        await this.#pause(APPEND_PAUSE_MS)
      }
    }
  }

  /** True once it is acknowledged, false if nobody knows, `elsewhere` if its message id belongs to what is not there. */
  async #append({ frameId, facts, requests = [] }: Outgoing, messageId: string): Promise<boolean | 'elsewhere'> {
    const { publisher } = this.#parts
    const frame = { frameId, epoch: this.#parts.epoch(), publisher, facts, requests }
    const bytes = encodeFrame(frame, this.#parts.frameVersion())
    try {
      const acknowledged = this.#parts.append(bytes, { messageId, signal: this.#stop.signal })
      sentFrames.tell('appending', frameId)
      const { seq, duplicate } = await acknowledged
      if (duplicate) return (await this.#lies(frameId, seq)) || 'elsewhere'
      sentFrames.tell('acknowledged', frameId)
      return true
    } catch (error) {
      this.#throwIfStopped()
      if (isRescindError(error) && error.code === 'ERR_LOG_FULL') throw error
      return false
    }
  }

  /** Whether the frame lies at this sequence, by the stream's own word. */
  async #lies(frameId: string, seq: number): Promise<boolean> {
    for (let round = 0; round < 5; round++) {
      // A server that lags behind its leader does not have it yet.
      const stored = await this.#parts.read(seq).catch(() => undefined)
      if (stored) return peekFrameId(stored.bytes) === frameId
      await this.#pause(APPEND_PAUSE_MS)
    }
    return false
  }

  /** The frame is stored: if it does not come by itself, its live message was lost, and the head will tell. */
  async #untilApplied(expected: Expected): Promise<AppliedFrame | undefined> {
    let patience: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      patience = setTimeout(() => resolve(undefined), APPLIED_PATIENCE_MS)
    })
    const nudging = setInterval(() => this.#parts.nudge(), NUDGE_AFTER_MS)
    try {
      return await Promise.race([expected.applied, late])
    } finally {
      clearInterval(nudging)
      clearTimeout(patience)
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms)
    this.#throwIfStopped()
  }

  #throwIfStopped(): void {
    if (this.#stop.signal.aborted) throw new RescindError('ERR_CLOSED', 'the publisher is stopping')
  }
}
