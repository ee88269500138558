import { type LogConnection, natsLog } from '@rescind/log'
import { decodeFrame, type Fact, type Frame } from '@rescind/protocol'
import { until } from '../../launcher/wait.ts'

/** A frame as it lies in the stream. */
export interface LyingFrame extends Frame {
  readonly seq: number
}

/** A fact as it lies in the stream, in the stream's order. */
export interface LyingFact {
  readonly fact: Fact
  readonly seq: number
  readonly frame: LyingFrame
}

const WITHIN_MS = 30_000

/** Reads the stream, by a connection of its own. */
export class StreamReader {
  readonly frames: LyingFrame[] = []
  readonly #connection: LogConnection
  readonly #stop: AbortSignal
  #epoch = ''

  private constructor(connection: LogConnection, stop: AbortSignal) {
    this.#connection = connection
    this.#stop = stop
  }

  /** Connects; the stream need not be there. */
  static async open(servers: string, stop: AbortSignal): Promise<StreamReader> {
    const connection = await natsLog({ servers }).connect({ name: 'oracle', onEvent: () => {}, signal: stop })
    return new StreamReader(connection, stop)
  }

  /** The epoch that the stream's leader named last. */
  get epoch(): string {
    return this.#epoch
  }

  /** Every fact of every frame read so far. */
  get facts(): readonly LyingFact[] {
    return this.frames.flatMap((frame) => frame.facts.map((fact) => ({ fact, seq: frame.seq, frame })))
  }

  /** Reads what was appended since the last time, again and again until the broker answers. */
  async catchUp(): Promise<void> {
    let last = ''
    const read = async () => {
      try {
        await this.#read()
        return true
      } catch (error) {
        last = String(error)
        return undefined
      }
    }
    await until(() => `the stream cannot be read (${last})`, read, { withinMs: WITHIN_MS, signal: this.#stop })
  }

  /** Forgets what was read: the stream may be another one. */
  forget(): void {
    this.frames.length = 0
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #read(): Promise<void> {
    const { firstSeq, lastSeq, epoch } = await this.#connection.head()
    this.#epoch = epoch
    const from = Math.max(firstSeq, (this.frames.at(-1)?.seq ?? 0) + 1)
    if (from > lastSeq) return
    for await (const { seq, bytes } of this.#connection.range(from, lastSeq)) {
      this.frames.push({ ...decodeFrame(bytes), seq })
    }
  }
}
