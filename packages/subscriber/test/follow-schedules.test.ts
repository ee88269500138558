import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Head } from '@rescind/log'
import { type Frame, RescindError, type SnapshotManifest } from '@rescind/protocol'
import fc from 'fast-check'
import {
  type FollowInput,
  type FollowOutput,
  type FollowRules,
  type FollowState,
  INITIAL,
} from '../src/follow-state.ts'
import { step } from '../src/follow-table.ts'

/**
 * The state machine against a log that does everything a log can do, one action at a time: append, lose, repeat and
 * reorder live frames, go away and come back, roll back and reuse sequences (noticed or not), be recreated, be pruned,
 * answer late.
 * Whenever the replica takes something for a proof, it must have applied every frame that the log held when its head
 * was told (late or at once, but never before the question).
 */

interface Snapshot {
  readonly manifest: SnapshotManifest
  readonly ids: ReadonlySet<string>
}

class World {
  state: FollowState = INITIAL
  now = 1_000
  readonly applied = new Set<string>()
  readonly reached = new Set<string>()
  readonly #rules: FollowRules
  #epoch = 1
  #firstSeq = 1
  #frames: string[] = []
  #ids = 0
  /** Every frame that ever was: what the publisher's replica holds, and its snapshots with it. */
  readonly #ever = new Set<string>()
  #connected = true
  #live: { seq: number; id: string; epoch: string }[] = []
  #work: Exclude<FollowOutput, { kind: 'apply' }> | undefined
  #headWhenAsked: Head | undefined
  #logWhenAsked: readonly string[] = []
  /** What the log held when it told the head, by when the question was asked. */
  readonly #told = new Map<number, readonly string[]>()
  #snapshot: Snapshot | undefined
  #oldSnapshot: Snapshot | undefined
  #nextToRead = 0

  constructor(rules: FollowRules) {
    this.#rules = rules
    for (let n = 0; n < 3; n += 1) this.append()
    this.#live = []
    this.#send({ kind: 'begin' })
  }

