import { Agent, request } from 'node:http'

/** What came of one HTTP request. */
export interface Came {
  /** 0: no answer came, and nobody knows whether it was taken. -1: no connection, so nothing was sent. */
  readonly status: number
  readonly body: string
}

/** Longer than a publisher may ever take; what takes longer hangs. */
const PATIENCE_MS = 20_000

/** Requests to one publisher, over connections that are kept. Never rejects. */
export class HttpCaller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #host: string
  readonly #port: string
  readonly #bearer: string

  /** @param key what the caller signs on with */
  constructor(url: string, key: string) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = port
    this.#bearer = `Bearer ${key}`
  }

  get(path: string): Promise<Came> {
    return this.#ask('GET', path, {})
  }

  /** Sends JSON. */
  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Came> {
    return this.#ask('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body))
  }

  /** Cuts every connection: what is under way has no answer. */
  close(): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, headers: Readonly<Record<string, string>>, sent = ''): Promise<Came> {
    return new Promise((resolve) => {
      const asked = request({
        host: this.#host,
        port: this.#port,
        method,
        path,
        headers: { authorization: this.#bearer, ...headers, 'content-length': Buffer.byteLength(sent) },
        agent: this.#agent,
        timeout: PATIENCE_MS,
      })
      asked.once('response', (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk
        })
        response.once('close', () => resolve({ status: response.complete ? (response.statusCode ?? 0) : 0, body }))
        response.on('error', () => {})
      })
      asked.once('timeout', () => asked.destroy())
      asked.once('error', (error: NodeJS.ErrnoException) => {
        resolve({ status: error.code === 'ECONNREFUSED' ? -1 : 0, body: '' })
      })
      asked.end(sent)
    })
  }
}
