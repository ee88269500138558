import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an OpenTelemetry collector was sent. */
export interface Sent {
  readonly path: string | undefined
  readonly type: string | undefined
  readonly body: Buffer
}

/** A collector on loopback. A silent one takes requests and answers none. */
export async function collector(options: { readonly silent?: boolean } = {}) {
  const sent: Sent[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    sent.push({ path: request.url, type: request.headers['content-type'], body: Buffer.concat(chunks) })
    if (!options.silent) response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
