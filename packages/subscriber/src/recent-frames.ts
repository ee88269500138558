import { type Cursor, limits } from '@rescind/protocol'

/**
 * The frames applied last, as a value: the newest `MAX_RECENT_FRAMES` of them at least, and at most twice as many. Two
 * linked lists, so that remembering one more costs the same however many there are.
 */
export interface RecentFrames {
  readonly newest: Link | undefined
  /** How many hang on `newest`. */
  readonly count: number
  /** Those before them. */
  readonly before: Link | undefined
}

interface Link {
  readonly cursor: Cursor
  readonly older: Link | undefined
}

/** No frame is remembered. */
export const NO_FRAMES: RecentFrames = { newest: undefined, count: 0, before: undefined }

/** Remembers one more frame, which follows those remembered. */
export function remember({ newest, count, before }: RecentFrames, cursor: Cursor): RecentFrames {
  if (count < limits.MAX_RECENT_FRAMES) return { newest: { cursor, older: newest }, count: count + 1, before }
  return { newest: { cursor, older: undefined }, count: 1, before: newest }
}

/** The last frame remembered at or before `seq`, or else the oldest that is remembered. */
export function frameAtOrBefore({ newest, before }: RecentFrames, seq: number): Cursor | undefined {
  let oldest: Cursor | undefined
  for (const first of [newest, before]) {
    for (let link = first; link !== undefined; link = link.older) {
      if (link.cursor.seq <= seq) return link.cursor
      oldest = link.cursor
    }
  }
  return oldest
}
