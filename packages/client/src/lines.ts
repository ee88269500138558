import { RescindHttpError } from './http-error.ts'
import { MAX_LINE_LENGTH } from './limits.ts'

/**
 * The lines of a streamed body, without their ends (LF, CRLF or CR); returns what is left at its end. One that is longer
 * than {@link MAX_LINE_LENGTH} is `unexpected_answer`. `heard` is called for every piece that arrives.
 */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  heard: () => void,
  what = 'the answer',
): AsyncGenerator<string, string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    heard()
    rest += decoder.decode(chunk, { stream: true })
    // A CR at the very end may be half of a CRLF: it waits for what follows.
    const ends = /\r\n|\r(?!$)|\n/g
    let from = 0
    for (let end = ends.exec(rest); end; end = ends.exec(rest)) {
      yield rest.slice(from, end.index)
      from = ends.lastIndex
    }
    rest = rest.slice(from)
    if (rest.length > MAX_LINE_LENGTH) {
      throw new RescindHttpError('unexpected_answer', `a line of ${what} is longer than ${MAX_LINE_LENGTH} characters`)
    }
  }
  return rest.replace(/\r$/, '')
}
