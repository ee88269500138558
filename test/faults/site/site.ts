import type { ChildProcess } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newKey } from '../../../services/publisher/src/keys.ts'
import { stopWhenWeAreGone } from '../../launcher/broker.ts'
import type { Cleanup } from '../../launcher/cleanup.ts'
import { type NatsServer, startNatsServer } from '../../launcher/nats-server.ts'
import { until } from '../../launcher/wait.ts'
import { HttpCaller } from '../load/http-caller.ts'
import type { Programs } from './programs.ts'
import { PublisherProcess } from './publisher-process.ts'

/** The issuer of every token. */
export const ISSUER = 'https://issuer.example'
/** R13: nothing that a run is judged by expires in it. */
export const MAX_EXPIRY_MS = 3_600_000

/** How one life of a publisher differs from the usual. */
export interface Life {
  /** What it dies of. */
  readonly fault?: { readonly point: string; readonly nth: number; readonly spinMs?: number } | undefined
  readonly under?: readonly string[]
}

/** Options of {@link Site.start}. */
export interface SiteOptions {
  readonly folder: string
  readonly binary: string
  readonly cleanup: Cleanup
  readonly programs: Programs
  readonly stop: AbortSignal
  /** Compiled already; default: the publisher as it stands in the repository. */
  readonly program?: string
}

const READY_WITHIN_MS = 60_000

/** A broker and publishers on it, each with a Store of its own: processes that may be killed at any time. */
export class Site {
  readonly folder: string
  readonly admin: string
  readonly replicaKey: string
  readonly publishers: SitePublisher[] = []
  readonly options: SiteOptions
  readonly broker: NatsServer
  readonly #keys: string
  #guard: ChildProcess | undefined

  private constructor(options: SiteOptions, broker: NatsServer) {
    const admin = newKey('admin', ['revocations:write', 'revocations:read'])
    const replica = newKey('replica', ['snapshot:read'])
    this.options = options
    this.folder = options.folder
    this.broker = broker
    this.admin = admin.key
    this.replicaKey = replica.key
    this.#keys = JSON.stringify([admin.kept, replica.kept])
    this.#guardBroker()
  }

  /** Starts the broker. */
  static async start(options: SiteOptions): Promise<Site> {
    const { folder, binary, cleanup } = options
    await mkdir(folder, { recursive: true })
    const storeDir = join(folder, 'jetstream')
    const broker = await startNatsServer({ binary, storeDir, jetstream: true, detached: true })
    const site = new Site(options, broker)
    cleanup.add('broker', () => site.stop())
    return site
  }

  /** Where the broker keeps its stream. */
  get brokerFolder(): string {
    return join(this.folder, 'jetstream')
  }

  /** Notes a publisher that is to run here; its Store is made at its first start. */
  addPublisher(name = 'publisher'): SitePublisher {
    const publisher = new SitePublisher(this, name, this.#keys)
    this.publishers.push(publisher)
    return publisher
  }

  /** SIGKILL to the broker. */
  async killBroker(): Promise<void> {
    this.#guard?.kill('SIGKILL')
    await this.broker.kill()
  }

  /** Starts the broker again on the same port and the same folder. */
  async restartBroker(): Promise<void> {
    this.#guard?.kill('SIGKILL')
    await this.broker.restart()
    this.#guardBroker()
  }

  /** The broker must not run. */
  async copyBrokerFolder(to: string): Promise<void> {
    await cp(this.brokerFolder, to, { recursive: true })
  }

  /** The broker must not run. `from` undefined: an empty one. */
  async replaceBrokerFolder(from: string | undefined): Promise<void> {
    await rm(this.brokerFolder, { recursive: true, force: true })
    await (from === undefined ? mkdir(this.brokerFolder) : cp(from, this.brokerFolder, { recursive: true }))
  }

  /** Ends everything that runs here; idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.publishers.map((publisher) => publisher.kill()))
    this.#guard?.kill('SIGKILL')
    await this.broker.kill()
  }

  #guardBroker(): void {
    this.#guard = stopWhenWeAreGone(this.broker.pid)
  }
}

/** One publisher of a site: a Store, a port, and a process after the other. */
export class SitePublisher {
  readonly name: string
  readonly #site: Site
  readonly #keys: string
  #process: PublisherProcess | undefined
  #url = ''
  #marks = 0

  constructor(site: Site, name: string, keys: string) {
    this.#site = site
    this.name = name
    this.#keys = keys
  }

  /** Stays the same from the first start on. */
  get url(): string {
    return this.#url
  }

  get process(): PublisherProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was not started`)
    return this.#process
  }

  /** How far its wall clock is to be wrong, in milliseconds; at once for a process that runs. */
  async setClock(shiftMs: number): Promise<void> {
    await writeFile(this.#clockFile, String(shiftMs))
  }

  /** Starts a process; resolves once it listens, or with undefined if it died of its fault before. The last one must be gone. */
  async start({ fault, under }: Life = {}): Promise<{ readonly markFile: string } | undefined> {
    const { programs, program, folder } = this.#site.options
    const loaded = ['endWithParent', 'shiftClock', ...(fault ? (['dieAtPoint'] as const) : [])] as const
    this.#marks += 1
    const markFile = join(folder, `${this.name}-mark-${this.#marks}`)
    const started = new PublisherProcess({
      program: program ?? (await programs.publisher()),
      preloads: await Promise.all(loaded.map((name) => programs.preload(name))),
      env: { ...this.#environment(), ...faultEnvironment(fault, markFile) },
      logFile: join(folder, `${this.name}.log`),
      under,
    })
    this.#process = started
    const url = await started.listening.catch(async (error: Error) => {
      if (fault && (await started.ended) === 'SIGKILL') return undefined
      throw error
    })
    if (url !== undefined) this.#url = url
    return { markFile }
  }

  /** Resolves once `/readyz` says 200. */
  async ready(withinMs = READY_WITHIN_MS): Promise<void> {
    const caller = new HttpCaller(this.#url, this.#site.admin)
    let last = ''
    try {
      await until(
        () => `${this.name} is not ready (it says ${last})`,
        async () => {
          const { status, body } = await caller.get('/readyz?verbose')
          last = body
          return status === 200 ? true : undefined
        },
        { withinMs, signal: this.#site.options.stop },
      )
    } finally {
      caller.close()
    }
  }

  /** SIGKILL, if it runs. */
  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  get #clockFile(): string {
    return join(this.#site.folder, `${this.name}.clock`)
  }

  #environment(): Record<string, string> {
    const { folder, broker } = this.#site
    return {
      NATS_URL: broker.url,
      RESCIND_STORE_DIR: join(folder, `${this.name}-store`),
      RESCIND_PORT: this.#url === '' ? '0' : new URL(this.#url).port,
      RESCIND_ISSUER: ISSUER,
      RESCIND_MAX_EXPIRY: `${MAX_EXPIRY_MS}ms`,
      RESCIND_KEYS: this.#keys,
      RESCIND_RATE_LIMIT: '0',
      RESCIND_LOG_LEVEL: 'info',
      FAULT_CLOCK: this.#clockFile,
    }
  }
}

function faultEnvironment(fault: Life['fault'], markFile: string): Record<string, string> {
  if (fault === undefined) return {}
  const { point, nth, spinMs = -1 } = fault
  return { FAULT_POINT: point, FAULT_NTH: String(nth), FAULT_SPIN_MS: String(spinMs), FAULT_MARK: markFile }
}
