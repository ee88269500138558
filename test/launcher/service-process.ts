import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { allThreadsStopped } from './all-threads-stopped.ts'
import { REPOSITORY } from './run-folder.ts'
import { until } from './wait.ts'

/** Options of {@link startService}. */
export interface ServiceOptions {
  /** Shown to people, and the name of its log file. */
  readonly name: string
  /** Its program, relative to `root`. */
  readonly program: string
  /** Where this version of Rescind is installed; default: this repository. */
  readonly root?: string
  /** Its `RESCIND_…` and `NATS_…` variables; of ours it gets the others. */
  readonly env: Readonly<Record<string, string>>
  /** Where its output goes, as `<name>.log`. */
  readonly folder: string
  /** Called once it is spawned, before it is ready: whoever starts must be able to stop. */
  readonly onSpawned?: (service: ServiceProcess) => void
}

/** A service in a process of its own. */
export interface ServiceProcess {
  readonly name: string
  readonly pid: number
  /** Where it listens. Empty until {@link startService} resolves. */
  readonly url: string
  /** Its last lines of output. */
  readonly lastLines: readonly string[]
  /** Resolves when it has ended: by what, and whether we asked for it. */
  readonly ended: Promise<{ readonly how: string; readonly asked: boolean }>
  /** SIGTERM, and SIGKILL if that takes longer than ten seconds; resolves when the process is gone. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. Resolves when its last thread has stopped. */
  pause(): Promise<void>
  /** SIGCONT. */
  resume(): void
}

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const KEPT_LINES = 20
/** Enough for the lines that are kept, however long a log line with a stack is. */
const KEPT_BYTES = 64 * 1024

/** Starts a service and resolves once it says where it listens. Rejects with its last lines if it ends before that. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  // A file, not a pipe: it stays writable when we are gone, so that the service can end in order even then.
  const output = openSync(join(options.folder, `${options.name}.log`), 'a+')
  const child = spawn(
    process.execPath,
    [
      '--conditions=@rescind/source',
      ...['--import', 'tsx', '--import', join(import.meta.dirname, 'end-with-parent.ts')],
      options.program,
    ],
    {
      cwd: options.root ?? REPOSITORY,
      env: { ...foreignVariables(), ...options.env },
      // The channel tells the child when we are gone.
      stdio: ['ignore', output, output, 'ipc'],
      // A process group of its own: Ctrl-C reaches us alone, and we stop it in order.
      detached: true,
    },
  )
  const service = new Service(options.name, child, output)
  options.onSpawned?.(service)
  await service.listens()
  return service
}

/** Everything of our environment that does not configure Rescind: a stray RESCIND_PORT must not reach all of them. */
function foreignVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RESCIND_')))
}

class Service implements ServiceProcess {
  readonly name: string
  readonly ended: Promise<{ how: string; asked: boolean }>
  url = ''
  #lastLines: readonly string[] | undefined
  readonly #child: ChildProcess
  readonly #output: number
  /** Where its own output begins, if others of its name have run before. */
  readonly #from: number
  #asked = false

  constructor(name: string, child: ChildProcess, output: number) {
    this.name = name
    this.#child = child
    this.#output = output
    this.#from = fstatSync(output).size
    this.ended = this.#untilEnded()
    const killWithUs = () => this.#signalGroup('SIGKILL')
    process.once('exit', killWithUs)
    void this.ended.then(() => process.off('exit', killWithUs))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get lastLines(): readonly string[] {
    return this.#lastLines ?? this.#readLastLines()
  }

  stop(): Promise<void> {
    return this.#end(() => void this.#child.kill('SIGTERM'))
  }

  kill(): Promise<void> {
    return this.#end(() => this.#signalGroup('SIGKILL'))
  }

  async pause(): Promise<void> {
    this.#signalGroup('SIGSTOP')
    await allThreadsStopped(this.pid)
  }

  resume(): void {
    this.#signalGroup('SIGCONT')
  }

  /** Resolves once it says where it listens. */
  async listens(): Promise<void> {
    const failed = this.ended.then(({ how }) => Promise.reject(new Error(this.#withLastLines(`ended ${how}`))))
    const listening = until(
      () => this.#withLastLines('does not listen'),
      async () => this.#readLastLines().map(listeningUrl).find(Boolean),
      // Whatever ends it ends this too, so that nobody reads a file that is closed.
      { withinMs: START_TIMEOUT_MS, signal: this.#endedSignal() },
    )
    this.url = await Promise.race([failed, listening])
  }

  async #end(signal: () => void): Promise<void> {
    this.#asked = true
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      signal()
      // A stopped process takes SIGTERM only after it goes on.
      this.resume()
    }
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), STOP_TIMEOUT_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** To the whole group, for whatever the service has started itself. */
  #signalGroup(signal: NodeJS.Signals): void {
    try {
      if (this.pid > 0) process.kill(-this.pid, signal)
    } catch {
      // The group is gone.
    }
  }

  async #untilEnded(): Promise<{ how: string; asked: boolean }> {
    const how = await new Promise<string>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ? `by ${signal}` : `with exit code ${code}`))
      this.#child.once('error', (error) => resolve(`before it began: ${error.message}`))
    })
    this.#lastLines = this.#readLastLines()
    closeSync(this.#output)
    return { how, asked: this.#asked }
  }

  #endedSignal(): AbortSignal {
    const controller = new AbortController()
    void this.ended.then(() => controller.abort())
    return controller.signal
  }

  #withLastLines(what: string): string {
    return [`${this.name} ${what}`, ...this.lastLines].join('\n  ')
  }

  #readLastLines(): readonly string[] {
    const { size } = fstatSync(this.#output)
    const from = Math.max(this.#from, size - KEPT_BYTES)
    const bytes = Buffer.alloc(size - from)
    readSync(this.#output, bytes, 0, bytes.length, from)
    return bytes.toString('utf8').trimEnd().split('\n').slice(-KEPT_LINES)
  }
}

/** The services log JSON lines; the one with the message `listening` has the URL. */
function listeningUrl(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined
  try {
    const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown }
    return msg === 'listening' && typeof url === 'string' ? url : undefined
  } catch {
    return undefined
  }
}
