import { head, RawConnection } from '../raw-connection.ts'
import { until } from '../until.ts'
import { checkAnswer } from './check-answer.ts'

const OTHER_REQUEST = head('GET', '/livez')
/** How the answer to it ends. */
const OTHER_ANSWER = '{"status":"ok"}'

/** One call of the document on a bare socket, byte by byte. */
export class RawCall {
  readonly #connection: RawConnection
  readonly #method: string
  readonly #path: string
  #passedOver = ''

  private constructor(connection: RawConnection, method: string, path: string) {
    this.#connection = connection
    this.#method = method
    this.#path = path
  }

  static async open(url: string, method: string, path: string): Promise<RawCall> {
    return new RawCall(await RawConnection.open(Number(new URL(url).port)), method, path)
  }

  /** The first lines of the request, and nothing else yet. */
  begin(): void {
    this.write(this.#firstLines)
  }

  /** The same in one piece with a request before it, whose answer is passed over. `more`: what follows at once. */
  beginBehindAnother(more = ''): void {
    this.#passedOver = OTHER_ANSWER
    this.write(`${OTHER_REQUEST}${this.#firstLines}${more}`)
  }

  /** The same, and waits until the server has read it: the request before is answered. */
  async beginAndBeRead(): Promise<void> {
    this.beginBehindAnother()
    await until('the request before was answered', () => this.#connection.text.includes(OTHER_ANSWER))
  }

  write(text: string): void {
    this.#connection.write(text)
  }

  /** What comes until the server ends the connection: one answer that openapi.json describes. Returns its status. */
  async answer(): Promise<number> {
    const all = await this.#connection.ended()
    const own = all.slice(all.indexOf(this.#passedOver) + this.#passedOver.length)
    const [before = '', ...body] = own.split('\r\n\r\n')
    const [first = '', ...lines] = before.split('\r\n')
    const headers = new Headers(lines.map((line) => line.split(/: */, 2) as [string, string]))
    const status = Number(first.split(' ')[1])
    checkAnswer({ method: this.#method, path: this.#path, status, headers, text: body.join('\r\n\r\n') })
    return status
  }

  get #firstLines(): string {
    return head(this.#method, this.#path).slice(0, -'\r\n'.length)
  }
}
