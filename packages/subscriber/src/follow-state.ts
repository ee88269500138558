import type { Head } from '@rescind/log'
import type { Cursor, Frame, RescindError, SnapshotManifest } from '@rescind/protocol'
import { NO_FRAMES, type RecentFrames } from './recent-frames.ts'

/**
 * Following the log, as data. Time comes in as an argument, I/O goes out as outputs; `follow-table.ts` says what
 * happens in each phase on each input, and `follower.ts` does the I/O.
 *
 *                begin, with a position
 *   waiting ───────────────────────────────▶ asking ─────── frames missing ───▶ reading
 *    │   ▲                                   ▲ ▲ │ │                              │
 *    │   └── failed, disconnected ── any     │ │ │ └─ nothing missing: proof ─┐   │
 *    │                                       │ └─┼──────── all of them read ──┼───┘
 *    │ begin, without a position             │   │                            ▼
 *    ▼                                       └───┼──── due, gap, nudge ─── following
 *   fetching ◀────── other epoch, pruned, ───────┘                            ▲
 *    │               other frame                                              │
 *    │ a snapshot arrived                                                     │
 *    ▼                                                                        │
 *   judging ── it belongs to this log ──▶ joining ── joined, nothing missing ─┘ (else reading)
 *
 *   closed: from anywhere, for ever.
 *
 * Four rules hold everywhere. The cursor moves only together with what it stands for: in `apply`, and when a join is
 * complete. A frame is applied only if the cursor is `verified`: if the frame at our own sequence was seen to be ours
 * since the connection last broke, or a live message last contradicted what was applied (R19). Frames that were read
 * prove something only once the log was asked again: it may have been replaced between the head that named them and the
 * reading. And of a live message, which anybody on its subject may have sent, only revocations are taken: forged, they
 * revoke too much; a lift is read from the log.
 */
export interface FollowState {
  readonly phase: Phase
  /** The last frame applied, and in which incarnation of the log. */
  readonly cursor: Cursor | undefined
  /** The cursor can no longer be continued from: a bootstrap is due. */
  readonly lost: boolean
  /** The frame at the cursor was ours when last looked at, on this very connection, and nothing said otherwise since. */
  readonly verified: boolean
  /** The cursor at the last proof: looked at again with the next, so that no rollback below it goes unnoticed. */
  readonly proved: Cursor | undefined
  /** The frames applied last: what live messages may contradict, and what a range brings again. */
  readonly recent: RecentFrames
  /** A live message named another frame than the one that was applied there: the log has to say which. */
  readonly doubt: Cursor | undefined
  /** Live frames that came before the gap in front of them was read: contiguous, bounded, applied once they are next. */
  readonly ahead: readonly EarlyFrame[]
  /** A live message told of more than has been applied: ask again soon. */
  readonly behind: boolean
  /** Somebody whom we trust told of more: ask again at once. */
  readonly nudged: boolean
  /** From when the last proof counts, on the monotonic clock; undefined before the first (R19). */
  readonly provedAtMs: number | undefined
  /** From when a proof counts if the log turns out to be still the one that was read, or heard live, since. */
  readonly readAtMs: number | undefined
  /** When the head was last asked for; spaces out the questions that hints cause. */
  readonly askedAtMs: number
  /** A frame in the stream that cannot be read, and is not skipped. */
  readonly poison: { readonly seq: number; readonly error: RescindError } | undefined
  /** `yes`: facts could not be held (R16). `refilling`: there is room again, and a bootstrap brings them back. */
  readonly full: 'no' | 'yes' | 'refilling'
  /** How often in a row the frame at our own sequence was missing though the head says that it is there. */
  readonly misses: number
  /** How often in a row a range could not be read because a frame in it is missing. */
  readonly holes: number
  /** Why the last attempt ended, for the operator; cleared by a proof. */
  readonly error: RescindError | undefined
}

/** A frame that came live before its turn. */
export interface EarlyFrame {
  readonly seq: number
  readonly frame: Frame
}

/** Where one attempt stands. Each phase but `waiting`, `following` and `closed` awaits the answer to one output. */
export type Phase =
  | { readonly kind: 'waiting' }
  /** `at`: the cursor when it was asked; undefined if there is none to continue from. `own`: the frames looked at. */
  | {
      readonly kind: 'asking'
      readonly askedAtMs: number
      readonly at: Cursor | undefined
      readonly own: readonly Cursor[]
      readonly doubt: Cursor | undefined
    }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'judging'; readonly askedAtMs: number; readonly manifest: SnapshotManifest }
  | { readonly kind: 'joining'; readonly askedAtMs: number; readonly manifest: SnapshotManifest; readonly head: Head }
  | { readonly kind: 'reading'; readonly askedAtMs: number; readonly head: Head }
  | { readonly kind: 'following'; readonly askAtMs: number }
  | { readonly kind: 'closed' }

