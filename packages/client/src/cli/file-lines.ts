import { createReadStream } from 'node:fs'
import { linesOf } from '../lines.ts'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'

/** The lines of a stream of bytes; `onBytes` hears how many have been read. */
export async function* streamLines(
  bytes: AsyncIterable<Uint8Array | string>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string> {
  let read = 0
  const counted = (async function* () {
    for await (const chunk of bytes) {
      const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      read += piece.length
      yield piece
    }
  })()
  const lines = linesOf(counted, () => onBytes(read), 'the input')
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (!next.done || next.value !== '') yield next.value
    if (next.done) return
  }
}

/** The lines of a file; a file that cannot be read is a {@link Failure}. */
export async function* fileLines(path: string, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  try {
    yield* streamLines(createReadStream(path), onBytes)
  } catch (error) {
    if ((error as { syscall?: string }).syscall === undefined) throw error
    throw new Failure(EXIT.failed, `cannot read ${path}: ${(error as Error).message}`)
  }
}
