import { MAX_STDIN_LENGTH } from '../limits.ts'
import { EXIT } from './exit-codes.ts'
import { Failure, usageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** All of stdin as text, up to the bound. On a terminal, says first what is awaited. */
export async function readStdin({ stdin, err }: Terminal, what: string): Promise<string> {
  if (stdin.isTTY) await err.line(`Paste ${what}, then press Enter and Ctrl-D.`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stdin) {
    length += chunk.length
    if (length > MAX_STDIN_LENGTH) throw new Failure(EXIT.refused, `stdin holds more than any ${what} does`)
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8').trim()
  if (text === '') throw usageFailure(`stdin is empty: it is to hold ${what}`)
  return text
}
