import { UPLOAD_CHUNK_BYTES } from './limits.ts'

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

/**
 * The source as NDJSON for `fetch`: the next lines are taken only when the connection has taken those before, so that
 * memory stays flat. Before it waits for the source it calls `onWait`; after each piece `onSent` hears how many lines have
 * been handed over so far; `onFailed` hears why the source broke, which `fetch` hides.
 */
export function uploadBody(
  source: UploadSource,
  onWait: () => void,
  onSent: (lines: number) => void,
  onFailed: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const lines = iteratorOf(source)
  const encoder = new TextEncoder()
  let sent = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = ''
        let done = false
        onWait()
        while (text.length < UPLOAD_CHUNK_BYTES && !done) {
          const next = await nextOf(lines, onFailed)
          done = next.done === true
          if (done) break
          sent += 1
          text += `${lineOf(next.value as UploadLine)}\n`
        }
        if (text !== '') controller.enqueue(encoder.encode(text))
        onSent(sent)
        if (done) controller.close()
      },
      async cancel() {
        await lines.return?.()
      },
    },
    { highWaterMark: 0 },
  )
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

async function nextOf(
  lines: AsyncIterator<UploadLine> | Iterator<UploadLine>,
  onFailed: (error: unknown) => void,
): Promise<IteratorResult<UploadLine>> {
  try {
    return await lines.next()
  } catch (error) {
    onFailed(error)
    throw error
  }
}
