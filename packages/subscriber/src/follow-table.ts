import type { Head } from '@rescind/log'
import { type Cursor, type Frame, limits, RescindError, type SnapshotManifest, sameCursor } from '@rescind/protocol'
import type { FollowInput, FollowOutput, FollowRules, FollowState, OwnFrame, Phase, Step } from './follow-state.ts'
import { frameAtOrBefore, NO_FRAMES, remember } from './recent-frames.ts'

/** Hints may be forged or come in floods: they cause a question at most this often. */
const HINTED_ASK_EVERY_MS = 25

/**
 * Part of the usual pause after an answer that proves nothing by itself, because frames came live while it was awaited. In a
 * steady stream of them each question proves the one before: the last proof is then half a usual pause old, not two.
 */
const UNSEEN_PAUSE = 0.25

/** A frame that should be there may be missing on a lagging server. After so many times it is taken for gone. */
const MISSES_BEFORE_LOST = 5

interface Moment {
  readonly nowMs: number
  readonly rules: FollowRules
}

type In<P extends Phase['kind']> = FollowState & { readonly phase: Extract<Phase, { kind: P }> }
type Handler<P extends Phase['kind'], I extends FollowInput['kind']> = (
  state: In<P>,
  input: Extract<FollowInput, { kind: I }>,
  moment: Moment,
) => Step
type Table = { readonly [P in Phase['kind']]: { readonly [I in FollowInput['kind']]: Handler<P, I> } }

/** One step: pure, total, and the only way in which the state of following changes. `nowMs` is monotonic. */
export function step(state: FollowState, input: FollowInput, nowMs: number, rules: FollowRules): Step {
  const handler = TABLE[state.phase.kind][input.kind] as Handler<Phase['kind'], FollowInput['kind']>
  return handler(state, input, { nowMs, rules })
}

// What happens in each phase on each input. `stay`: nothing to do, or an answer that nobody waits for any more.

const stay = (state: FollowState): Step => ({ state, outputs: [] })

const COMMON = {
  live: (state: FollowState, input: Extract<FollowInput, { kind: 'live' }>) => live(state, input.seq, input.frame),
  overflowed: (state: FollowState) => stay({ ...state, full: 'yes' }),
  roomy: (state: FollowState) => stay(state.full === 'yes' ? { ...state, full: 'refilling', lost: true } : state),
  disconnected: (state: FollowState) => stay(disconnected(state)),
  nudge: (state: FollowState) => stay({ ...state, nudged: true }),
  failed: (state: FollowState, input: Extract<FollowInput, { kind: 'failed' }>) => fail(state, input.error),
  close: (state: FollowState) => stay({ ...state, phase: { kind: 'closed' } }),
  begin: stay,
  answered: stay,
  snapshot: stay,
  joined: stay,
  frame: stay,
  poison: stay,
  end: stay,
  tick: stay,
} as const

const TABLE: Table = {
  waiting: {
    ...COMMON,
    begin: (state, _, moment) => begin(state, moment),
    failed: (state, input) => stay({ ...state, error: input.error }),
  },
  asking: { ...COMMON, answered: (state, input, moment) => judgePosition(state, input.head, input.own, moment) },
  fetching: {
    ...COMMON,
    snapshot: (state, input, moment) => askAbout(state, input.manifest, moment),
    failed: (state, input, moment) => (moment.rules.mayReadLog ? ask(state, moment) : fail(state, input.error)),
  },
  judging: { ...COMMON, answered: (state, input, moment) => judgeSnapshot(state, input.head, input.own, moment) },
  joining: { ...COMMON, joined: (state, input, moment) => install(state, input.complete, moment) },
  reading: {
    ...COMMON,
    frame: (state, input, moment) => read(state, input.seq, input.frame, moment),
    failed: (state, input, moment) =>
      input.error.code === 'ERR_LOG_PRUNED' ? meetHole(state, input.error, moment) : fail(state, input.error),
    poison: (state, input, moment) => follow({ ...state, poison: { seq: input.seq, error: input.error } }, moment),
    end: (state, _, moment) => askOnceMore(state, moment),
  },
  following: {
    ...COMMON,
    live: (state, input, moment) => hasten(live(state, input.seq, input.frame), moment),
    nudge: (state, _, moment) => begin(state, moment),
    tick: (state, _, moment) => (moment.nowMs >= state.phase.askAtMs ? begin(state, moment) : stay(state)),
    failed: stay,
  },
  closed: {
    ...COMMON,
    live: stay,
    overflowed: stay,
    roomy: stay,
    disconnected: stay,
    nudge: stay,
    failed: stay,
  },
}

