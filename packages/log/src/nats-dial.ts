import { connect, type NatsConnection, type NatsConnectionImpl, TimeoutError } from '@nats-io/transport-node'
import type { RescindError } from '@rescind/protocol'
import { clientOptions, DIAL_TIMEOUT_MS, RECONNECT_WAIT_MS } from './nats-client-options.ts'
import { serverGreets } from './nats-greeting.ts'
import type { NatsSettings } from './nats-options.ts'
import { aborted, pauseOrAbort, unavailable } from './open-questions.ts'
import type { ConnectOptions } from './revocation-log.ts'

/**
 * Connects to one of the servers, as long as it takes. `ERR_LOG_UNAVAILABLE` when the signal fires, with what went wrong
 * last as its cause: a refused connection, refused credentials.
 */
export async function dial(
  settings: NatsSettings,
  name: string,
  { signal, onTrouble }: Pick<ConnectOptions, 'signal' | 'onTrouble'>,
): Promise<NatsConnection> {
  let trouble: RescindError | undefined
  try {
    for (let i = 0; ; i += 1) {
      signal?.throwIfAborted()
      const server = settings.servers[i % settings.servers.length] ?? ''
      try {
        return await tryOnce(server, settings, name, signal)
      } catch (error) {
        if (!signal?.aborted) {
          trouble = unavailable(`cannot connect to ${server}: ${reasonOf(error)}`, error)
          onTrouble?.(trouble)
        }
      }
      await pauseOrAbort('connecting', RECONNECT_WAIT_MS * (1 + Math.random()), signal)
    }
  } catch {
    const why = trouble === undefined ? '' : `; last: ${trouble.message}`
    throw unavailable(`no connection to ${settings.servers.join(', ')} before it was aborted${why}`, trouble)
  }
}

/** A broker that wants a certificate of us, or another one, cuts the connection in a way that the client does not notice. */
const TIMED_OUT = `it did not let us in within ${DIAL_TIMEOUT_MS} ms; its own log may say why (with TLS: our certificate?)`

/** What a person can act on. Several addresses of one host fail as one error without words. */
function reasonOf(error: unknown): string {
  if (error instanceof TimeoutError) return TIMED_OUT
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

async function tryOnce(server: string, settings: NatsSettings, name: string, signal?: AbortSignal) {
  const handshakeFirst = settings.access.tls?.handshakeFirst ?? false
  await serverGreets(server, { handshakeFirst, timeoutMs: DIAL_TIMEOUT_MS, signal })
  signal?.throwIfAborted()
  const connecting = connect(clientOptions(settings, name))
  return new Promise<NatsConnection>((resolve, reject) => {
    const onAbort = () => {
      reject(aborted('connecting', signal))
      connecting.then(discard, () => {})
    }
    const settle = (how: () => void) => {
      signal?.removeEventListener('abort', onAbort)
      how()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    connecting.then(
      (client) => settle(() => resolve(client)),
      (error) => settle(() => reject(error)),
    )
  })
}

/**
 * Closes a connection for good. The client's own `close()` leaves the socket of a dial under way, and so the process,
 * alive until a mute server speaks.
 */
export async function discard(client: NatsConnection): Promise<void> {
  await client.close()
  ;(client as NatsConnectionImpl).protocol.transport.discard()
}
