import { type Cursor, sameCursor } from '@rescind/protocol'
import type { FollowState } from './follow-state.ts'
import { frameAtOrBefore } from './recent-frames.ts'

/**
 * What a replica can say of one frame, and so of all before it: everything up to it is `applied` and held; `not_yet`; or
 * `other`, that another frame was applied at its sequence, so that one of the two logs is not the other.
 */
export type FrameStanding = 'applied' | 'not_yet' | 'other'

/**
 * Where a replica stands to the frame at `cursor`. It goes by the frame's id where it remembers what it applied at that
 * sequence. Longer ago, a later cursor of the same epoch counts, if it is `verified`: the log itself was seen to hold it. A
 * replica that could not hold all facts (R16) has applied nothing in this sense: its cursor went past what it lacks.
 */
export function frameStanding(state: FollowState, cursor: Cursor): FrameStanding {
  const { cursor: own, lost, full, recent, verified } = state
  if (own === undefined || lost || full !== 'no' || own.epoch !== cursor.epoch || own.seq < cursor.seq) return 'not_yet'
  const remembered = own.seq === cursor.seq ? own : frameAtOrBefore(recent, cursor.seq)
  if (remembered?.seq === cursor.seq) return sameCursor(remembered, cursor) ? 'applied' : 'other'
  return verified ? 'applied' : 'not_yet'
}
