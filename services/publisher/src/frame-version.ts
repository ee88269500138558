import { LISTEN_BEFORE_NEWER_FRAMES_MS } from './limits.ts'

/** Whoever knows which frame versions the replicas read. */
export interface FrameReaders {
  /**
   * What each replica reads that may still follow the log, heard lately or not; an empty list for one of which it is not
   * known.
   */
  frameVersions(): Iterable<readonly number[]>
}

/**
 * The format version of the next frame: the highest that this build writes and every replica reads, so that an upgrade in
 * any order is no outage. A frame that one of them cannot read makes it `unknown` for good (R18, `poison_frame`); an old
 * version costs nothing. So in every doubt it is the lowest: presence has been heard for less than
 * `LISTEN_BEFORE_NEWER_FRAMES_MS`, nobody is heard at all (not even the publisher's own replica), somebody's versions are
 * not known, or no version is read by all.
 *
 * @param writable the versions that this build writes, at least one
 * @param listenedMs how long presence has been heard without a break, in milliseconds
 */
export function frameVersionToWrite(writable: readonly number[], readers: FrameReaders, listenedMs: number): number {
  const lowest = Math.min(...writable)
  if (writable.length === 1 || listenedMs < LISTEN_BEFORE_NEWER_FRAMES_MS) return lowest
  let common: readonly number[] = writable
  let heard = 0
  for (const versions of readers.frameVersions()) {
    heard += 1
    common = common.filter((version) => versions.includes(version))
  }
  return heard === 0 || common.length === 0 ? lowest : Math.max(...common)
}
