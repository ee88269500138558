import { once } from 'node:events'
import { createConnection } from 'node:net'

/**
 * Resolves once a server accepts a connection and greets, or with `handshakeFirst` merely accepts; rejects when it
 * refuses, stays mute for `timeoutMs`, or the signal fires. The client cannot be told to give up connecting, and leaves
 * its socket behind with a mute server, so it is let at a server only when that has spoken.
 */
export async function serverGreets(
  server: string,
  options: { readonly handshakeFirst: boolean; readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { handshakeFirst, timeoutMs, signal } = options
  const host = hostOf(server)
  const socket = createConnection({ host, port: Number(urlOf(server).port || 4222) })
  const late = setTimeout(() => socket.destroy(new Error(`${host} did not greet in ${timeoutMs} ms`)), timeoutMs)
  const onAbort = () => socket.destroy(new Error('aborted'))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await once(socket, handshakeFirst ? 'connect' : 'data')
  } finally {
    clearTimeout(late)
    signal?.removeEventListener('abort', onAbort)
    socket.on('error', () => {})
    socket.destroy()
  }
}

/** The name or address of a server such as `nats://host:4222`; an IPv6 address comes without its brackets. */
export function hostOf(server: string): string {
  return urlOf(server).hostname.replace(/^\[|\]$/g, '')
}

function urlOf(server: string): URL {
  return new URL(server.includes('://') ? server : `nats://${server}`)
}
