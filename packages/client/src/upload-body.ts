import { UPLOAD_CHUNK_BYTES, UPLOAD_FLUSH_MS } from './limits.ts'

/** One line of an upload: an object, or the text of a line as it stands in a file. */
export type UploadLine = object | string

/** What is uploaded. A function, or an array, can be sent again after a cut; an iterable can be read only once. */
export type UploadSource =
  | readonly UploadLine[]
  | AsyncIterable<UploadLine>
  | (() => AsyncIterable<UploadLine> | Iterable<UploadLine>)

/** True if the source can be read from its beginning again. */
export function isRepeatable(source: UploadSource): boolean {
  return typeof source === 'function' || Array.isArray(source)
}

/** What whoever sends an upload hears of its source. */
export interface UploadHooks {
  /** From now on it is the source that is waited for. */
  readonly onWait: () => void
  /** So many lines have been handed over so far. */
  readonly onSent: (lines: number) => void
  /** Why the source broke, which `fetch` hides. */
  readonly onFailed: (error: unknown) => void
}

/**
 * The source as NDJSON for `fetch`. The next lines are taken only when the connection has taken those before, so that
 * memory stays flat; and what a slow source has given is not held back. Once `signal` fires the source is let go.
 */
export function uploadBody(
  source: UploadSource,
  signal: AbortSignal,
  { onWait, onSent, onFailed }: UploadHooks,
): ReadableStream<Uint8Array> {
  const lines = new PendingLines(source, onFailed)
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Node's fetch goes on reading the body of a request that has ended, to no end if the source has none.
        if (signal.aborted) {
          lines.leave()
          controller.error(signal.reason)
          return
        }
        onWait()
        const text = await lines.take()
        if (text !== '') controller.enqueue(encoder.encode(text))
        onSent(lines.taken)
        if (lines.isAtEnd) controller.close()
      },
      cancel: () => lines.leave(),
    },
    { highWaterMark: 0 },
  )
}

/** The lines of a source, a piece at a time. */
class PendingLines {
  readonly #lines: AsyncIterator<UploadLine> | Iterator<UploadLine>
  readonly #onFailed: (error: unknown) => void
  /** Asked for, and not here yet when the last piece was taken. */
  #pending: Promise<IteratorResult<UploadLine>> | undefined
  isAtEnd = false
  taken = 0

  constructor(source: UploadSource, onFailed: (error: unknown) => void) {
    this.#lines = iteratorOf(source)
    this.#onFailed = onFailed
  }

  /** The next lines: as many as fill a piece, or as came in a moment; at least one, unless it is the end. */
  async take(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), UPLOAD_FLUSH_MS)
    })
    let text = ''
    try {
      while (text.length < UPLOAD_CHUNK_BYTES) {
        this.#pending ??= this.#next()
        const next = text === '' ? await this.#pending : await Promise.race([this.#pending, late])
        if (next === 'late') break
        this.#pending = undefined
        if (next.done) {
          this.isAtEnd = true
          break
        }
        this.taken += 1
        text += `${lineOf(next.value)}\n`
      }
      return text
    } finally {
      clearTimeout(timer)
    }
  }

  async #next(): Promise<IteratorResult<UploadLine>> {
    try {
      return await this.#lines.next()
    } catch (error) {
      this.#onFailed(error)
      throw error
    }
  }

  /** Lets the source go. Not awaited: a generator that waits for its next line ends only after it. */
  leave(): void {
    this.#pending?.catch(() => {})
    Promise.resolve(this.#lines.return?.()).catch(() => {})
  }
}

function iteratorOf(source: UploadSource): AsyncIterator<UploadLine> | Iterator<UploadLine> {
  const items = typeof source === 'function' ? source() : source
  return Symbol.asyncIterator in items
    ? items[Symbol.asyncIterator]()
    : (items as Iterable<UploadLine>)[Symbol.iterator]()
}

/** A text that holds a line end would shift every number after it. */
function lineOf(line: UploadLine): string {
  return typeof line === 'string' ? line.replace(/[\r\n]+/g, ' ') : JSON.stringify(line)
}
