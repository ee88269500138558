import type { Head } from '@rescind/log'
import { type Frame, RescindError, type SnapshotManifest } from '@rescind/protocol'
import {
  type FollowInput,
  type FollowOutput,
  type FollowRules,
  type FollowState,
  INITIAL,
  type OwnFrame,
  type Phase,
} from '../src/follow-state.ts'
import { step } from '../src/follow-table.ts'

/** A replica with a snapshot source. */
export const RULES: FollowRules = { hasSnapshots: true, mayReadLog: false, proveEveryMs: 2_000, random: () => 0.5 }
/** A replica that reads the log alone. */
export const FROM_LOG: FollowRules = { ...RULES, hasSnapshots: false, mayReadLog: true }

/** A frame id. */
export const id = (n: number): string => n.toString(16).padStart(32, '0')
/** The frame that every story has at a sequence. */
export const frameOf = (seq: number, epoch = 'e1'): Frame => ({ frameId: id(seq), epoch, publisher: 'p', facts: [] })
/** What the leader answers. */
export const head = (lastSeq: number, more: Partial<Head> = {}): Head => ({
  epoch: 'e1',
  deployment: 'd1',
  fingerprintKey: id(1),
  firstSeq: 1,
  lastSeq,
  ageMs: 0,
  ...more,
})
/** The manifest of a snapshot at a sequence. */
export const manifest = (seq: number, more: Partial<SnapshotManifest> = {}): SnapshotManifest => ({
  deployment: 'd1',
  cursor: { epoch: 'e1', seq, frameId: frameOf(seq).frameId },
  newestAtMs: 1,
  takenAtMs: 1,
  entries: 0,
  imageBytes: 0,
  imageSha256: '',
  ...more,
})
/** Our frame at a sequence, as the log has it. */
export const own = (seq: number): { frameId: string } => ({ frameId: frameOf(seq).frameId })
/** An answer that a story completes with what it asked for. */
export interface Answered {
  readonly kind: 'answered'
  readonly head: Head
  readonly there: Readonly<Record<number, OwnFrame>>
}
/** What was waited for cannot be had. */
export const failed: FollowInput = { kind: 'failed', error: new RescindError('ERR_LOG_UNAVAILABLE', 'test') }

/** Feeds inputs one after another; returns where that leads and what came out on the way. */
export class Story {
  state: FollowState = INITIAL
  outputs: FollowOutput[] = []
  now = 10_000
  readonly #rules: FollowRules
  #asked: readonly number[] = []

  constructor(rules: FollowRules = RULES) {
    this.#rules = rules
  }

  send(...inputs: (FollowInput | Answered)[]): this {
    this.outputs = []
    for (const input of inputs) {
      const next = step(this.state, 'there' in input ? this.#answer(input) : input, this.now, this.#rules)
      this.state = next.state
      this.outputs.push(...next.outputs)
      for (const output of next.outputs) if (output.kind === 'ask') this.#asked = output.own
    }
    return this
  }

  #answer({ head, there }: Answered): FollowInput {
    return { kind: 'answered', head, own: this.#asked.map((seq) => there[seq] ?? own(seq)) }
  }

  after(ms: number): this {
    this.now += ms
    return this
  }

  get kinds(): string[] {
    return this.outputs.map((output) => output.kind)
  }

  get phase(): Phase['kind'] {
    return this.state.phase.kind
  }
}

/** The frame of a sequence, as it comes live. */
export const live = (seq: number, epoch?: string): FollowInput => ({ kind: 'live', seq, frame: frameOf(seq, epoch) })
/** The frame of a sequence, as it is read. */
export const frame = (seq: number): FollowInput => ({ kind: 'frame', seq, frame: frameOf(seq) })
/** The leader's answer, and our own frames wherever they are asked for, but for what lies `there` instead. */
export const answered = (h: Head, there: Readonly<Record<number, OwnFrame>> = {}): Answered => ({
  kind: 'answered',
  head: h,
  there,
})

/** A replica that follows at sequence 5 of a log of 5. */
export function following(rules: FollowRules = RULES): Story {
  const story = new Story(rules)
  if (!rules.hasSnapshots) {
    story.send({ kind: 'begin' }, answered(head(5)))
    return story.send(frame(1), frame(2), frame(3), frame(4), frame(5), { kind: 'end' }, answered(head(5)))
  }
  story.send({ kind: 'begin' }, { kind: 'snapshot', manifest: manifest(5) }, answered(head(5)))
  return story.send({ kind: 'joined', complete: true })
}
