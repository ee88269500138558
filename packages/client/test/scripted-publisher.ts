import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type Client, type ClientOptions, createClient } from '../src/index.ts'

/** A request that came in. */
export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What answers one request. `read` gives the whole body. */
export type Answerer = (response: ServerResponse, heard: Heard, request: IncomingMessage) => void | Promise<void>

/** A server that answers as a test says, one answerer for each request, the last for all that follow. */
export class ScriptedPublisher {
  readonly heard: Heard[] = []
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** The idempotency keys that came in. */
  get keys(): (string | undefined)[] {
    return this.heard.map(({ headers }) => headers['idempotency-key'] as string | undefined)
  }
}

/** Starts one, and closes it after the test. With `unread` the answerers read the body of the request themselves. */
export async function scripted(
  context: TestContext,
  answerers: readonly Answerer[],
  options: { readonly unread?: boolean } = {},
): Promise<ScriptedPublisher> {
  const server = createServer(async (request, response) => {
    const number = publisher.heard.length
    const heard = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: '' }
    publisher.heard.push(heard)
    request.on('error', () => {})
    if (!options.unread) {
      try {
        for await (const chunk of request) heard.body += chunk
      } catch {
        return
      }
    }
    await answerers[Math.min(number, answerers.length - 1)]?.(response, heard, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const publisher = new ScriptedPublisher(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return publisher
}

/** A client of it that does not wait between attempts. */
export function clientOf({ url }: { readonly url: string }, options: Partial<ClientOptions> = {}): Client {
  return createClient({ url, key: 'rsk_test', random: () => 0, ...options })
}

/** Where nobody listens. */
export async function addressOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answerer {
  return (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** Refuses with a problem. */
export function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Answerer {
  const body = { type: `urn:rescind:problem:${code}`, title: code, status, code, detail: `because of ${code}`, ...more }
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify(body))
}

/** Cuts the connection without an answer. */
export const cut: Answerer = (response) => void response.destroy()

/** Never answers. */
export const silence: Answerer = () => {}

/** One revocation as a publisher answers it. */
export const REVOCATION = {
  id: '019b0000-0000-7000-8000-000000000001',
  iss: 'https://id.example',
  match: { sub: 'ann' },
  mode: 'cutoff',
  issuedBefore: '2026-01-31T12:00:00.400Z',
  reissueNotBefore: 1_769_860_801,
  expiresAt: '2026-01-31T13:01:00.400Z',
  reason: 'password_changed',
  at: '2026-01-31T12:00:00.400Z',
}

/** The same with who made it. */
export const LISTED = { ...REVOCATION, actor: 'admin', state: 'live' }

/** Where it is in the log. */
export const CURSOR = { epoch: 'e1', seq: 7, frameId: 'f7' }

/** The answer to one that is broadcast. */
export const BROADCAST = { state: 'broadcast', cursor: CURSOR, revocations: [REVOCATION] }

/** A lift as it was recorded. */
export const LIFT = {
  id: '019b0000-0000-7000-8000-000000000002',
  iss: 'https://id.example',
  match: { sub: 'ann' },
  mode: 'block',
  at: '2026-01-31T12:00:01.000Z',
  expiresAt: '2027-03-07T13:01:00.400Z',
}
