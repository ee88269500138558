import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { checkAnswer } from './contract/check-answer.ts'
import { until } from './until.ts'

/** How the answer to another request ends. */
const OTHER_ANSWER = '{"status":"ok"}'

/** A connection on which a test writes what no HTTP client would. */
export class RawConnection {
  readonly #socket: Socket
  readonly #method: string
  readonly #path: string
  #received = ''
  #passedOver = ''

  private constructor(socket: Socket, method: string, path: string) {
    this.#socket = socket
    this.#method = method
    this.#path = path
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text
    })
    // A connection that was cut has no answer, which is what a test then finds.
    socket.on('error', () => {})
  }

  /** Connects. Everything that is answered belongs to `method` and `path`. */
  static async open(url: string, method: string, path: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new RawConnection(socket, method, path)
  }

  /** The first lines of the request, and nothing else yet. */
  begin(): void {
    this.write(this.#firstLines)
  }

  /** The same in one piece with a request before it, whose answer is passed over. `more`: what follows at once. */
  beginBehindAnother(more = ''): void {
    this.#passedOver = OTHER_ANSWER
    this.write(`GET /livez HTTP/1.1\r\nHost: publisher\r\n\r\n${this.#firstLines}${more}`)
  }

  /** The same, and waits until the server has read it: the request before is answered. */
  async beginAndBeRead(): Promise<void> {
    this.beginBehindAnother()
    await until('the request before was answered', () => this.#received.includes(OTHER_ANSWER))
  }

  write(bytes: string): void {
    this.#socket.write(bytes)
  }

  /** What comes until the server ends the connection: one answer that openapi.json describes. Returns its status. */
  async answer(): Promise<number> {
    if (!this.#socket.closed) await once(this.#socket, 'close')
    const answer = this.#received.slice(this.#received.indexOf(this.#passedOver) + this.#passedOver.length)
    const [head = '', ...rest] = answer.split('\r\n\r\n')
    const [first = '', ...lines] = head.split('\r\n')
    const headers = new Headers(lines.map((line) => line.split(/: */, 2) as [string, string]))
    const status = Number(first.split(' ')[1])
    checkAnswer({ method: this.#method, path: this.#path, status, headers, text: rest.join('\r\n\r\n') })
    return status
  }

  get #firstLines(): string {
    return `${this.#method} ${this.#path} HTTP/1.1\r\nHost: publisher\r\n`
  }
}
