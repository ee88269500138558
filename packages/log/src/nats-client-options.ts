import {
  type Authenticator,
  credsAuthenticator,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
import type { NatsAccess, NatsSettings } from './nats-options.ts'
import { tlsOptions } from './nats-tls.ts'

/** A server that accepts a connection and says nothing has this long. */
export const DIAL_TIMEOUT_MS = 5_000

/** Between two tries to reach a server: a restart is noticed at once, a dead one is not hammered. */
export const RECONNECT_WAIT_MS = 250

/**
 * The client's options. Its own defaults notice a frozen server after minutes and give up after ten tries; these notice
 * within 7.5 s (three pings of 2.5 s) and go on for ever, also when credentials are refused: they may be mended.
 */
export function clientOptions(settings: NatsSettings, name: string): NodeConnectionOptions {
  const { servers, access } = settings
  const authenticator = authenticatorOf(access)
  return {
    servers: [...servers],
    name,
    // Its own prefix, so that replicas that share an account need no right to read each other's answers.
    inboxPrefix: settings.inboxPrefix ?? `_INBOX_${name}`,
    timeout: DIAL_TIMEOUT_MS,
    pingInterval: 2_500,
    maxPingOut: 2,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    reconnectJitterTLS: 4 * RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(authenticator ? { authenticator } : {}),
    ...(access.tls ? { tls: tlsOptions(access.tls, servers) } : {}),
  }
}

function authenticatorOf({ user, password, token, nkeySeed, creds }: NatsAccess): Authenticator | undefined {
  const bytes = (text: string) => new TextEncoder().encode(text)
  // Without an end of its last line the client finds no seed in it.
  if (creds !== undefined) return credsAuthenticator(bytes(`${creds}\n`))
  if (nkeySeed !== undefined) return nkeyAuthenticator(bytes(nkeySeed))
  if (token !== undefined) return tokenAuthenticator(token)
  return user === undefined ? undefined : usernamePasswordAuthenticator(user, password)
}
