import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { allThreadsStopped } from '../../launcher/all-threads-stopped.ts'

/** How a publisher is started. */
export interface PublisherStart {
  readonly program: string
  /** Loaded before it, in this order. */
  readonly preloads: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Everything it prints is appended there. */
  readonly logFile: string
  /** A program that runs it, such as `strace -f`, with its arguments. */
  readonly under?: readonly string[] | undefined
}

const LISTENS_WITHIN_MS = 60_000
const STOPS_WITHIN_MS = 15_000
const KEPT_LINES = 15

/** A publisher in a process of its own, which may die by itself. */
export class PublisherProcess {
  /** Where it listens, such as `http://127.0.0.1:1234`. Rejects if it ends before. */
  readonly listening: Promise<string>
  /** Resolves when it has ended: the signal or the exit code. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #lines: string[] = []

  constructor({ program, preloads, env, logFile, under = [] }: PublisherStart) {
    const command = [...under, process.execPath, ...preloads.flatMap((preload) => ['--import', preload]), program]
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(RESCIND|FAULT)_/.test(name)))
    // `detached`: Ctrl-C reaches us alone. The channel tells it when we are gone.
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    this.#child = spawn(command[0] as string, command.slice(1), {
      env: { ...own, ...env },
      stdio: [...stdio],
      detached: true,
    })
    const log = createWriteStream(logFile, { flags: 'a' })
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('exit', (code, signal) => resolve(signal ?? String(code)))
    })
    const killWithUs = () => this.signal('SIGKILL')
    process.once('exit', killWithUs)
    void this.ended.then(() => {
      process.off('exit', killWithUs)
      log.end()
    })
    this.listening = this.#untilListening(log)
    this.listening.catch(() => {})
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Its last lines of output. */
  get lastLines(): string {
    return this.#lines.join('\n  ')
  }

  /** To the whole process group. */
  signal(signal: NodeJS.Signals): void {
    try {
      if (this.pid > 0) process.kill(-this.pid, signal)
    } catch {
      // It is gone.
    }
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  /** SIGTERM, and SIGKILL if that takes too long; resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), STOPS_WITHIN_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** SIGSTOP; resolves when its last thread has stopped. */
  async pause(): Promise<void> {
    this.signal('SIGSTOP')
    await allThreadsStopped(this.pid)
  }

  #untilListening(log: WriteStream): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`the publisher ${why}\n  ${this.lastLines}`))
      const timer = setTimeout(() => fail('does not listen'), LISTENS_WITHIN_MS)
      void this.ended.then((how) => {
        clearTimeout(timer)
        fail(`ended: ${how}`)
      })
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        let rest = ''
        stream?.setEncoding('utf8').on('data', (chunk: string) => {
          if (log.writable) log.write(chunk)
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) {
            if (this.#lines.push(line.slice(0, 500)) > KEPT_LINES) this.#lines.shift()
            const url = line.includes('"listening"') ? /"url":"([^"]+)"/.exec(line)?.[1] : undefined
            if (url === undefined) continue
            clearTimeout(timer)
            resolve(url)
          }
        })
      }
    })
  }
}
