import { type ChildProcess, spawn } from 'node:child_process'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Cleanup } from './cleanup.ts'
import { findNatsServer } from './find-nats-server.ts'
import { startNatsServer } from './nats-server.ts'
import { ownStream } from './own-stream.ts'

/** The broker of this run. */
export interface Broker {
  /** What the services are told: `NATS_URL`, and on a broker that was given, which stream is theirs. */
  readonly env: Readonly<Record<string, string>>
  /** Its URL for people: without a login. */
  readonly address: string
  readonly version: string
  /** Absent if it ran already. */
  readonly pid?: number
  /** Name of this run's own stream, if the broker was given; on one of our own the stream goes with the broker. */
  readonly stream?: string
}

/** No broker could be found; the message tells four ways to get one. */
export class NoBroker extends Error {
  override readonly name = 'NoBroker'
}

const GREETING_TIMEOUT_MS = 5_000

/** The broker that NATS_URL names, or one found here and started on a free port with its files in `folder`. */
export async function provideBroker(options: {
  readonly env: NodeJS.ProcessEnv
  readonly folder: string
  readonly cleanup: Cleanup
  readonly log: (line: string) => void
}): Promise<Broker> {
  const { env, folder, cleanup, log } = options
  if (env.NATS_URL) {
    const version = await versionOf(env.NATS_URL)
    const stream = ownStream({ env, cleanup })
    log(`There this run has a stream of its own, ${stream.name}, and deletes it at the end.`)
    const brokerEnv = { NATS_URL: env.NATS_URL, ...stream.env }
    return { env: brokerEnv, address: addressOf(env.NATS_URL), version, stream: stream.name }
  }
  const binary = await findNatsServer({ env, log }).catch((error: Error) => {
    throw new NoBroker(error.message, { cause: error })
  })
  const server = await startNatsServer({
    binary,
    storeDir: join(folder, 'jetstream'),
    jetstream: true,
    detached: true,
  })
  const guard = stopWhenWeAreGone(server.pid)
  cleanup.add('broker', async () => {
    guard.kill('SIGKILL')
    await server.stop()
  })
  return { env: { NATS_URL: server.url }, address: server.url, version: server.version, pid: server.pid }
}

/**
 * A shell that waits on a pipe from us and then stops a process, also one that stands still: the pipe closes also if we end
 * by SIGKILL. The shell leads a process group of its own, with what it waits by.
 */
export function stopWhenWeAreGone(pid: number): ChildProcess {
  const guard = spawn('sh', ['-c', 'cat > /dev/null; kill "$0"; kill -CONT "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.unref()
  return guard
}

/** `NATS_URL` as it may be shown: a login in it is for the broker alone. */
export function addressOf(servers: string): string {
  return servers.replace(/[^/,@\s]+@/g, '')
}

/** The version in the greeting, `INFO {…}`, which a NATS server sends to everyone before anything else. */
async function versionOf(servers: string): Promise<string> {
  const first = servers.split(',')[0]?.trim() ?? ''
  const { hostname, port } = new URL(first.includes('://') ? first : `nats://${first}`)
  const socket = createConnection(Number(port || 4222), hostname.replace(/^\[|\]$/g, ''))
    .setEncoding('utf8')
    .setTimeout(GREETING_TIMEOUT_MS)
  socket.once('timeout', () => socket.destroy(new Error('no greeting came')))
  try {
    for await (const greeting of socket) return /"version":"([^"]+)"/.exec(greeting)?.[1] ?? 'of unknown version'
    throw new Error('it closed the connection')
  } catch (cause) {
    // Of a name with several addresses Node tells no message, only the code.
    const { message, code } = cause as NodeJS.ErrnoException
    const why = message || code
    throw new Error(`NATS_URL names ${hostname}:${port || 4222}, which does not answer: ${why}`, { cause })
  } finally {
    socket.destroy()
  }
}
