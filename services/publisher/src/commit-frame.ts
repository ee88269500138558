import { setTimeout as pause } from 'node:timers/promises'
import { encodeFrame, type Frame, isRescindError, RescindError, toRescindError } from '@rescind/protocol'
import type { AppliedFrame, AppliedFrames } from './applied-frames.ts'
import { APPEND_PAUSE_MS, NUDGE_AFTER_MS } from './limits.ts'

/** What committing a frame needs. */
export interface CommitParts {
  /** As `PublisherConnection.append`; may reject with `ERR_LOG_UNAVAILABLE` while there is no connection. */
  append(bytes: Uint8Array, options: { readonly messageId: string; readonly signal: AbortSignal }): Promise<unknown>
  /** The format version to write. Asked once for each frame: what is tried again is the same bytes. */
  frameVersion(): number
  readonly appliedFrames: AppliedFrames
  /** Makes the own replica ask for the head. */
  nudge(): void
  /** How long to try. */
  readonly deadlineMs: number
}

/**
 * Appends one frame and resolves once the log has acknowledged it *and* the own replica has applied it (R10).
 * `ERR_LOG_FULL` if the log refuses it; `ERR_LOG_UNAVAILABLE` if the deadline passes first: then nobody knows.
 */
export async function commitFrame(frame: Frame, parts: CommitParts): Promise<AppliedFrame> {
  const bytes = encodeFrame(frame, parts.frameVersion())
  const deadline = AbortSignal.timeout(parts.deadlineMs)
  const { applied, forget } = parts.appliedFrames.expect(frame.frameId)
  try {
    await appendUntilAcknowledged(bytes, frame.frameId, deadline, parts)
    return await untilApplied(applied, deadline, parts)
  } finally {
    forget()
  }
}

/** A timeout leaves it open whether the frame is stored: the same message id makes it harmless to append it again. */
async function appendUntilAcknowledged(
  bytes: Uint8Array,
  messageId: string,
  deadline: AbortSignal,
  parts: CommitParts,
): Promise<void> {
  while (!deadline.aborted) {
    try {
      await parts.append(bytes, { messageId, signal: deadline })
      return
    } catch (error) {
      if (deadline.aborted) break
      if (!isRescindError(error) || error.code !== 'ERR_LOG_UNAVAILABLE') throw asRefusal(error)
    }
    await pause(APPEND_PAUSE_MS, undefined, { signal: deadline }).catch(() => undefined)
  }
  throw outcomeUnknown('the log did not acknowledge it in time')
}

/** The frame is stored: if it does not come by itself, its live message was lost, and the head will tell. */
async function untilApplied(
  applied: Promise<AppliedFrame>,
  deadline: AbortSignal,
  parts: CommitParts,
): Promise<AppliedFrame> {
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(outcomeUnknown("it was stored, but did not reach the publisher's own replica"))
    if (deadline.aborted) giveUp()
    else deadline.addEventListener('abort', giveUp, { once: true })
  })
  const nudging = setInterval(() => parts.nudge(), NUDGE_AFTER_MS)
  try {
    return await Promise.race([applied, late])
  } finally {
    clearInterval(nudging)
  }
}

function outcomeUnknown(why: string): RescindError {
  return new RescindError(
    'ERR_LOG_UNAVAILABLE',
    `${why}: it may or may not have been taken; ask again, which is harmless`,
  )
}

function asRefusal(error: unknown): RescindError {
  const cause = toRescindError(error, 'ERR_LOG_UNAVAILABLE')
  if (cause.code === 'ERR_LOG_FULL' || cause.code === 'ERR_LOG_UNAVAILABLE') return cause
  return new RescindError('ERR_LOG_UNAVAILABLE', `the log refused it: ${cause.message}`, { cause })
}
