import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Calls } from './calls.ts'
import { Cleanup } from './cleanup.ts'
import { type DemoIssuer, startDemoIssuer } from './demo-issuer.ts'
import { type DemoKeys, makeDemoKeys, publisherEnvironment, sampleApiEnvironment } from './deployment.ts'
import { findNatsServer } from './find-nats-server.ts'
import { type NatsServer, startNatsServer } from './nats-server.ts'
import { type ServiceProcess, startService } from './service-process.ts'
import { until } from './wait.ts'

/** Options of {@link Fleet.start}. */
export interface FleetOptions {
  /** Sample APIs to begin with: `api-1`, `api-2` … */
  readonly replicas: number
  /** Goes to every sample API. */
  readonly apiEnv?: Readonly<Record<string, string>>
  /** True: tokens of the issuer sign on to the publisher, too. Default false. */
  readonly adminTokens?: boolean
  /** Where the output of the processes and the broker's files go, and stay; absent: a folder that goes with the fleet. */
  readonly folder?: string
  /** What is started is noted here, so that a caller can stop a start that is under way. Default: its own. */
  readonly cleanup?: Cleanup
  /** True: the broker gets a process group of its own, so that Ctrl-C reaches only who started it. Default false. */
  readonly detached?: boolean
}

/** A broker, a publisher and sample APIs, each a process of its own, to be ill-treated. */
export class Fleet {
  readonly broker: NatsServer
  readonly issuer: DemoIssuer
  readonly keys: DemoKeys = makeDemoKeys()
  readonly replicas: ServiceProcess[] = []
  readonly folder: string
  readonly #cleanup: Cleanup
  readonly #apiEnv: Readonly<Record<string, string>>
  readonly #publisherEnv: Readonly<Record<string, string>>
  #publisher: ServiceProcess | undefined

  private constructor(
    parts: { broker: NatsServer; issuer: DemoIssuer; folder: string; cleanup: Cleanup },
    { apiEnv = {}, adminTokens = false }: FleetOptions,
  ) {
    this.broker = parts.broker
    this.issuer = parts.issuer
    this.folder = parts.folder
    this.#cleanup = parts.cleanup
    this.#apiEnv = apiEnv
    this.#publisherEnv = adminTokens ? adminEnvironment(parts.issuer) : {}
  }

  /** Starts all of it and resolves when all are ready. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { cleanup = new Cleanup(), detached = false } = options
    try {
      const folder = options.folder ?? (await ownFolder(cleanup))
      const binary = await findNatsServer({ env: process.env })
      const broker = await startNatsServer({ binary, storeDir: join(folder, 'jetstream'), jetstream: true, detached })
      cleanup.add('broker', () => broker.stop())
      const issuer = await startDemoIssuer('https://issuer.example')
      cleanup.add('issuer', () => issuer.close())
      const fleet = new Fleet({ broker, issuer, folder, cleanup }, options)
      await fleet.startPublisher()
      const names = Array.from({ length: options.replicas }, (_, index) => `api-${index + 1}`)
      await Promise.all(names.map((name) => fleet.startReplica(name)))
      await Promise.all(fleet.replicas.map((replica) => fleet.calls.ready(replica)))
      return fleet
    } catch (error) {
      await cleanup.run()
      throw error
    }
  }

  /** Stops all of it. */
  stop(): Promise<void> {
    return this.#cleanup.run()
  }

  get publisher(): ServiceProcess {
    if (this.#publisher === undefined) throw new Error('the publisher was not started')
    return this.#publisher
  }

  get calls(): Calls {
    return new Calls(this.publisher, this.keys.admin, new AbortController().signal)
  }

  /** Starts the publisher, the second time on the port that the replicas know, and resolves when it is ready. */
  async startPublisher(): Promise<void> {
    const port = this.#publisher === undefined ? '0' : new URL(this.#publisher.url).port
    this.#publisher = await startService({
      name: 'publisher',
      program: 'services/publisher/src/main.ts',
      env: {
        ...publisherEnvironment(this.issuer, this.keys, this.folder),
        ...this.#publisherEnv,
        RESCIND_PORT: port,
        NATS_URL: this.broker.url,
      },
      folder: this.folder,
      onSpawned: (service) => this.#cleanup.add('publisher', () => service.stop()),
    })
    await this.calls.ready(this.#publisher)
  }

  /** Starts a sample API and resolves when it listens; whether it is ready is for the caller to ask. */
  async startReplica(name: string, env: Record<string, string> = {}): Promise<ServiceProcess> {
    const { issuer, keys, publisher } = this
    const own = { ...sampleApiEnvironment(name, { issuer, keys, publisher }), NATS_URL: this.broker.url }
    const replica = await startService({
      name,
      program: 'services/sample-api/src/main.ts',
      env: { ...own, ...this.#apiEnv, ...env },
      folder: this.folder,
      onSpawned: (service) => this.#cleanup.add('replica', () => service.stop()),
    })
    this.replicas.push(replica)
    return replica
  }

  /** What every replica answers to a token, such as `[200, 200, 200]`. */
  async statuses(token: string): Promise<number[]> {
    return Promise.all(this.replicas.map(async (replica) => (await this.calls.whoami(replica, token)).status))
  }

  /** Resolves once every replica answers `status` to the token; rejects with the last answers when a minute has passed. */
  async everywhere(token: string, status: number): Promise<void> {
    let last: number[] = []
    const ask = async () => {
      last = await this.statuses(token)
      return last.every((each) => each === status) ? true : undefined
    }
    const signal = new AbortController().signal
    await until(() => `not ${status} everywhere (last ${last})`, ask, { withinMs: DEADLINE_MS, signal })
  }
}

function adminEnvironment({ iss, audience, jwksUrl }: DemoIssuer): Record<string, string> {
  return { RESCIND_ADMIN_ISSUER: iss, RESCIND_ADMIN_AUDIENCE: audience, RESCIND_ADMIN_JWKS_URL: jwksUrl }
}

/** Long enough for processes that start on a busy machine; nothing waits so long that works. */
const DEADLINE_MS = 60_000

async function ownFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-'))
  cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
  return folder
}
