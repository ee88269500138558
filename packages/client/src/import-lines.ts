import type { Cursor, Mistake } from '@rescind/protocol'
import { isCursor } from '@rescind/protocol'
import { RECEIPT } from './answer-shapes.ts'
import type { Receipt, State } from './answers.ts'
import type { Settings } from './client-options.ts'
import { RescindHttpError } from './http-error.ts'
import { jsonLines } from './json-lines.ts'
import { MAX_UPLOAD_RESUMES, RETRY_WITHIN_MS, UPLOAD_STALL_MS } from './limits.ts'
import type { WaitOptions } from './requests.ts'
import { passes, pauseMs, restBefore } from './retries.ts'
import { list, NUMBER, object, oneOf, optional, such, TEXT } from './shapes.ts'
import type { Call, Transport } from './transport.ts'
import { isRepeatable, type UploadSource, uploadBody } from './upload-body.ts'

/** A line that was not taken; the others are. `line` counts from 1. */
export interface RejectedLine {
  readonly type: 'rejected'
  readonly line: number
  readonly code: string
  readonly errors: readonly Mistake[]
}

/** How far it is. After a cut the numbers begin again. */
export interface ImportProgress {
  readonly type: 'progress'
  readonly lines: number
  readonly recorded: number
  readonly rejected: number
}

/** What became of all of it. */
export interface ImportSummary {
  readonly type: 'summary'
  readonly state: State
  readonly lines: number
  readonly recorded: number
  /** Lines that an earlier sending of the same upload had brought already. */
  readonly repeated: number
  readonly nothingToDo: number
  readonly rejected: number
  readonly cursor?: Cursor
  readonly receipt?: Receipt
}

/** What {@link Client.importLines} gives; the summary is always the last. */
export type ImportEvent =
  | RejectedLine
  | ImportProgress
  | ImportSummary
  /** The connection was cut: the upload is sent again under the same key. */
  | { readonly type: 'resumed'; readonly reason: string }

/** Options of {@link Client.importLines}. */
export interface ImportOptions extends Omit<WaitOptions, 'idempotencyKey'> {
  /** Names the upload: to go on with one that was cut, give its key, and send it whole again. */
  readonly idempotencyKey: string
  /** Hears how many lines were handed to the connection. */
  readonly onSent?: ((lines: number) => void) | undefined
}

const REJECTED = object<RejectedLine>({
  type: oneOf('rejected'),
  line: NUMBER,
  code: TEXT,
  errors: list(object<Mistake>({ pointer: TEXT, code: TEXT, detail: TEXT })),
})
const PROGRESS = object<ImportProgress>({ type: oneOf('progress'), lines: NUMBER, recorded: NUMBER, rejected: NUMBER })
const SUMMARY = object<ImportSummary>({
  type: oneOf('summary'),
  state: oneOf('recorded', 'broadcast', 'enforced', 'nothing_to_do'),
  lines: NUMBER,
  recorded: NUMBER,
  repeated: NUMBER,
  nothingToDo: NUMBER,
  rejected: NUMBER,
  cursor: optional(such((value) => isCursor(value), 'no cursor')),
  receipt: optional(RECEIPT),
})
const NDJSON = 'application/x-ndjson'

/** One upload, sent as often as it takes. */
export class Upload {
  readonly #settings: Settings
  readonly #transport: Transport
  readonly #source: UploadSource
  readonly #options: ImportOptions
  readonly #query: string
  /** Rejections up to this line were told. They come in the order of the lines, so a repeat's are known by it. */
  #toldLine = 0
  #furthest = 0

  constructor(settings: Settings, transport: Transport, source: UploadSource, options: ImportOptions, query: string) {
    this.#settings = settings
    this.#transport = transport
    this.#source = source
    this.#options = options
    this.#query = query
  }

