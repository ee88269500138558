import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * What a Service is in a cluster: an address that stays while the publisher behind it is replaced. It passes requests
 * on as they are; without a publisher it answers 502.
 */
export interface Front {
  readonly url: string
  /** Whom it passes requests to; empty for nobody. */
  target: string
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1. */
export async function startFront(): Promise<Front> {
  const server = createServer((incoming, answer) => {
    const refuse = () => void (answer.headersSent ? answer.destroy() : answer.writeHead(502).end())
    if (front.target === '') {
      refuse()
      return
    }
    const { method, headers, url = '/' } = incoming
    const outgoing = request(new URL(url, front.target), { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.on('error', refuse).pipe(answer)
    })
    outgoing.on('error', refuse)
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return front
}
