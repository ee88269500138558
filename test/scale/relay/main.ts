import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RELAY_MODES, Relay, type RelaySaid } from './relay.ts'

/**
 * A relay as a process of its own, so that what passes through it does not wait for whoever watches. `RELAY_TO` is
 * `host:port` of the NATS server; `RELAY_HOST`, `RELAY_PORT` and `RELAY_CONTROL_PORT` say where it listens. `GET /` on the
 * control port tells `{ port, mode, lost }`; `POST /<mode>` changes the mode and tells the same.
 */
async function main(): Promise<void> {
  const { RELAY_TO = '', RELAY_HOST: host = '127.0.0.1', RELAY_PORT, RELAY_CONTROL_PORT } = process.env
  const [toHost = '', toPort] = RELAY_TO.split(':')
  const to = { host: toHost, port: Number(toPort) }
  const relay = await Relay.start({ host, port: Number(RELAY_PORT ?? 0), to })
  const control = createServer((request, response) => {
    const mode = RELAY_MODES.find((each) => request.url === `/${each}`)
    if (request.method === 'POST' && mode !== undefined) relay.mode = mode
    const known = mode !== undefined || request.url === '/'
    const said: RelaySaid = { port: relay.port, mode: relay.mode, lost: relay.lost }
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(said))
  })
  await once(control.listen(Number(RELAY_CONTROL_PORT ?? 0), host), 'listening')
  const url = `http://${host}:${(control.address() as AddressInfo).port}`
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
