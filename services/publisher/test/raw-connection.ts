import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A bare socket: what a client does that no HTTP library would do. */
export class RawConnection {
  readonly socket: Socket
  /** Everything that came so far, as long as it is read. */
  text = ''
  /** Resolves with everything that came, when the server has ended it. */
  readonly ended: Promise<string>

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk
    })
    // A reset is an end like any other.
    socket.on('error', () => {})
    this.ended = new Promise((resolve) => socket.once('close', () => resolve(this.text)))
  }

  static async open(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawConnection> {
    const connection = new RawConnection(connect({ port, host: '127.0.0.1', ...options }))
    await once(connection.socket, 'connect')
    return connection
  }

  write(text: string): void {
    this.socket.write(text)
  }

  /** Sends `text` again and again, a moment apart, until the server ends the connection. */
  async drip(text: string): Promise<string> {
    while (!this.socket.destroyed && this.socket.writable) {
      this.write(text)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return this.ended
  }
}

/** The lines of a request before its body. */
export function head(method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ host: 'publisher', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
