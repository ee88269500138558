import {
  CONFIRMATION_REQUIRED,
  type Cursor,
  type Fact,
  limits,
  type Mistake,
  parseRevocation,
  type RevocationDraft,
} from '@rescind/protocol'
import { prove, type WaitWish } from './enforcement.ts'
import type { Outcome } from './group.ts'
import type { RequestHashes } from './idempotency.ts'
import {
  MAX_UPLOAD_LINES,
  MAX_WAITING_REPEATS,
  PROGRESS_EVERY_MS,
  UPLOAD_BATCH,
  UPLOAD_BATCHES_IN_FLIGHT,
  WINDOW_GROUPS,
} from './limits.ts'
import { type NdjsonLine, ndjsonLines } from './ndjson-lines.ts'
import type { Principal } from './principal.ts'
import { toProblem } from './problems.ts'
import type { Publishing } from './publishing.ts'
import type { Receipt } from './receipt.ts'
import { askedBy, type PlannedRevocation, planRevocation } from './revoke.ts'
import { shapeMistakes } from './shape-bound.ts'
import { UploadIds } from './upload-id.ts'
import { isRepeat, type WantedLine } from './upload-repeat.ts'

/** What an upload says while it is read, a line of JSON each. */
export type UploadEvent =
  | { readonly type: 'rejected'; readonly line: number; readonly code: string; readonly errors: readonly Mistake[] }
  | ({ readonly type: 'progress' } & UploadCounts)
  | ({
      readonly type: 'summary'
      readonly state: UploadState
      readonly cursor?: Cursor
      readonly receipt?: Receipt
    } & UploadCounts)
  /** It ended early; what was recorded stays. */
  | ({ readonly type: 'failed'; readonly code: string; readonly detail: string } & UploadCounts)

/** How far its facts came: as far as the last of them. */
export type UploadState = Outcome['state'] | 'enforced' | 'nothing_to_do'

/** Of the lines so far. */
export interface UploadCounts {
  readonly lines: number
  /** Facts on disk here, and mostly in the log. */
  readonly recorded: number
  /** Lines that an earlier upload under the same key brought already. */
  readonly repeated: number
  /** Lines whose tokens have all expired (R14). */
  readonly nothingToDo: number
  readonly rejected: number
}

/** What an upload needs. */
export interface UploadParts extends Publishing {
  readonly principal: Principal
  /** Hashes of its idempotency key, if it has one. */
  readonly request: RequestHashes | undefined
  /** What to wait for at the end. */
  readonly wish: WaitWish | undefined
  /** Of the first fact of an earlier upload under the same key, if there was one. */
  readonly firstId: string | undefined
  /** Resolves when there is room for more; an upload whose client does not read goes no further. */
  emit(event: UploadEvent): Promise<void>
}

interface Batched extends PlannedRevocation, WantedLine {
  readonly line: number
}

/**
 * Revocations as lines of JSON, any number of them: read as fast as they are recorded, a batch after the other, each whole
 * or not at all. A line that breaks the rules is told and left out. Sent again under its idempotency key after a cut, its
 * lines make the same facts: none is recorded twice, and none of what is missing is left out.
 */
export class Upload {
  readonly #parts: UploadParts
  readonly #ids: UploadIds
  #batch: Batched[] = []
  readonly #underWay: Promise<void>[] = []
  #waiting: ReadonlyMap<string, Fact> = new Map()
  #counts = { lines: 0, recorded: 0, repeated: 0, nothingToDo: 0, rejected: 0 }
  #state: UploadState = 'nothing_to_do'
  #cursor: Cursor | undefined
  #toldAtMs: number

  constructor(parts: UploadParts) {
    this.#parts = parts
    const { request, firstId, clock } = parts
    this.#ids = request ? UploadIds.of(request.key, firstId, clock.now()) : UploadIds.random(clock.now())
    this.#toldAtMs = clock.monotonic()
  }

