import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { until } from './until.ts'

/** A bare socket: what a client does that no HTTP library would do. */
export class RawConnection {
  readonly socket: Socket
  /** Everything that came so far, as long as it is read. */
  text = ''
  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk
    })
    // A reset is an end like any other.
    socket.on('error', () => {})
  }

  static async open(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawConnection> {
    const connection = new RawConnection(connect({ port, host: '127.0.0.1', ...options }))
    await once(connection.socket, 'connect')
    return connection
  }

  write(text: string): void {
    this.socket.write(text)
  }

  /** Resolves with everything that came, once the server has ended it. */
  async ended(): Promise<string> {
    await until('the server ends the connection', () => this.socket.closed)
    return this.text
  }

  /** Sends `text` again and again, a moment apart, until the server ends the connection. */
  async drip(text: string): Promise<string> {
    await until('the server ends the connection', () => {
      if (this.socket.writable) this.write(text)
      return this.socket.closed
    })
    return this.text
  }
}

/** The lines of a request before its body. */
export function head(method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ host: 'publisher', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
