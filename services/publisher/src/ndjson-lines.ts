/** One line, without its end: what it says, or why it cannot be read. */
export interface NdjsonLine {
  /** Counted from 1, empty lines too. */
  readonly line: number
  readonly value?: unknown
  readonly refused?: 'line_too_long' | 'invalid_json'
  readonly detail?: string
}

const LINE_END = 0x0a

/**
 * Splits a stream of bytes into lines of JSON in UTF-8; empty lines are counted and left out. What is too long is passed
 * over without being kept. Nothing about the bytes is trusted, and of what is not read yet one line at most is in memory.
 */
export async function* ndjsonLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<NdjsonLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let line = 0
  let begun: Uint8Array[] = []
  let bytes = 0
  const take = (piece: Uint8Array): void => {
    bytes += piece.byteLength
    if (bytes <= maxBytes) begun.push(piece)
    else begun = []
  }
  const finish = (): NdjsonLine | undefined => {
    line += 1
    const text = bytes <= maxBytes ? Buffer.concat(begun) : undefined
    begun = []
    bytes = 0
    if (text === undefined) return { line, refused: 'line_too_long', detail: `a line has at most ${maxBytes} bytes` }
    return parsed(line, text, decoder)
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
      take(chunk.subarray(from, end))
      from = end + 1
      const found = finish()
      if (found) yield found
    }
    take(chunk.subarray(from))
  }
  const last = bytes > 0 ? finish() : undefined
  if (last) yield last
}

function parsed(line: number, bytes: Uint8Array, decoder: InstanceType<typeof TextDecoder>): NdjsonLine | undefined {
  try {
    const text = decoder.decode(bytes)
    if (text.trim() === '') return undefined
    return { line, value: JSON.parse(text) }
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'not well-formed UTF-8'
    return { line, refused: 'invalid_json', detail: `the line is not JSON: ${why}` }
  }
}
