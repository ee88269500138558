import { setMaxListeners } from 'node:events'
import { limits, RescindError } from '@rescind/protocol'
import { aborted, pauseOrAbort } from './open-questions.ts'
import type { AskOptions, StoredFrame } from './revocation-log.ts'

/** How to read one frame, and how long to wait before each further try when it is not there. */
export interface RangeReader {
  read(seq: number, options: AskOptions): Promise<StoredFrame | undefined>
  /** Milliseconds before the second try, the third, and so on. */
  readonly retryPausesMs: readonly number[]
}

/**
 * The frames from `fromSeq` to `toSeq`, in order and without a hole, read through a window of questions in flight. A
 * reader that breaks off, or whose signal fires, leaves at most one window of answers to be dropped.
 */
export async function* readRange(
  reader: RangeReader,
  fromSeq: number,
  toSeq: number,
  options: AskOptions = {},
): AsyncGenerator<StoredFrame, void, undefined> {
  const { signal } = options
  const ended = new AbortController()
  const end = () => ended.abort(signal?.reason)
  if (signal?.aborted) throw aborted('reading a range', signal)
  signal?.addEventListener('abort', end, { once: true })
  // Every read of the window listens to it, which is more than the ten that Node takes for a leak.
  setMaxListeners(0, ended.signal)
  const inFlight: Promise<StoredFrame>[] = []
  let next = fromSeq
  try {
    while (next <= toSeq || inFlight.length > 0) {
      while (next <= toSeq && inFlight.length < limits.MAX_READS_IN_FLIGHT) {
        const question = readPatiently(reader, next, { signal: ended.signal })
        // Awaited in order, so that a later one may fail first: it must not count as unhandled until its turn comes.
        question.catch(() => {})
        inFlight.push(question)
        next += 1
      }
      const frame = await inFlight.shift()
      if (signal?.aborted) throw aborted('reading a range', signal)
      if (frame) yield frame
    }
  } finally {
    signal?.removeEventListener('abort', end)
    end()
  }
}

/** A follower may lag behind an acknowledgement, so one "not found" is not yet the truth. */
async function readPatiently(reader: RangeReader, seq: number, bounds: AskOptions): Promise<StoredFrame> {
  for (const pauseMs of [0, ...reader.retryPausesMs]) {
    if (pauseMs > 0) await pauseOrAbort(`reading frame ${seq}`, pauseMs, bounds.signal)
    const frame = await reader.read(seq, bounds)
    if (frame) return frame
  }
  throw new RescindError('ERR_LOG_PRUNED', `frame ${seq} is not in the stream (any more)`)
}
