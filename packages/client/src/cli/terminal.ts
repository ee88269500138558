import type { Clock } from '@rescind/protocol'
import type { Output } from './output.ts'

/** Where a command runs: what `main.ts` takes from the process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
  readonly out: Output
  readonly err: Output
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** True if somebody sits there who can be asked. */
export function canAsk({ stdin, err }: Terminal): boolean {
  return stdin.isTTY === true && err.isTerminal
}

/** Asks on stderr and reads one line; undefined at the end of input. */
export async function ask({ stdin, err, signal }: Terminal, question: string): Promise<string | undefined> {
  await err.write(question)
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: stdin as NodeJS.ReadableStream & AsyncIterable<Uint8Array | string> })
  const end = (): void => lines.close()
  signal.addEventListener('abort', end, { once: true })
  try {
    for await (const line of lines) return line.trim()
    signal.throwIfAborted()
    return undefined
  } finally {
    signal.removeEventListener('abort', end)
    lines.close()
  }
}
