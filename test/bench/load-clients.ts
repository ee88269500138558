/**
 * A process of `pnpm bench --only G14`: connections that each have one POST under way at a time, in as little processor time as
 * a client can take: a socket, and bytes that were put together before.
 */
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Load, Loaded } from './load.ts'
import { serve } from './worker.ts'

class LoadClient {
  readonly #socket: Socket
  readonly #head: string
  readonly #revocations: number
  #onAnswer: (status: string) => void = () => {}
  #rest = ''

  constructor({ url, key, revocations }: Load) {
    const { hostname, port } = new URL(url)
    this.#revocations = revocations
    this.#head =
      `POST /v1/revocations HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${key}\r\n` +
      'content-type: application/json\r\ncontent-length: '
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true }).setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#read(text))
    this.#socket.once('close', () => this.#onAnswer('closed'))
    this.#socket.on('error', () => undefined)
  }

  /** Resolves with the status. */
  post(): Promise<string> {
    const one = `{"match":{"sub":"${randomUUID()}"},"reason":"admin_revoked"}`
    const many = Array.from({ length: this.#revocations - 1 }, () => one.replace(/"sub":"[^"]+"/, newSubject))
    const body = this.#revocations === 1 ? one : `[${[one, ...many].join()}]`
    const answered = new Promise<string>((resolve) => {
      this.#onAnswer = resolve
    })
    this.#socket.write(`${this.#head}${body.length}\r\n\r\n${body}`)
    return answered
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#rest += text
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/content-length: (\d+)/i.exec(this.#rest.slice(0, end))?.[1])
    if (this.#rest.length < end + 4 + length) return
    const status = this.#rest.slice(9, 12)
    this.#rest = ''
    this.#onAnswer(status)
  }
}

function newSubject(): string {
  return `"sub":"${randomUUID()}"`
}

serve(async (load: Load): Promise<Loaded> => {
  const clients = Array.from({ length: load.connections }, () => new LoadClient(load))
  const latenciesMs: number[] = []
  const failed = new Map<string, number>()
  const startedMs = performance.now()
  const run = async (client: LoadClient): Promise<void> => {
    while (performance.now() - startedMs < load.forMs) {
      const askedMs = performance.now()
      const status = await client.post()
      if (status === '201') latenciesMs.push(performance.now() - askedMs)
      else failed.set(status, (failed.get(status) ?? 0) + 1)
      if (status === 'closed') return
    }
  }
  await Promise.all(clients.map(run))
  const elapsedSec = (performance.now() - startedMs) / 1_000
  for (const client of clients) client.close()
  return { latenciesMs, elapsedSec, failed: [...failed] }
})