/** What can happen to a follower. */
export type FollowInput =
  /** The connection is there: try. */
  | { readonly kind: 'begin' }
  /** A live message; `frame` only if it decodes and its time can be true. Its sender is not proved. */
  | { readonly kind: 'live'; readonly seq: number; readonly frame: Frame | undefined }
  /** The leader's answer, and what lies at each sequence asked for with it. */
  | { readonly kind: 'answered'; readonly head: Head; readonly own: readonly OwnFrame[] }
  /** A snapshot has arrived whose bytes have the digest that its manifest states. */
  | { readonly kind: 'snapshot'; readonly manifest: SnapshotManifest }
  /** Its image has been joined; `complete` is false if not all of it could be held (R16). */
  | { readonly kind: 'joined'; readonly complete: boolean }
  /** A frame read from the stream by its sequence. */
  | { readonly kind: 'frame'; readonly seq: number; readonly frame: Frame }
  /** A frame read from the stream by its sequence that does not decode. */
  | { readonly kind: 'poison'; readonly seq: number; readonly error: RescindError }
  /** The range asked for has been read to its end. */
  | { readonly kind: 'end' }
  /** A fact could not be held (R16). */
  | { readonly kind: 'overflowed' }
  /** There is room again for what could not be held. */
  | { readonly kind: 'roomy' }
  /** What this phase waits for cannot be had now. */
  | { readonly kind: 'failed'; readonly error: RescindError }
  | { readonly kind: 'disconnected' }
  /** Somebody knows that there is more in the log. */
  | { readonly kind: 'nudge' }
  /** Time has passed. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'close' }

/** The frame at a sequence: its id (empty if it is no frame of ours at all), or none. */
export type OwnFrame = { readonly frameId: string } | 'missing'

/** What the shell is to do. At most one of `ask`, `fetch`, `join`, `read` comes of one input. */
export type FollowOutput =
  /** Ask for the head, and for the frames at these sequences. Answer: `answered` or `failed`. */
  | { readonly kind: 'ask'; readonly own: readonly number[] }
  /** Get a snapshot. Answer: `snapshot` or `failed`. */
  | { readonly kind: 'fetch' }
  /** Join the image of the snapshot that arrived last. Answer: `joined` or `failed`. */
  | { readonly kind: 'join' }
  /** Read a range. Answers: `frame`s in order, then `end`; or `poison`; or `failed`. */
  | { readonly kind: 'read'; readonly fromSeq: number; readonly toSeq: number }
  /** Apply a frame's facts, now. The state's cursor is already at it. */
  | { readonly kind: 'apply'; readonly frame: Frame; readonly cursor: Cursor }
  /** This attempt is over; begin another after a pause. */
  | { readonly kind: 'retry'; readonly error: RescindError }
  /** A live message was of no use: undecodable, seen before, or of a position that is not verified. Counted. */
  | { readonly kind: 'ignored' }
  /** The log holds other frames than those applied, under the same epoch: it was rolled back. */
  | { readonly kind: 'replaced' }
  /** Facts may have come in by a snapshot: readers of single facts have missed some. */
  | { readonly kind: 'skipped' }

/** What the table needs to know beside state and input. */
export interface FollowRules {
  /** Is there a snapshot source? */
  readonly hasSnapshots: boolean
  /** May the log alone make the replica live (R20)? */
  readonly mayReadLog: boolean
  /** Pause between two proofs. */
  readonly proveEveryMs: number
  /** A number from 0 (included) to 1 (excluded): spreads the questions of many replicas. */
  random(): number
}

/** The next state, and what to do. */
export interface Step {
  readonly state: FollowState
  readonly outputs: readonly FollowOutput[]
}

/** Where every replica begins. */
export const INITIAL: FollowState = {
  phase: { kind: 'waiting' },
  cursor: undefined,
  lost: true,
  verified: false,
  proved: undefined,
  recent: NO_FRAMES,
  doubt: undefined,
  ahead: [],
  behind: false,
  nudged: false,
  provedAtMs: undefined,
  readAtMs: undefined,
  askedAtMs: Number.NEGATIVE_INFINITY,
  poison: undefined,
  full: 'no',
  misses: 0,
  holes: 0,
  error: undefined,
}

/** When the shell should next send a `tick`; Infinity if only an answer can move it on. */
export function wakeAtMs(state: FollowState): number {
  return state.phase.kind === 'following' ? state.phase.askAtMs : Number.POSITIVE_INFINITY
}
