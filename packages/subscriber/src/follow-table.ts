import type { Head } from '@rescind/log'
import { type Cursor, type Frame, limits, RescindError, type SnapshotManifest, sameCursor } from '@rescind/protocol'
import type { FollowInput, FollowOutput, FollowRules, FollowState, OwnFrame, Phase, Step } from './follow-state.ts'

/** Hints may be forged or come in floods: they cause a question at most this often. */
const HINTED_ASK_EVERY_MS = 25

/** A frame that the head says is there may be missing on a lagging server. After so many times it is taken for gone. */
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
  disconnected: (state: FollowState) => stay({ ...unverified(state), phase: { kind: 'waiting' } }),
  nudge: (state: FollowState) => stay({ ...state, behind: true }),
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
  waiting: { ...COMMON, begin: (state, _, moment) => begin(state, moment), failed: stay },
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
    frame: (state, input) => read(state, input.seq, input.frame),
    poison: (state, input, moment) => follow({ ...state, poison: { seq: input.seq, error: input.error } }, moment),
    end: (state, _, moment) => askOnceMore(state, moment),
  },
  following: {
    ...COMMON,
    live: (state, input, moment) => hasten(live(state, input.seq, input.frame), moment),
    nudge: (state, _, moment) => hasten(stay({ ...state, behind: true }), moment),
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

/** Asks for the head, and for the frame at our own sequence if there is a position to verify. */
function ask(state: FollowState, { nowMs }: Moment): Step {
  const at = state.lost ? undefined : state.cursor
  return {
    state: { ...state, behind: false, askedAtMs: nowMs, phase: { kind: 'asking', askedAtMs: nowMs, at } },
    outputs: [{ kind: 'ask', own: at && at.seq > 0 && at.frameId !== '' ? at.seq : undefined }],
  }
}

/** R19: the two answers that prove, and the four ways in which they can disprove. */
function judgePosition(state: In<'asking'>, head: Head, own: OwnFrame, moment: Moment): Step {
  const { at, askedAtMs } = state.phase
  if (at === undefined) return startFromLog(state, head, askedAtMs, moment)
  if (head.epoch !== at.epoch) return lose(state, 'ERR_CURSOR_FOREIGN', 'the log has a new epoch', [], moment)
  if (head.lastSeq < at.seq) {
    const detail = `the log ends at ${head.lastSeq}, and we had applied ${at.seq}`
    return lose(state, 'ERR_LOG_REPLACED', detail, [{ kind: 'replaced' }], moment)
  }
  if (head.firstSeq > at.seq + 1) {
    return lose(state, 'ERR_LOG_PRUNED', `the log begins at ${head.firstSeq}, after our ${at.seq}`, [], moment)
  }
  if (own === 'missing') return miss(state, at, head, moment)
  if (own !== 'not_asked' && own.frameId !== at.frameId) {
    return lose(state, 'ERR_LOG_REPLACED', `another frame lies at ${at.seq}`, [{ kind: 'replaced' }], moment)
  }
  return catchUp(confirmed({ ...state, verified: true, misses: 0 }), askedAtMs, head, moment)
}

/** What was read before this question was asked came from the log that has now answered: that much is proved. */
function confirmed(state: FollowState): FollowState {
  if (state.readAtMs === undefined) return state
  return { ...state, readAtMs: undefined, provedAtMs: Math.max(state.provedAtMs ?? state.readAtMs, state.readAtMs) }
}

/** Nothing that this connection told about our position holds any more. */
function unverified(state: FollowState): FollowState {
  return { ...state, verified: false, ahead: [], readAtMs: undefined }
}

/** Our own frame was not there: pruned, on a lagging server, or gone. */
function miss(state: In<'asking'>, at: Cursor, head: Head, moment: Moment): Step {
  if (head.firstSeq > at.seq)
    return lose(state, 'ERR_LOG_PRUNED', `frame ${at.seq} is no longer in the log`, [], moment)
  const misses = state.misses + 1
  if (misses >= MISSES_BEFORE_LOST) {
    return lose({ ...state, misses: 0 }, 'ERR_LOG_PRUNED', `frame ${at.seq} is missing from the log`, [], moment)
  }
  return fail(
    { ...state, misses },
    new RescindError('ERR_LOG_UNPROVED', `frame ${at.seq} was not found on this server`),
  )
}

/** The position is worthless: get a new one. The facts stay (R11). */
function lose(
  state: FollowState,
  code: 'ERR_CURSOR_FOREIGN' | 'ERR_LOG_REPLACED' | 'ERR_LOG_PRUNED',
  detail: string,
  outputs: readonly FollowOutput[],
  moment: Moment,
): Step {
  const next = begin({ ...unverified(state), lost: true, error: new RescindError(code, detail) }, moment)
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
  return catchUp({ ...state, cursor, lost: false, verified: true, misses: 0 }, askedAtMs, head, moment)
}

/** Before a snapshot is installed, the log is asked whether it is a snapshot of this log. */
function askAbout(state: FollowState, manifest: SnapshotManifest, { nowMs }: Moment): Step {
  return {
    state: { ...state, behind: false, askedAtMs: nowMs, phase: { kind: 'judging', askedAtMs: nowMs, manifest } },
    outputs: [{ kind: 'ask', own: manifest.cursor.seq > 0 ? manifest.cursor.seq : undefined }],
  }
}

/** R20: a snapshot of another epoch, another deployment, beyond the head, or of another frame is never installed. */
function judgeSnapshot(state: In<'judging'>, head: Head, own: OwnFrame, moment: Moment): Step {
  const { manifest, askedAtMs } = state.phase
  const foreign = foreignness(manifest, head, own)
  if (foreign !== undefined) {
    const error = new RescindError('ERR_SNAPSHOT_FOREIGN', foreign)
    return moment.rules.mayReadLog ? ask({ ...state, error }, moment) : fail(state, error)
  }
  return { state: { ...state, phase: { kind: 'joining', askedAtMs, manifest, head } }, outputs: [{ kind: 'join' }] }
}

function foreignness({ deployment, cursor }: SnapshotManifest, head: Head, own: OwnFrame): string | undefined {
  if (deployment !== head.deployment) return 'the snapshot is of another deployment'
  if (cursor.epoch !== head.epoch) return 'the snapshot is of another epoch'
  if (cursor.seq > head.lastSeq) return `the snapshot is at ${cursor.seq}, beyond the head at ${head.lastSeq}`
  if (cursor.seq + 1 < head.firstSeq) return `the log begins at ${head.firstSeq}, after the snapshot at ${cursor.seq}`
  if (cursor.seq === 0) return cursor.frameId === '' ? undefined : 'the snapshot names a frame at 0'
  // Of a log that was pruned empty a snapshot names no frame: there is nothing to verify it by, so it is refused.
  if (own === 'missing' || own === 'not_asked') return `the snapshot's frame ${cursor.seq} was not found in the log`
  return own.frameId === cursor.frameId ? undefined : `another frame lies at ${cursor.seq} than in the snapshot`
}

/** The image is joined: from here the snapshot's position is ours. */
function install(state: In<'joining'>, complete: boolean, moment: Moment): Step {
  const { manifest, askedAtMs, head } = state.phase
  const full = complete ? state.full : 'yes'
  const installed = { ...state, full, cursor: manifest.cursor, lost: false, verified: true, misses: 0 } as const
  const next = catchUp(installed, askedAtMs, head, moment)
  return { state: next.state, outputs: [{ kind: 'skipped' }, ...next.outputs] }
}

/** Reads what is missing up to the head, or is there already. */
function catchUp(state: FollowState, askedAtMs: number, head: Head, moment: Moment): Step {
  const seq = state.cursor?.seq ?? 0
  if (seq >= head.lastSeq) return arrive(state, askedAtMs, head, moment)
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
function arrive(state: FollowState, askedAtMs: number, head: Head, moment: Moment): Step {
  const provedAtMs = Math.max(state.provedAtMs ?? Number.NEGATIVE_INFINITY, askedAtMs - head.ageMs)
  const full = state.full === 'refilling' && !state.lost ? 'no' : state.full
  return follow({ ...state, provedAtMs, full, poison: undefined, error: undefined }, moment)
}

/** Waits for live frames until the next question is due: one pause after the last, or at once if reading took longer. */
function follow(state: FollowState, { nowMs, rules }: Moment): Step {
  const pauseMs = rules.proveEveryMs * (0.9 + 0.2 * rules.random())
  const following: In<'following'> = {
    ...state,
    phase: { kind: 'following', askAtMs: Math.max(nowMs, state.askedAtMs + pauseMs) },
  }
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
 * while the log was replaced would take another's place), kept if it comes early, else only a hint.
 */
function live(state: FollowState, seq: number, frame: Frame | undefined): Step {
  const { cursor, lost, verified, ahead } = state
  if (cursor === undefined || lost || !verified || seq <= cursor.seq || frame?.epoch !== cursor.epoch) {
    return { state: { ...state, behind: true }, outputs: [{ kind: 'ignored' }] }
  }
  if (seq === cursor.seq + 1) return apply(state, frame, seq)
  const follows = ahead.at(-1)?.seq === seq - 1 && ahead.length < limits.MAX_EARLY_FRAMES
  return stay({ ...state, behind: true, ahead: follows ? [...ahead, { seq, frame }] : [{ seq, frame }] })
}

/** A frame read by its sequence: already applied live meanwhile, the next one, or after a hole. */
function read(state: In<'reading'>, seq: number, frame: Frame): Step {
  const at = state.cursor?.seq ?? 0
  if (seq <= at) return stay(state)
  if (seq > at + 1) return fail(state, new RescindError('ERR_LOG_PRUNED', `frame ${at + 1} is missing from the log`))
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
  const outputs = frames.map(({ seq, frame }): FollowOutput => {
    return { kind: 'apply', frame, cursor: { epoch, seq, frameId: frame.frameId } }
  })
  const last = frames.at(-1) as { seq: number; frame: Frame }
  return { state: { ...state, ahead, cursor: { epoch, seq: last.seq, frameId: last.frame.frameId } }, outputs }
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
