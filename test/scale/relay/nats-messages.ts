/** A piece of what a NATS server sends: a whole protocol line, or a whole message with its payload. */
export interface NatsPiece {
  readonly bytes: Buffer
  /** The subject of a message; absent for everything else (`INFO`, `PING`, `+OK` …). */
  readonly subject?: string
}

/** No control line is longer: the server's own bound is 4 KB, and its `INFO` stays below this. */
const MAX_LINE_BYTES = 64 * 1024

/**
 * Cuts the stream of bytes that a NATS server sends into pieces, wherever the network cut it.
 * (https://docs.nats.io/reference/reference-protocols/nats-protocol: `MSG <subject> <sid> [reply-to] <bytes>`, `HMSG`
 * with the length of headers before the whole length, both in bytes; payloads end with a line break of their own.)
 */
export class NatsMessages {
  #rest: Buffer = Buffer.alloc(0)

  /** Takes what arrived; returns what is whole by now. */
  cut(chunk: Buffer): NatsPiece[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const pieces: NatsPiece[] = []
    for (;;) {
      const piece = this.#next()
      if (piece === undefined) return pieces
      this.#rest = this.#rest.subarray(piece.bytes.length)
      pieces.push(piece)
    }
  }

  #next(): NatsPiece | undefined {
    const lineEnd = this.#rest.indexOf('\r\n')
    if (lineEnd < 0) {
      if (this.#rest.length > MAX_LINE_BYTES) throw new Error('this is not the protocol of NATS')
      return undefined
    }
    const words = this.#rest.toString('latin1', 0, lineEnd).split(' ')
    const lineBytes = lineEnd + 2
    if (words[0] !== 'MSG' && words[0] !== 'HMSG') return { bytes: this.#rest.subarray(0, lineBytes) }
    const bytes = lineBytes + Number(words.at(-1)) + 2
    if (this.#rest.length < bytes) return undefined
    return { bytes: this.#rest.subarray(0, bytes), subject: words[1] ?? '' }
  }
}
