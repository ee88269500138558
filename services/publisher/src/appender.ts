import { randomBytes } from 'node:crypto'
import { type Cursor, type Fact, type Frame, limits, RescindError, toRescindError } from '@rescind/protocol'
import type { AppliedFrame } from './applied-frames.ts'
import { FACT_SLACK_BYTES, MAX_APPEND_ROUNDS, MAX_WAITING_BYTES } from './limits.ts'
import type { LogicalTime } from './logical-time.ts'

/** Makes a fact as of the logical time that its frame is given (R10); called again if the fact has to be appended again. */
export type FactBuilder = (atMs: number) => Fact

/** What became of a submission: its facts as they stand on the log, and the last frame that holds one of them. */
export interface Committed {
  readonly facts: readonly Fact[]
  readonly cursor: Cursor
}

/** What the appender needs. */
export interface AppenderParts {
  /** Why nothing may be appended now, or undefined. Asked before every frame. */
  refusal(): RescindError | undefined
  /** Appends a frame and waits until the own replica has applied it. */
  commit(frame: Frame): Promise<AppliedFrame>
  /** The epoch of the log as the own replica follows it. Asked only when nothing is refused. */
  epoch(): string
  readonly time: LogicalTime
  /** Random id of this process, for its frames. */
  readonly publisher: string
}

interface Entry {
  readonly build: FactBuilder
  fact: Fact
  cursor?: Cursor
}

interface Submission {
  readonly kind: Fact['kind']
  readonly entries: readonly Entry[]
  readonly bytes: number
  resolve(committed: Committed): void
  reject(error: RescindError): void
}

/** Bytes of a frame around its facts: the header of 48, and `{"publisher":"…","facts":[]}` with 16 characters of id. */
const FRAME_OVERHEAD_BYTES = 48 + 27 + 16

/**
 * Group commit (R10): submissions that arrive together become one frame, in order, one frame in flight at a time. A
 * lone submission is not delayed. Revocations, lifts and Issuer facts never share a frame.
 */
export class Appender {
  readonly #parts: AppenderParts
  readonly #queue: Submission[] = []
  #inFlight: readonly Submission[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined
  #draining = false

  constructor(parts: AppenderParts) {
    this.#parts = parts
  }

  /**
   * Resolves once every fact is in the log and in force in the own replica. The facts of one submission are appended in
   * one frame: all or nothing. Rejects with `ERR_FRAME_TOO_LARGE` if they do not fit into one, `ERR_LOG_UNAVAILABLE`,
   * `ERR_CLOCK_SKEW`, `ERR_LOG_FULL`, `ERR_DENYLIST_FULL` or `ERR_CLOSED`.
   */
  async submit(kind: Fact['kind'], builders: readonly FactBuilder[]): Promise<Committed> {
    if (this.#draining) throw new RescindError('ERR_CLOSED', 'the publisher is stopping; ask another one')
    const refusal = this.#parts.refusal()
    if (refusal) throw refusal
    const provisionalAtMs = this.#parts.time.peek()
    const entries = builders.map((build): Entry => ({ build, fact: build(provisionalAtMs) }))
    const bytes = entries.reduce((sum, { fact }) => sum + sizeOf(fact), 0)
    checkSize(entries.length, bytes)
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new RescindError('ERR_LOG_UNAVAILABLE', 'too many facts wait for the log; nothing was taken')
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind, entries, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#running ??= this.#run()
    })
  }

  /** Facts that are submitted and not yet answered for; their times are provisional. */
  *waiting(): Generator<Fact> {
    for (const { entries } of [...this.#inFlight, ...this.#queue]) for (const { fact } of entries) yield fact
  }

  /** Takes nothing more, with `ERR_CLOSED`, and resolves once everything submitted so far has been answered. */
  async drain(): Promise<void> {
    this.#draining = true
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // One turn of the event loop: requests that were read from their sockets together get here together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      this.#inFlight = this.#takeBatch()
      await this.#commitBatch(this.#inFlight)
      for (const { bytes } of this.#inFlight) this.#waitingBytes -= bytes
      this.#inFlight = []
    }
    this.#running = undefined
  }

  /** The longest run of submissions of one kind, from the front, that fits into one frame. */
  #takeBatch(): Submission[] {
    const kind = this.#queue[0]?.kind
    let bytes = FRAME_OVERHEAD_BYTES
    let facts = 0
    const end = this.#queue.findIndex((submission) => {
      bytes += submission.bytes
      facts += submission.entries.length
      return submission.kind !== kind || bytes > limits.MAX_FRAME_BYTES || facts > limits.MAX_FACTS_PER_FRAME
    })
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end)
  }

  /** Appends until each fact has been in force at the instant its frame was applied, and answers. Never rejects. */
  async #commitBatch(batch: readonly Submission[]): Promise<void> {
    let pending = batch.flatMap(({ entries }) => entries)
    try {
      for (let round = 0; pending.length > 0; round++) {
        if (round === MAX_APPEND_ROUNDS) throw outrun()
        const refusal = this.#parts.refusal()
        if (refusal) throw refusal
        pending = await this.#appendOnce(batch[0]?.kind ?? 'revocation', pending)
      }
      for (const submission of batch) settle(submission)
    } catch (error) {
      const cause = toRescindError(error, 'ERR_LOG_UNAVAILABLE')
      for (const submission of batch) settle(submission, cause)
    }
  }

  /** One frame. Returns the entries that a newer lift had outrun when it was applied. */
  async #appendOnce(kind: Fact['kind'], entries: readonly Entry[]): Promise<Entry[]> {
    const atMs = this.#parts.time.next(kind)
    for (const entry of entries) entry.fact = entry.build(atMs)
    const frame: Frame = {
      frameId: randomBytes(16).toString('hex'),
      epoch: this.#parts.epoch(),
      publisher: this.#parts.publisher,
      facts: entries.map(({ fact }) => fact),
    }
    const { applied, cursor } = await this.#parts.commit(frame)
    entries.forEach((entry, index) => {
      if (applied[index] === 'in_force') entry.cursor = cursor
    })
    return entries.filter((_, index) => applied[index] === 'lifted')
  }
}

/** Answers a submission: with what stands, or with why not all of it does. */
function settle({ entries, resolve, reject }: Submission, error?: RescindError): void {
  // The frame with the largest time is the last one, in whichever epoch.
  const last = entries.reduce<Entry | undefined>((a, b) => (a && a.fact.atMs >= b.fact.atMs ? a : b), undefined)
  if (last?.cursor !== undefined && entries.every(({ cursor }) => cursor !== undefined)) {
    resolve({ facts: entries.map(({ fact }) => fact), cursor: last.cursor })
  } else reject(error ?? storeFull())
}

function sizeOf(fact: Fact): number {
  return Buffer.byteLength(JSON.stringify(fact)) + FACT_SLACK_BYTES
}

function checkSize(facts: number, bytes: number): void {
  if (bytes + FRAME_OVERHEAD_BYTES <= limits.MAX_FRAME_BYTES && facts <= limits.MAX_FACTS_PER_FRAME) return
  const detail = `${facts} facts of ${bytes} bytes do not fit into one frame of ${limits.MAX_FRAME_BYTES} bytes: send them in parts`
  throw new RescindError('ERR_FRAME_TOO_LARGE', detail)
}

function storeFull(): RescindError {
  const detail = `more than ${limits.MAX_ENTRIES} revocations are live, and this one could not be held`
  return new RescindError('ERR_DENYLIST_FULL', detail)
}

function outrun(): RescindError {
  return new RescindError('ERR_LOG_UNAVAILABLE', 'another publisher lifted it each time it was appended; ask again')
}
