/** What the output needs of a stream: `process.stdout` fits. */
export interface Sink {
  write(text: string): boolean
  once(event: 'drain' | 'error' | 'close', heard: () => void): unknown
  on(event: 'error', heard: (error: Error & { code?: string }) => void): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * stdout or stderr. A reader that went away (`| head`) is no error: what follows is dropped, and {@link Output.isClosed}
 * tells those who would go on for ever.
 */
export class Output {
  readonly #sink: Sink
  readonly #closed = new AbortController()

  constructor(sink: Sink) {
    this.#sink = sink
    sink.on('error', () => this.#closed.abort())
  }

  /** True once nobody reads any more. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted
  }

  /** Fires when nobody reads any more. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** True for a terminal. */
  get isTerminal(): boolean {
    return this.#sink.isTTY === true
  }

  /** Characters in a line of the terminal. */
  get columns(): number {
    return this.#sink.columns ?? 80
  }

  /** Writes, and waits while the reader is slow. */
  async write(text: string): Promise<void> {
    if (this.isClosed || this.#sink.write(text)) return
    await new Promise<void>((resolve) => {
      this.#sink.once('drain', resolve)
      this.#closed.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Writes one line. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }
}