  /** Sends and tells; a cut is taken up again where the source allows it, unless nothing moves from one cut to the next. */
  async *run(): AsyncGenerator<ImportEvent, void> {
    const { clock, random, retries, signal } = this.#settings
    let stuck = 0
    let movedMs = clock.monotonic()
    for (;;) {
      const before = this.#furthest
      try {
        yield* this.#attempt()
        return
      } catch (error) {
        if (!(error instanceof RescindHttpError) || !(passes(error) || error.code === 'cut_off'))
          throw this.#keyed(error)
        if (this.#furthest > before) {
          stuck = 0
          movedMs = clock.monotonic()
        }
        // A publisher that has not noticed the cut yet says that the key is in use: that is no failure, but takes time.
        if (error.code !== 'idempotency_key_in_use') stuck += 1
        const isInTime = clock.monotonic() - movedMs <= RETRY_WITHIN_MS
        const mayRetry = isInTime && stuck <= Math.min(retries, MAX_UPLOAD_RESUMES)
        if (!isRepeatable(this.#source) || !mayRetry) throw this.#cut(error)
        yield { type: 'resumed', reason: error.message }
        const restMs = Math.max(pauseMs(random, stuck), error.retryAfterMs ?? 0)
        await restBefore(restMs, signal, this.#options.signal)
      }
    }
  }

  async *#attempt(): AsyncGenerator<ImportEvent, void> {
    const { idempotencyKey, signal, onSent } = this.#options
    let broken: { readonly error: unknown } | undefined
    const deadline = this.#transport.deadline(UPLOAD_STALL_MS, signal)
    const sent = (lines: number): void => {
      deadline.release(UPLOAD_STALL_MS)
      onSent?.(lines)
    }
    const call: Call = {
      method: 'POST',
      path: `/v1/revocations${this.#query}`,
      headers: { 'content-type': NDJSON, 'idempotency-key': idempotencyKey },
      body: uploadBody(this.#source, deadline.signal, {
        onWait: () => deadline.hold(),
        onSent: sent,
        onFailed: (error) => {
          broken = { error }
        },
      }),
      timeoutMs: UPLOAD_STALL_MS,
      signal,
      deadline,
    }
    try {
      yield* this.#answer(call)
    } catch (error) {
      // What broke the source is its owner's to know, and no cut.
      throw broken ? broken.error : error
    }
  }

  async *#answer(call: Call): AsyncGenerator<ImportEvent, void> {
    const opened = await this.#transport.open(call, [NDJSON])
    for await (const line of jsonLines(this.#transport, call, opened, UPLOAD_STALL_MS)) {
      const event = eventOf(line)
      if (event?.type === 'progress') this.#furthest = Math.max(this.#furthest, event.lines)
      if (event?.type === 'rejected') {
        if (event.line <= this.#toldLine) continue
        this.#toldLine = event.line
      }
      if (event) yield event
      if (event?.type === 'summary') return
    }
    throw new RescindHttpError('cut_off', 'the answer ended before its summary: the upload was cut')
  }

  /** An error that is not taken up again says under which key all of it can be sent once more. */
  #cut(error: RescindHttpError): RescindHttpError {
    const { idempotencyKey } = this.#options
    const advice = `a part may have been taken: send all of it again under the idempotency key ${idempotencyKey}, which is harmless`
    return new RescindHttpError(error.code, `${error.detail}; ${advice}`, {
      status: error.status,
      mayHaveBeenTaken: true,
      idempotencyKey,
      cause: error,
    })
  }

  #keyed(error: unknown): unknown {
    const isCut = error instanceof RescindHttpError && error.status === undefined
    return isCut ? this.#cut(error) : error
  }
}

/** Undefined for lines of a later release. */
function eventOf(line: Record<string, unknown>): RejectedLine | ImportProgress | ImportSummary | undefined {
  const shape = { rejected: REJECTED, progress: PROGRESS, summary: SUMMARY }[String(line.type)]
  if (!shape) return undefined
  const wrong = shape.wrong(line, '')
  if (wrong === undefined) return line as unknown as RejectedLine | ImportProgress | ImportSummary
  throw new RescindHttpError('unexpected_answer', `a line of the answer is not as this client knows it: ${wrong}`)
}