/** Verifies the position, or goes for a new one. */
function begin(state: FollowState, moment: Moment): Step {
  if (!state.lost || !moment.rules.hasSnapshots) return ask(state, moment)
  return { state: { ...state, phase: { kind: 'fetching' } }, outputs: [{ kind: 'fetch' }] }
}

/** Asks for the head and, if there is a position to continue from, for what tells whether it is still the same log. */
function ask(state: FollowState, { nowMs }: Moment): Step {
  const at = state.lost ? undefined : state.cursor
  const own = at === undefined ? [] : ownFrames(state, at)
  return {
    state: {
      ...state,
      behind: false,
      nudged: false,
      askedAtMs: nowMs,
      phase: { kind: 'asking', askedAtMs: nowMs, at, own, doubt: state.doubt },
    },
    outputs: [{ kind: 'ask', own: own.map(({ seq }) => seq) }],
  }
}

/**
 * The frames to look at, the oldest first: the one at the cursor (R19); the one that the last proof rested on, in case
 * the log was rolled back below it and has grown beyond the cursor since; and the one that a live message contradicts.
 */
function ownFrames({ doubt, proved }: FollowState, at: Cursor): readonly Cursor[] {
  const bySeq = new Map<number, Cursor>()
  for (const own of [doubt, proved, at]) {
    if (own !== undefined && own.epoch === at.epoch && own.frameId !== '') bySeq.set(own.seq, own)
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/** R19: the answers that prove, and the ways in which they can disprove. */
function judgePosition(state: In<'asking'>, head: Head, found: readonly OwnFrame[], moment: Moment): Step {
  const { at, own, askedAtMs } = state.phase
  if (at === undefined) return startFromLog(state, head, askedAtMs, moment)
  if (head.epoch !== at.epoch) return lose(state, 'ERR_CURSOR_FOREIGN', 'the log has a new epoch', [], moment)
  if (head.lastSeq < at.seq) {
    const detail = `the log ends at ${head.lastSeq}, and we had applied ${at.seq}`
    return lose(state, 'ERR_LOG_REPLACED', detail, [{ kind: 'replaced' }], moment)
  }
  if (head.firstSeq > at.seq + 1) {
    return lose(state, 'ERR_LOG_PRUNED', `the log begins at ${head.firstSeq}, after our ${at.seq}`, [], moment)
  }
  for (const [index, { seq, frameId }] of own.entries()) {
    const frame = found[index] ?? 'missing'
    if (frame === 'missing') return miss(state, seq, head, moment)
    if (frame.frameId !== frameId) {
      return lose(state, 'ERR_LOG_REPLACED', `another frame lies at ${seq}`, [{ kind: 'replaced' }], moment)
    }
  }
  // What came to be doubted after the question was sent, its answer cannot settle.
  if (state.doubt !== state.phase.doubt) return follow({ ...state, behind: true }, moment)
  const next = confirmed({ ...state, verified: true, doubt: undefined, misses: 0 })
  const seq = state.cursor?.seq ?? 0
  // Frames up to this head came live since it was asked for, from whomever: the next answer tells whether they are the log's.
  if (seq > at.seq && head.lastSeq > at.seq && seq >= head.lastSeq) {
    const pauseMs = moment.rules.proveEveryMs * UNSEEN_PAUSE
    return follow({ ...next, proved: at, readAtMs: askedAtMs - head.ageMs }, moment, pauseMs)
  }
  return catchUp(next, askedAtMs, head, at, moment)
}

/** What was read before this question was asked came from the log that has now answered: that much is proved. */
function confirmed(state: FollowState): FollowState {
  if (state.readAtMs === undefined) return state
  return { ...state, readAtMs: undefined, provedAtMs: Math.max(state.provedAtMs ?? state.readAtMs, state.readAtMs) }
}

/** Nothing that was told about our position holds any more. */
function unverified(state: FollowState): FollowState {
  return { ...state, verified: false, ahead: [], readAtMs: undefined }
}

/** A position whose frame is not known (of a log that was pruned empty) cannot be verified again: it is lost. */
function disconnected(state: FollowState): FollowState {
  const { cursor, lost } = state
  const nameless = cursor !== undefined && cursor.seq > 0 && cursor.frameId === ''
  return { ...unverified(state), lost: lost || nameless, phase: { kind: 'waiting' } }
}

/** A frame of ours was not there: pruned, on a lagging server, or gone. */
function miss(state: In<'asking'>, seq: number, head: Head, moment: Moment): Step {
  if (head.firstSeq > seq) return lose(state, 'ERR_LOG_PRUNED', `frame ${seq} is no longer in the log`, [], moment)
  const misses = state.misses + 1
  if (misses >= MISSES_BEFORE_LOST) {
    return lose({ ...state, misses: 0 }, 'ERR_LOG_PRUNED', `frame ${seq} is missing from the log`, [], moment)
  }
  return fail({ ...state, misses }, new RescindError('ERR_LOG_UNPROVED', `frame ${seq} was not found on this server`))
}

/** A frame of the range was not there: it may come; if it does not, a snapshot leads around the hole (R11). */
function meetHole(state: In<'reading'>, error: RescindError, moment: Moment): Step {
  const holes = state.holes + 1
  if (holes < MISSES_BEFORE_LOST) return fail({ ...state, holes }, error)
  return lose({ ...state, holes: 0 }, 'ERR_LOG_PRUNED', error.message, [], moment)
}

/** The position is worthless: get a new one. The facts stay (R11). */
function lose(
  state: FollowState,
  code: 'ERR_CURSOR_FOREIGN' | 'ERR_LOG_REPLACED' | 'ERR_LOG_PRUNED',
  detail: string,
  outputs: readonly FollowOutput[],
  moment: Moment,
): Step {
  const error = new RescindError(code, detail)
  const nothing = { lost: true, proved: undefined, recent: NO_FRAMES, doubt: undefined } as const
  const next = begin({ ...unverified(state), ...nothing, error }, moment)
  return { state: next.state, outputs: [...outputs, ...next.outputs] }
}

/** R20: from the log alone, if that was accepted by name; every frame it holds is applied again (R9, R11). */
function startFromLog(state: FollowState, head: Head, askedAtMs: number, moment: Moment): Step {
  if (!moment.rules.mayReadLog) {
    return fail(
      state,
      new RescindError('ERR_SNAPSHOT_UNAVAILABLE', 'a snapshot is needed, and there is no source of one'),
    )
  }
  const cursor = { epoch: head.epoch, seq: head.firstSeq - 1, frameId: '' }
  const next = catchUp({ ...state, ...positionAt(cursor) }, askedAtMs, head, cursor, moment)
  // What was pruned, readers of single facts never see.
  const skipped: FollowOutput[] = state.cursor !== undefined && head.firstSeq > 1 ? [{ kind: 'skipped' }] : []
  return { state: next.state, outputs: [...skipped, ...next.outputs] }
}

/** A position to go on from, of which the log has just been asked. */
function positionAt(cursor: Cursor): Partial<FollowState> {
  const recent = cursor.frameId === '' ? NO_FRAMES : remember(NO_FRAMES, cursor)
  return { cursor, recent, proved: undefined, doubt: undefined, lost: false, verified: true, misses: 0 }
}

/** Before a snapshot is installed, the log is asked whether it is a snapshot of this log. */
function askAbout(state: FollowState, manifest: SnapshotManifest, { nowMs }: Moment): Step {
  return {
    state: {
      ...state,
      behind: false,
      nudged: false,
      askedAtMs: nowMs,
      phase: { kind: 'judging', askedAtMs: nowMs, manifest },
    },
    outputs: [{ kind: 'ask', own: manifest.cursor.seq > 0 ? [manifest.cursor.seq] : [] }],
  }
}

/** R20: a snapshot of another epoch, another deployment, beyond the head, or of another frame is never installed. */
function judgeSnapshot(state: In<'judging'>, head: Head, [own]: readonly OwnFrame[], moment: Moment): Step {
  const { manifest, askedAtMs } = state.phase
  const foreign = foreignness(manifest, head, own)
  if (foreign !== undefined) {
    const error = new RescindError('ERR_SNAPSHOT_FOREIGN', foreign)
    return moment.rules.mayReadLog ? ask({ ...state, error }, moment) : fail(state, error)
  }
  return { state: { ...state, phase: { kind: 'joining', askedAtMs, manifest, head } }, outputs: [{ kind: 'join' }] }
}

function foreignness(
  { deployment, cursor }: SnapshotManifest,
  head: Head,
  own: OwnFrame | undefined,
): string | undefined {
  if (deployment !== head.deployment) return 'the snapshot is of another deployment'
  if (cursor.epoch !== head.epoch) return 'the snapshot is of another epoch'
  if (cursor.seq > head.lastSeq) return `the snapshot is at ${cursor.seq}, beyond the head at ${head.lastSeq}`
  if (cursor.seq + 1 < head.firstSeq) return `the log begins at ${head.firstSeq}, after the snapshot at ${cursor.seq}`
  if (cursor.seq === 0) return cursor.frameId === '' ? undefined : 'the snapshot names a frame at 0'
  // Of a log that was pruned empty a snapshot names no frame: there is nothing to verify it by, so it is refused.
  if (own === 'missing' || own === undefined) return `the snapshot's frame ${cursor.seq} was not found in the log`
  return own.frameId === cursor.frameId ? undefined : `another frame lies at ${cursor.seq} than in the snapshot`
}

/** The image is joined: from here the snapshot's position is ours. */
function install(state: In<'joining'>, complete: boolean, moment: Moment): Step {
  const { manifest, askedAtMs, head } = state.phase
  const full = complete ? state.full : 'yes'
  const next = catchUp({ ...state, full, ...positionAt(manifest.cursor) }, askedAtMs, head, manifest.cursor, moment)
  return { state: next.state, outputs: [{ kind: 'skipped' }, ...next.outputs] }
}

/** Reads what is missing up to the head, or is there already. `at`: the cursor whose frame was looked at. */
function catchUp(state: FollowState, askedAtMs: number, head: Head, at: Cursor, moment: Moment): Step {
  const seq = state.cursor?.seq ?? 0
  if (seq >= head.lastSeq) return arrive(state, askedAtMs, head, at, moment)
  return {
    state: { ...state, phase: { kind: 'reading', askedAtMs, head } },
    outputs: [{ kind: 'read', fromSeq: seq + 1, toSeq: head.lastSeq }],
  }
}

/** The range is read. Whether it was of the same log as the head that named it, the log says when it is asked again. */
function askOnceMore(state: In<'reading'>, moment: Moment): Step {
  const { head, askedAtMs } = state.phase
  if (state.lost || (state.cursor?.seq ?? 0) < head.lastSeq) {
    return fail(state, new RescindError('ERR_LOG_UNAVAILABLE', 'the log gave fewer frames than it was asked for'))
  }
  return ask({ ...state, poison: undefined, readAtMs: askedAtMs - head.ageMs }, moment)
}

/** Everything up to the head is applied: that is the proof, and it counts from when the question was sent (R19). */
function arrive(state: FollowState, askedAtMs: number, head: Head, at: Cursor, moment: Moment): Step {
  const provedAtMs = Math.max(state.provedAtMs ?? Number.NEGATIVE_INFINITY, askedAtMs - head.ageMs)
  const full = state.full === 'refilling' && !state.lost ? 'no' : state.full
  return follow({ ...state, provedAtMs, full, proved: at, holes: 0, poison: undefined, error: undefined }, moment)
}

/** Waits for live frames until the next question is due: one pause after the last, or at once if reading took longer. */
function follow(state: FollowState, { nowMs, rules }: Moment, pauseMs = rules.proveEveryMs): Step {
  if (state.nudged && state.poison === undefined) return begin(state, { nowMs, rules })
  const askAtMs = Math.max(nowMs, state.askedAtMs + pauseMs * (0.9 + 0.2 * rules.random()))
  const following: In<'following'> = { ...state, phase: { kind: 'following', askAtMs } }
  return state.behind && state.poison === undefined ? hasten(stay(following), { nowMs, rules }) : stay(following)
}

/** A hint brings the next question forward, but not closer to the last one than floods may. */
function hasten(next: Step, { nowMs }: Moment): Step {
  const { state } = next
  if (state.phase.kind !== 'following' || !state.behind) return next
  const askAtMs = Math.min(state.phase.askAtMs, Math.max(nowMs, state.askedAtMs + HINTED_ASK_EVERY_MS))
  return { ...next, state: { ...state, phase: { kind: 'following', askAtMs } } }
}

/**
 * A live frame: applied if it is the next one of a verified position and of this very epoch (one that was under way
 * while the log was replaced would take another's place) and takes nothing back; kept if it comes early; else a hint.
 */
function live(state: FollowState, seq: number, frame: Frame | undefined): Step {
  const { cursor, lost, verified, ahead } = state
  const hint: FollowState = { ...state, behind: true }
  if (cursor === undefined || lost || frame?.epoch !== cursor.epoch)
    return { state: hint, outputs: [{ kind: 'ignored' }] }
  if (seq <= cursor.seq) return { state: doubted(hint, seq, frame), outputs: [{ kind: 'ignored' }] }
  if (!verified) return { state: hint, outputs: [{ kind: 'ignored' }] }
  if (frame.facts.some(({ kind }) => kind !== 'revocation')) return stay(hint)
  if (seq === cursor.seq + 1) return apply(state, frame, seq)
  const follows = ahead.at(-1)?.seq === seq - 1 && ahead.length < limits.MAX_EARLY_FRAMES
  return stay({ ...hint, ahead: follows ? [...ahead, { seq, frame }] : [{ seq, frame }] })
}

/**
 * A live frame where another was applied: either it is forged, or the log was rolled back and gives its sequences to
 * other frames. What was applied there is looked at; if that is too long ago, the oldest that is remembered: a rollback
 * that reaches further back has taken that one, too.
 */
function doubted(state: FollowState, seq: number, { frameId }: Frame): FollowState {
  const applied = frameAtOrBefore(state.recent, seq)
  if (applied === undefined || (applied.seq === seq && applied.frameId === frameId)) return state
  const isOlder = state.doubt === undefined || applied.seq <= state.doubt.seq
  return { ...unverified(state), doubt: isOlder ? { ...applied } : { ...(state.doubt as Cursor) } }
}

/** A frame read by its sequence: already applied live meanwhile (was it this one?), the next one, or after a hole. */
function read(state: In<'reading'>, seq: number, frame: Frame, moment: Moment): Step {
  const at = state.cursor?.seq ?? 0
  if (seq <= at) {
    const applied = frameAtOrBefore(state.recent, seq)
    if (applied?.seq === seq && applied.frameId === frame.frameId) return stay(state)
    return lose(state, 'ERR_LOG_REPLACED', `another frame lies at ${seq}`, [{ kind: 'replaced' }], moment)
  }
  if (seq > at + 1) {
    return meetHole(state, new RescindError('ERR_LOG_PRUNED', `frame ${at + 1} is missing from the log`), moment)
  }
  return apply(state, frame, seq)
}

/**
 * Position moves with state: the shell applies the facts in the same synchronous step. Frames that came early follow as
 * soon as nothing is missing before them.
 */
function apply(state: FollowState, frame: Frame, seq: number): Step {
  const { epoch } = state.cursor as Cursor
  const frames = [{ seq, frame }]
  const ahead = state.ahead.filter((early) => early.seq > seq)
  if (ahead[0]?.seq === seq + 1) frames.push(...ahead.splice(0))
  const outputs = frames.map(({ seq, frame }) => {
    return { kind: 'apply', frame, cursor: { epoch, seq, frameId: frame.frameId } } as const
  })
  const recent = outputs.reduce((before, { cursor }) => remember(before, cursor), state.recent)
  return { state: { ...state, ahead, recent, cursor: outputs.at(-1)?.cursor }, outputs }
}

/** This attempt is over. What is held goes on answering until it is stale. */
function fail(state: FollowState, error: RescindError): Step {
  return { state: { ...state, error, phase: { kind: 'waiting' } }, outputs: [{ kind: 'retry', error }] }
}

/** True if the replica has applied everything up to this cursor (and so up to any before it in its epoch). */
export function hasReached(state: FollowState, cursor: Cursor): boolean {
  if (state.cursor === undefined || state.lost || state.cursor.epoch !== cursor.epoch) return false
  return state.cursor.seq > cursor.seq || sameCursor(state.cursor, cursor)
}