  append(): void {
    this.#ids += 1
    const id = this.#ids.toString(16).padStart(32, '0')
    this.#frames.push(id)
    this.#ever.add(id)
    if (this.#connected) this.#live.push({ seq: this.#lastSeq, id, epoch: `e${this.#epoch}` })
  }

  /** `which` picks the message; `fate`: 0 is lost, 1 comes twice, anything else comes once. */
  deliver(which: number, fate: number): void {
    if (!this.#connected || this.#live.length === 0) return
    const at = fate < 6 ? 0 : which % this.#live.length
    const [message] = fate === 1 ? this.#live.slice(at, at + 1) : this.#live.splice(at, 1)
    if (message && fate !== 0) this.#send({ kind: 'live', seq: message.seq, frame: frameOf(message.id, message.epoch) })
  }

  disconnect(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#live = []
    this.#work = undefined
    this.#send({ kind: 'disconnected' })
  }

  reconnect(): void {
    this.#connected = true
  }

  /** A store directory restored from an older copy: the broker was down, the epoch is the same. */
  rollBack(by: number): void {
    this.disconnect()
    this.#frames.splice(Math.max(0, this.#frames.length - 1 - by))
  }

  /**
   * The same behind another broker than ours: the connection does not notice, and what is appended then may never be
   * delivered live. What was under way is lost, and what is taken back reaches below the last proof: a live frame of the
   * old log after an answer of the new one, and a loss within one proof, are gaps (SPEC.md).
   */
  rollBackUnnoticed(by: number): void {
    const { proved } = this.state
    if (proved === undefined || proved.frameId === '' || proved.epoch !== this.#head().epoch) return
    const kept = proved.seq - 1 - by
    if (kept >= this.#lastSeq) return
    this.#frames.splice(Math.max(0, kept + 1 - this.#firstSeq))
    this.#live = []
  }

  /** The stream is deleted and made anew; the connection does not notice. */
  recreate(frames: number): void {
    this.#epoch += 1
    this.#firstSeq = 1
    this.#frames = []
    this.#oldSnapshot = undefined
    for (let n = 0; n < frames; n += 1) this.append()
  }

  prune(count: number): void {
    const gone = Math.min(count, this.#frames.length)
    this.#frames.splice(0, gone)
    this.#firstSeq += gone
  }

  pass(ms: number): void {
    this.now += ms
    this.#send({ kind: 'tick' })
    if (this.state.phase.kind === 'waiting' && this.#connected) this.#send({ kind: 'begin' })
  }

  /** Something that was asked for arrives; `late`: the answer was made when it was asked for. */
  answer(late: boolean, fails: boolean): void {
    const work = this.#work
    if (!work) return
    if (fails) this.#finish({ kind: 'failed', error: new RescindError('ERR_LOG_UNAVAILABLE', 'test') })
    else if (work.kind === 'ask') this.#answerAsk(work.own, late)
    else if (work.kind === 'fetch') this.#answerFetch(late)
    else if (work.kind === 'join') this.#answerJoin()
    else if (work.kind === 'read') this.#readOne(work)
  }

  /** All faults end; what must come true then. A log is never left empty: it holds every unexpired fact. */
  settle(): void {
    this.reconnect()
    this.append()
    const endedAtMs = this.now
    for (let n = 0; n < 200 && !this.#isSettledSince(endedAtMs); n += 1) {
      this.now += 1
      this.answer(false, false)
      this.pass(n % 10 === 0 ? 3_000 : 1)
    }
    assert.ok(this.#isSettledSince(endedAtMs), `does not converge: ${JSON.stringify(this.state)}`)
    for (const id of this.#frames) assert.ok(this.applied.has(id), 'everything in the log is applied')
  }

  /** Following at the head, by a proof that is no older than the end of the faults. */
  #isSettledSince(endedAtMs: number): boolean {
    const { cursor, lost, provedAtMs, phase } = this.state
    const atHead = cursor?.seq === this.#lastSeq && cursor.epoch === this.#head().epoch && !lost
    return phase.kind === 'following' && atHead && (provedAtMs as number) >= endedAtMs
  }

  get #lastSeq(): number {
    return this.#firstSeq + this.#frames.length - 1
  }

  #idAt(seq: number): string | undefined {
    return this.#frames[seq - this.#firstSeq]
  }

  #head(): Head {
    return {
      epoch: `e${this.#epoch}`,
      deployment: 'd',
      fingerprintKey: '',
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      ageMs: 0,
    }
  }

  #takeSnapshot(): Snapshot {
    const { epoch, lastSeq } = this.#head()
    const cursor = { epoch, seq: lastSeq, frameId: this.#idAt(lastSeq) ?? '' }
    const rest = { deployment: 'd', newestAtMs: 0, takenAtMs: 0, entries: 0, imageBytes: 0, imageSha256: '' }
    return { manifest: { ...rest, cursor }, ids: new Set(this.#ever) }
  }

  #answerAsk(own: readonly number[], late: boolean): void {
    const head = (late ? this.#headWhenAsked : this.#head()) as Head
    this.#told.set(this.state.askedAtMs, late ? this.#logWhenAsked : [...this.#frames])
    const found = own.map((seq) => this.#idAt(seq)).map((id) => (id === undefined ? 'missing' : { frameId: id }))
    this.#finish({ kind: 'answered', head, own: found })
  }

  #answerFetch(late: boolean): void {
    if (!late || !this.#oldSnapshot) this.#oldSnapshot = this.#takeSnapshot()
    this.#snapshot = this.#oldSnapshot
    this.#finish({ kind: 'snapshot', manifest: this.#snapshot.manifest })
  }

  #answerJoin(): void {
    for (const id of this.#snapshot?.ids ?? []) this.applied.add(id)
    this.#finish({ kind: 'joined', complete: true })
  }

  #readOne(work: Extract<FollowOutput, { kind: 'read' }>): void {
    const seq = this.#nextToRead
    const id = this.#idAt(seq)
    if (id === undefined) {
      this.#finish({ kind: 'failed', error: new RescindError('ERR_LOG_PRUNED', `no frame ${seq}`) })
      return
    }
    this.#nextToRead += 1
    this.#send({ kind: 'frame', seq, frame: frameOf(id, 'any') })
    if (seq === work.toSeq && this.#work === work) this.#finish({ kind: 'end' })
  }

  #finish(input: FollowInput): void {
    this.#work = undefined
    this.#send(input)
  }

  #send(input: FollowInput): void {
    const before = this.state
    const { state, outputs } = step(before, input, this.now, this.#rules)
    this.state = state
    assertStep(before, input, state, outputs, this.now)
    for (const output of outputs) this.#carryOut(output)
    if (state.provedAtMs !== before.provedAtMs) {
      const told = this.#told.get(state.provedAtMs as number)
      assert.ok(told, 'R19: a proof counts from a question')
      for (const id of told) assert.ok(this.applied.has(id), 'R19: proved, and a frame is missing')
    }
    this.reached.add(state.phase.kind)
    for (const { kind } of outputs) this.reached.add(kind)
  }

  #carryOut(output: FollowOutput): void {
    if (output.kind === 'apply') this.applied.add(output.frame.frameId)
    if (output.kind === 'retry') this.#work = undefined
    if (output.kind === 'ask') {
      this.#headWhenAsked = this.#head()
      this.#logWhenAsked = [...this.#frames]
    }
    if (output.kind === 'read') this.#nextToRead = output.fromSeq
    if (output.kind === 'ask' || output.kind === 'fetch' || output.kind === 'join' || output.kind === 'read')
      this.#work = output
  }
}

const frameOf = (frameId: string, epoch: string): Frame => ({ frameId, epoch, publisher: 'p', facts: [] })

/** What holds at every single step. */
function assertStep(
  before: FollowState,
  input: FollowInput,
  after: FollowState,
  outputs: readonly FollowOutput[],
  now: number,
): void {
  const work = outputs.filter(({ kind }) => ['ask', 'fetch', 'join', 'read'].includes(kind))
  assert.ok(work.length <= 1, 'one question at a time')
  const applied = outputs.filter((output) => output.kind === 'apply')
  if (applied.length > 0) {
    const first = (before.cursor?.seq ?? -1) + 1
    const seqs = applied.map(({ cursor }) => cursor.seq)
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, n) => first + n),
      'the next frames, and only those',
    )
    assert.deepEqual(applied.at(-1)?.cursor, after.cursor, 'position moves with state')
    assert.ok(before.verified || input.kind === 'frame', 'R19: no live frame on a position that is not verified')
  } else if (after.cursor !== before.cursor) {
    assert.ok(input.kind === 'joined' || before.lost, 'the cursor jumps only by a bootstrap')
  }
  if (after.provedAtMs !== before.provedAtMs) {
    assert.ok(['answered', 'end', 'joined'].includes(input.kind), 'R19: only an answer proves')
    assert.ok((after.provedAtMs as number) <= now, 'R19: no proof from the future')
    assert.ok(
      (after.provedAtMs as number) > (before.provedAtMs ?? Number.NEGATIVE_INFINITY),
      'R19: proofs do not go back',
    )
  }
}

type Action = readonly [kind: number, a: number, b: number]

function act(world: World, [kind, a, b]: Action): void {
  world.now += 1
  if (kind < 20) world.append()
  else if (kind < 45) world.deliver(a, b % 10)
  else if (kind < 75) world.answer(a % 3 === 0, b % 12 === 0)
  else if (kind < 88) world.pass([0, 1, 30, 700, 2_300][a % 5] as number)
  else if (kind < 91) world.disconnect()
  else if (kind < 95) world.reconnect()
  else if (kind < 96) world.rollBack(a % 3)
  else if (kind < 97) world.rollBackUnnoticed(a % 3)
  else if (kind < 98) world.recreate(a % 6)
  else world.prune(a % 3)
}

const BOTH = { hasSnapshots: true, mayReadLog: true, proveEveryMs: 2_000, random: () => 0.5 }
const RULES: readonly FollowRules[] = [BOTH, { ...BOTH, hasSnapshots: false }, { ...BOTH, mayReadLog: false }]

describe('any schedule of faults', () => {
  it('R11, R19, R20: a proof is never wrong, and every schedule converges once the faults end', () => {
    const seed = Number(process.env.RESCIND_SEED ?? Date.now() % 2 ** 31)
    console.log(`seed ${seed} (set RESCIND_SEED to repeat)`)
    const reached = new Set<string>()
    const small = fc.integer({ min: 0, max: 59 })
    const actions = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), small, small), { minLength: 20, maxLength: 120 })
    fc.assert(
      fc.property(fc.constantFrom(...RULES), actions, (rules, schedule) => {
        const world = new World(rules)
        for (const action of schedule) act(world, action)
        world.settle()
        for (const kind of world.reached) reached.add(kind)
      }),
      { seed, numRuns: Number(process.env.RESCIND_SCHEDULES ?? 5_000) },
    )
    for (const kind of ['joining', 'reading', 'replaced', 'ignored', 'skipped', 'retry', 'apply']) {
      assert.ok(reached.has(kind), `no schedule came to ${kind}: the schedules test too little`)
    }
  })
})
