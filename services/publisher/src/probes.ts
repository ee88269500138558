import { channel } from 'node:diagnostics_channel'

/** Where a frame is on its way from a request into the log; each is told just before, or just after, what it names. */
export type FramePoint =
  /** About to be written to the Store. */
  | 'recording'
  /** On disk, and not yet handed to the log. */
  | 'recorded'
  /** Handed to the log, and not yet acknowledged. */
  | 'appending'
  /** Acknowledged by the log, and the request not yet answered. */
  | 'acknowledged'

const FRAMES = channel('rescind.publisher.frame')

/** Tells whoever observes the process, over `node:diagnostics_channel`, where each frame is; costs nothing otherwise. */
export const sentFrames = {
  tell(point: FramePoint, frameId: string): void {
    if (FRAMES.hasSubscribers) FRAMES.publish({ point, frameId })
  },
}
