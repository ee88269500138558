import { Agent, request } from 'node:http'

/** Longer than any pause of a process that a run makes: what is sent meanwhile is answered when it goes on. */
const PATIENCE_MS = 45_000

/** Many small requests to one address, over connections that are kept; lighter than `fetch`, of which a run makes many. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #base: URL
  readonly #patienceMs: number

  /** @param patienceMs how long one answer may take */
  constructor(url: string, patienceMs = PATIENCE_MS) {
    this.#base = new URL(url)
    this.#patienceMs = patienceMs
  }

  /** Resolves with status and body; with status 0 if no answer came. Never rejects. */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; body: string }> {
    const { hostname: host, port } = this.#base
    return new Promise((resolve) => {
      const none = () => resolve({ status: 0, body: '' })
      const asked = request(
        { host, port, path, headers, agent: this.#agent, timeout: this.#patienceMs },
        (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            body += chunk
          })
          response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
          response.once('error', none)
        },
      )
      asked.once('timeout', () => asked.destroy())
      asked.once('error', none)
      asked.end()
    })
  }

  /** Cuts every connection: what is under way has no answer. */
  close(): void {
    this.#agent.destroy()
  }
}
