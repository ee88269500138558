import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { allThreadsStopped } from './all-threads-stopped.ts'

/** Options of {@link startNatsServer}. */
export interface NatsServerOptions {
  /** The binary, as `findNatsServer` found it. */
  readonly binary: string
  /** Folder of JetStream's files; made if absent, never removed. Left out: what `configFile` says; not both. */
  readonly storeDir?: string
  /** Port on 127.0.0.1; absent or 0: a free one that the server chooses. */
  readonly port?: number
  readonly jetstream: true
  /** A configuration file for what flags cannot say: accounts, a cluster. */
  readonly configFile?: string
  /** Flags that override it. */
  readonly flags?: readonly string[]
  /** Variables that it refers to, beside those of our own environment. */
  readonly env?: Readonly<Record<string, string>>
  /** True: a process group of its own, so that Ctrl-C reaches only the program that started it. Default false. */
  readonly detached?: boolean
  /** Told every line that the server prints. */
  readonly log?: (line: string) => void
}

/** A nats-server process of our own. Its pid changes with {@link NatsServer.restart}; url and port do not. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly version: string
  /** SIGTERM, and SIGKILL if that takes longer than ten seconds; resolves when the process is gone. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port and store; stops it first if it runs. */
  restart(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. Resolves when its last thread has stopped. */
  pause(): Promise<void>
  /** SIGCONT. */
  resume(): void
}

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 10_000
const KEPT_LINES = 30

/** Starts a nats-server and resolves once it answers on its port. Rejects with its last lines if it does not. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  let running = await launch(options, options.port ?? 0)
  const { port } = running
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return running.pid
    },
    get version() {
      return running.version
    },
    stop: () => end(running.child, 'SIGTERM'),
    kill: () => end(running.child, 'SIGKILL'),
    async restart() {
      await end(running.child, 'SIGTERM')
      running = await launch(options, port)
    },
    async pause() {
      running.child.kill('SIGSTOP')
      await allThreadsStopped(running.pid)
    },
    resume: () => void running.child.kill('SIGCONT'),
  }
}

interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly version: string
}

async function launch(options: NatsServerOptions, port: number): Promise<Running> {
  const { binary, storeDir, configFile, flags = [], env = {}, detached = false } = options
  const child = spawn(
    binary,
    [
      ...(configFile ? ['-c', configFile] : []),
      ...['-js', ...(storeDir === undefined ? [] : ['-sd', storeDir]), '-a', '127.0.0.1'],
      // With -1 the server takes a free port itself: nobody can take it in between.
      ...['-p', String(port || -1)],
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached },
  )
  killWithUs(child)
  try {
    const chosen = await portWhenReady(child, options.log)
    const version = await greet(chosen)
    if (child.pid === undefined) throw new Error('nats-server has no pid')
    return { child, pid: child.pid, port: chosen, version }
  } catch (error) {
    await end(child, 'SIGKILL')
    throw error
  }
}

/** The port that the server says it listens on, once it says that it is ready; rejects with its last lines. */
function portWhenReady(child: ChildProcess, log: ((line: string) => void) | undefined): Promise<number> {
  const lines: string[] = []
  return new Promise((resolve, reject) => {
    let port = 0
    const timer = setTimeout(() => fail(`was not ready within ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS)
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error([`nats-server ${why}`, ...lines].join('\n')))
    }
    child.once('error', (error) => fail(`could not be run: ${error.message}`))
    // Not 'exit': its last lines may still be on their way then.
    child.once('close', (code, signal) => fail(`ended at once with ${signal ?? code}`))
    onLines(child, (line) => {
      log?.(line)
      if (lines.push(line) > KEPT_LINES) lines.shift()
      port ||= Number(/Listening for client connections on .*:(\d+)/.exec(line)?.[1] ?? 0)
      if (!port || !line.includes('Server is ready')) return
      clearTimeout(timer)
      resolve(port)
    })
  })
}

function onLines(child: ChildProcess, tell: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) tell(line)
    })
  }
}

/** Connects and reads the server's greeting, `INFO {…}`: the one proof that it answers. Returns its version. */
async function greet(port: number): Promise<string> {
  const socket = createConnection(port, '127.0.0.1').setEncoding('utf8').setTimeout(START_TIMEOUT_MS)
  socket.once('timeout', () => socket.destroy(new Error(`nats-server does not greet on port ${port}`)))
  try {
    let greeting = ''
    for await (const chunk of socket) {
      greeting += chunk
      const info = /^INFO (\{.*\})\s*\r\n/.exec(greeting)?.[1]
      if (info) return (JSON.parse(info) as { version: string }).version
    }
    throw new Error(`nats-server closed the connection on port ${port} without a greeting`)
  } finally {
    socket.destroy()
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  // A stopped process takes SIGTERM only after it goes on.
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await gone
  clearTimeout(timer)
}

/** If we exit without stopping it, it goes too. What ends us by SIGKILL cannot be helped. */
function killWithUs(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}
