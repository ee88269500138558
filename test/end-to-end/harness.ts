import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Calls } from '../launcher/calls.ts'
import { Cleanup } from '../launcher/cleanup.ts'
import { type DemoIssuer, startDemoIssuer } from '../launcher/demo-issuer.ts'
import { type DemoKeys, makeDemoKeys, publisherEnvironment, sampleApiEnvironment } from '../launcher/deployment.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { type ServiceProcess, startService } from '../launcher/service-process.ts'
import { until } from '../launcher/wait.ts'

/** Long enough for processes that start on a busy machine; nothing waits so long that works. */
const DEADLINE_MS = 60_000

/** A broker, a publisher and sample APIs, each a process of its own, to be ill-treated. */
export class Fleet {
  readonly broker: NatsServer
  readonly issuer: DemoIssuer
  readonly keys: DemoKeys = makeDemoKeys()
  readonly replicas: ServiceProcess[] = []
  readonly #folder: string
  readonly #cleanup: Cleanup
  #publisher: ServiceProcess | undefined
  #publisherEnv: Record<string, string> = {}

  private constructor(broker: NatsServer, issuer: DemoIssuer, folder: string, cleanup: Cleanup) {
    this.broker = broker
    this.issuer = issuer
    this.#folder = folder
    this.#cleanup = cleanup
  }

  /**
   * Starts all of it and resolves when all are ready. `apiEnv` goes to every sample API. With `adminTokens`, tokens of
   * the issuer sign on to the publisher, too.
   */
  static async start(options: {
    replicas: number
    apiEnv?: Record<string, string>
    adminTokens?: boolean
  }): Promise<Fleet> {
    const cleanup = new Cleanup()
    try {
      const folder = await mkdtemp(join(tmpdir(), 'rescind-'))
      cleanup.add('folder', () => rm(folder, { recursive: true, force: true }))
      const binary = await findNatsServer({ env: process.env })
      const broker = await startNatsServer({ binary, storeDir: join(folder, 'jetstream'), jetstream: true })
      cleanup.add('broker', () => broker.stop())
      const issuer = await startDemoIssuer('https://issuer.example')
      cleanup.add('issuer', () => issuer.close())
      const fleet = new Fleet(broker, issuer, folder, cleanup)
      if (options.adminTokens) fleet.#publisherEnv = adminEnvironment(issuer)
      await fleet.startPublisher()
      const names = Array.from({ length: options.replicas }, (_, index) => `api-${index + 1}`)
      await Promise.all(names.map((name) => fleet.startReplica(name, options.apiEnv)))
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
        ...publisherEnvironment(this.issuer, this.keys),
        ...this.#publisherEnv,
        RESCIND_PORT: port,
        NATS_URL: this.broker.url,
      },
      folder: this.#folder,
      onSpawned: (service) => this.#cleanup.add('publisher', () => service.stop()),
    })
    await this.calls.ready(this.#publisher)
  }

  /** Starts a sample API and resolves when it listens; whether it is ready is for the test to ask. */
  async startReplica(name: string, env: Record<string, string> = {}): Promise<ServiceProcess> {
    const { issuer, keys, publisher } = this
    const replica = await startService({
      name,
      program: 'services/sample-api/src/main.ts',
      env: { ...sampleApiEnvironment(name, { issuer, keys, publisher }), NATS_URL: this.broker.url, ...env },
      folder: this.#folder,
      onSpawned: (service) => this.#cleanup.add('replica', () => service.stop()),
    })
    this.replicas.push(replica)
    return replica
  }

  /** What every replica answers to a token, such as `[200, 200, 200]`. */
  async statuses(token: string): Promise<number[]> {
    return Promise.all(this.replicas.map(async (replica) => (await this.calls.whoami(replica, token)).status))
  }

  /** Resolves once every replica answers `status` to the token. */
  async everywhere(token: string, status: number): Promise<void> {
    let last: number[] = []
    await eventually(
      () => `${status} everywhere (last ${last})`,
      async () => {
        last = await this.statuses(token)
        return last.every((each) => each === status)
      },
    )
  }
}

function adminEnvironment({ iss, audience, jwksUrl }: DemoIssuer): Record<string, string> {
  return { RESCIND_ADMIN_ISSUER: iss, RESCIND_ADMIN_AUDIENCE: audience, RESCIND_ADMIN_JWKS_URL: jwksUrl }
}

/** Asks again until it is so; rejects when a minute has passed. */
export async function eventually(what: () => string, isSo: () => Promise<boolean>): Promise<void> {
  const ask = async () => ((await isSo()) ? true : undefined)
  await until(() => `not so: ${what()}`, ask, { withinMs: DEADLINE_MS, signal: new AbortController().signal })
}
