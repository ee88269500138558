import { Readable } from 'node:stream'
import { LINGER_MS } from './limits.ts'

/** Bytes on their way to one reader: bounded, and thrown away when it is cut off. */
export class EventQueue {
  /** What the reader reads. */
  readonly out: Readable
  readonly #maxBytes: number
  readonly #queue: Buffer[] = []
  #bytes = 0
  #isWanted = false
  #isEnded = false
  #onRoom = () => {}

  /** @param onGone told once when the reader is gone, or all is read. */
  constructor(maxBytes: number, onGone: () => void) {
    this.#maxBytes = maxBytes
    this.out = new Readable({ highWaterMark: 16 * 1024, read: () => this.#flow(true) })
    this.out.once('close', () => {
      this.#isEnded = true
      this.#clear()
      onGone()
    })
  }

  /** False if the reader is too far behind to take it. */
  push(bytes: Buffer): boolean {
    if (this.#isEnded) return true
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) return false
    this.#queue.push(bytes)
    this.#bytes += bytes.length
    this.#flow(this.#isWanted)
    return true
  }

  /** Resolves once everything has gone on to the connection, or nobody reads any more. */
  async room(): Promise<void> {
    while (this.#queue.length > 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
    }
  }

  /** The last that is told, in place of what still waits. A reader that does not take it soon is cut off. */
  end(bytes: Buffer): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#clear()
    this.out.push(bytes)
    this.out.push(null)
    const timer = setTimeout(() => this.out.destroy(), LINGER_MS)
    this.out.once('close', () => clearTimeout(timer))
  }

  #flow(isWanted: boolean): void {
    this.#isWanted = isWanted
    while (this.#isWanted && this.#queue.length > 0 && !this.#isEnded) {
      const bytes = this.#queue.shift() as Buffer
      this.#bytes -= bytes.length
      this.#isWanted = this.out.push(bytes)
    }
    if (this.#queue.length === 0) this.#onRoom()
  }

  #clear(): void {
    this.#queue.length = 0
    this.#bytes = 0
    this.#onRoom()
  }
}