  /** Reads to the end; of the bytes nothing is trusted. Resolves with the last event, which was emitted. Never rejects but with what `emit` does. */
  async run(chunks: AsyncIterable<Uint8Array>): Promise<UploadEvent> {
    let last: UploadEvent
    try {
      if (this.#parts.firstId !== undefined) this.#waiting = await this.#linesThatWait()
      for await (const line of ndjsonLines(chunks, limits.MAX_FRAME_BYTES)) await this.#take(line)
      await this.#flush({ all: true })
      await Promise.all(this.#underWay)
      const cursor = this.#cursor && { cursor: this.#cursor }
      const came = { type: 'summary', state: this.#state, ...cursor, ...this.#counts } as const
      last = await prove(came, this.#parts.wish, this.#parts.receipts)
    } catch (error) {
      await Promise.allSettled(this.#underWay)
      const { code, message } = toProblem(error)
      last = { type: 'failed', code, detail: message, ...this.#counts }
    }
    await this.#parts.emit(last)
    return last
  }

  async #take({ line, value, refused, detail }: NdjsonLine): Promise<void> {
    this.#counts.lines = line
    if (line > MAX_UPLOAD_LINES) throw new RangeError(`an upload has at most ${MAX_UPLOAD_LINES} lines`)
    if (refused !== undefined) await this.#reject(line, [{ pointer: '', code: refused, detail: detail ?? '' }])
    else {
      const parsed = parseRevocation(value, { issuers: this.#parts.issuers(), nowMs: this.#parts.latestNowMs() })
      if (parsed.ok) this.#plan(line, parsed.value, Object.hasOwn(value as object, 'issuedBefore'))
      else await this.#reject(line, parsed.mistakes)
    }
    if (this.#batch.length >= UPLOAD_BATCH) await this.#flush({ all: false })
    await this.#tell()
  }

  #plan(line: number, draft: RevocationDraft, isCutGiven: boolean): void {
    const { principal, earliestNowMs } = this.#parts
    const planned = planRevocation(draft, { id: this.#ids.of(line), actor: principal.name }, this.#parts)
    if (planned.provisional.expiresAtMs > earliestNowMs()) this.#batch.push({ ...planned, line, isCutGiven })
    else this.#counts.nothingToDo += 1
  }

  /** Records the batch; without `all`, what is left over from its last full frame begins the next one. */
  async #flush({ all }: { readonly all: boolean }): Promise<void> {
    const batch = await this.#allowed(await this.#unknown(this.#batch))
    const parts = [...inFrames(batch)]
    this.#batch = parts.length > 1 && !all ? [...(parts.pop() ?? [])] : []
    // R22: whoever began it may have been revoked meanwhile.
    this.#parts.principal.confirm?.()
    for (const part of parts) {
      while (this.#underWay.length >= UPLOAD_BATCHES_IN_FLIGHT) await this.#underWay.shift()
      const recorded = this.#record(part)
      // Its failure is met where it is awaited.
      recorded.catch(() => undefined)
      this.#underWay.push(recorded)
    }
  }

  /** What an earlier upload under this key left that is not in the log yet. */
  async #linesThatWait(): Promise<ReadonlyMap<string, Fact>> {
    const found = new Map<string, Fact>()
    for (let after = 0; found.size < MAX_WAITING_REPEATS; ) {
      const groups = await this.#parts.store.waiting(after, WINDOW_GROUPS)
      if (groups.length === 0) break
      for (const fact of groups.flatMap(({ facts }) => facts)) {
        if (fact.kind === 'revocation' && this.#ids.made(fact.id)) found.set(fact.id, fact)
      }
      after = groups.at(-1)?.order ?? after
    }
    return found
  }

  /** What an earlier upload under this key did not bring. Another fact under the same id is another upload. */
  async #unknown(batch: readonly Batched[]): Promise<readonly Batched[]> {
    if (this.#parts.firstId === undefined || batch.length === 0) return batch
    const known = await Promise.all(batch.map(({ provisional }) => this.#parts.store.byId(provisional.id)))
    const unknown: Batched[] = []
    for (const [index, one] of batch.entries()) {
      const waiting = this.#waiting.get(one.provisional.id)
      const facts = [...(known[index] ?? []).map(({ fact }) => fact), ...(waiting ? [waiting] : [])]
      if (facts.length === 0) unknown.push(one)
      else if (facts.some((fact) => isRepeat(fact, one, this.#ids.startedAtMs))) this.#counts.repeated += 1
      else
        await this.#reject(one.line, [
          { pointer: '', code: 'idempotency_key_reused', detail: 'this line was another one before: take a new key' },
        ])
    }
    return unknown
  }

  /** R2: what would be one set of claim names too many is told and left out. */
  async #allowed(batch: readonly Batched[]): Promise<readonly Batched[]> {
    const { replica, outbox } = this.#parts
    const requested = batch.map(({ provisional: { iss, match }, line }) => ({ iss, match, base: `/${line}` }))
    const mistakes = shapeMistakes(requested, replica.denylist, () => outbox.waiting())
    if (mistakes.length === 0) return batch
    const refused = new Map(mistakes.map((mistake) => [Number(mistake.pointer.split('/')[1]), mistake]))
    for (const [line, mistake] of refused) await this.#reject(line, [{ ...mistake, pointer: '/match' }])
    return this.#allowed(batch.filter(({ line }) => !refused.has(line)))
  }

  async #record(batch: readonly Batched[]): Promise<void> {
    const outcome = await this.#parts.outbox.submit('revocation', batch, {
      request: this.#parts.request,
      by: askedBy(this.#parts.principal, 'import'),
    })
    this.#counts.recorded += batch.length
    if (outcome.state === 'recorded') this.#state = 'recorded'
    else {
      if (this.#state === 'nothing_to_do') this.#state = 'broadcast'
      const { cursor } = outcome
      const isNewer = this.#cursor?.epoch !== cursor.epoch || this.#cursor.seq < cursor.seq
      if (isNewer) this.#cursor = cursor
    }
  }

  async #reject(line: number, errors: readonly Mistake[]): Promise<void> {
    this.#counts.rejected += 1
    const isUnconfirmed = errors.every(({ code }) => code === CONFIRMATION_REQUIRED)
    const single = errors[0]?.pointer === '' ? errors[0].code : 'invalid_revocation'
    await this.#parts.emit({ type: 'rejected', line, code: isUnconfirmed ? CONFIRMATION_REQUIRED : single, errors })
  }

  async #tell(): Promise<void> {
    const nowMs = this.#parts.clock.monotonic()
    if (nowMs - this.#toldAtMs < PROGRESS_EVERY_MS) return
    this.#toldAtMs = nowMs
    await this.#parts.emit({ type: 'progress', ...this.#counts })
  }
}

/** Parts that each fit into a frame: by their size as JSON, with the frame around them. */
function* inFrames(batch: readonly Batched[]): Generator<readonly Batched[]> {
  let part: Batched[] = []
  let bytes = 0
  for (const one of batch) {
    const size = Buffer.byteLength(JSON.stringify(one.provisional)) + 8
    if (bytes + size > limits.MAX_FRAME_BYTES - 1_024) {
      yield part
      part = []
      bytes = 0
    }
    part.push(one)
    bytes += size
  }
  if (part.length > 0) yield part
}
