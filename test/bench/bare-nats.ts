import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * NATS's own protocol over a socket and nothing else: the least that a client can cost. It takes messages on the subjects
 * it names, and answers PING. (https://docs.nats.io/reference/reference-protocols/nats-protocol)
 */
export class BareNats {
  readonly #socket: Socket
  readonly #onMessage: (subject: string, body: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)
  #onPong = () => {}

  constructor(port: number, subjects: readonly string[], onMessage: (subject: string, body: Buffer) => void) {
    this.#onMessage = onMessage
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":false}\r\n')
    for (const [index, subject] of subjects.entries()) this.#socket.write(`SUB ${subject} ${index + 1}\r\n`)
    this.#socket.on('data', (bytes) => this.#read(bytes))
    // Its bench meets that where it waits for something that does not come.
    this.#socket.on('error', () => undefined)
  }

  /** Resolves once the broker has taken everything that was sent so far. */
  async flush(): Promise<void> {
    const pong = new Promise<void>((resolve) => {
      this.#onPong = resolve
    })
    this.#socket.write('PING\r\n')
    await pong
  }

  /** Publishes; resolves when there is room for more. */
  async publish(subject: string, bytes: Uint8Array): Promise<void> {
    this.#socket.cork()
    this.#socket.write(`PUB ${subject} ${bytes.byteLength}\r\n`)
    this.#socket.write(bytes)
    const hasRoom = this.#socket.write('\r\n')
    this.#socket.uncork()
    if (!hasRoom) await once(this.#socket, 'drain')
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      const end = rest.indexOf('\r\n')
      if (end === -1) break
      const line = rest.toString('latin1', 0, end)
      const hasBody = line.startsWith('MSG ') || line.startsWith('HMSG ')
      const length = hasBody ? Number(line.split(' ').at(-1)) + 2 : 0
      if (rest.length < end + 2 + length) break
      // Of a message with headers nobody here reads the body.
      if (line.startsWith('MSG ')) this.#onMessage(line.split(' ')[1] ?? '', rest.subarray(end + 2, end + length))
      else if (line === 'PING') this.#socket.write('PONG\r\n')
      else if (line === 'PONG') this.#onPong()
      rest = rest.subarray(end + 2 + length)
    }
    this.#rest = rest
  }
}
