import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Cleanup } from '../launcher/cleanup.ts'
import { findNatsServer } from '../launcher/find-nats-server.ts'
import { type NatsServer, startNatsServer } from '../launcher/nats-server.ts'
import { edit, layOut, type ShippedFolder, secretsFor } from './guarded-broker.ts'

/** One server of a cluster. */
export interface Member {
  readonly name: string
  readonly server: NatsServer
  /** What it has printed. */
  readonly lines: readonly string[]
  /** How many servers it has a route to at this moment. */
  routes(): Promise<number>
}

/** Servers that share the shipped `cluster.conf`, with the routes and the password that `--setup` wrote. */
export class GuardedCluster {
  readonly members: Member[] = []
  readonly #folder: ShippedFolder
  readonly #ports: readonly number[]
  readonly #cleanup = new Cleanup()

  private constructor(folder: ShippedFolder, ports: readonly number[]) {
    this.#folder = folder
    this.#ports = ports
    this.#cleanup.add('folder', () => folder.remove())
  }

  /** Starts three servers; whether they have found each other is for the test to ask. */
  static async start(): Promise<GuardedCluster> {
    const ports = await freePorts(4)
    const folder = await layOut(secretsFor(...ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)))
    const cluster = new GuardedCluster(folder, ports)
    try {
      const names = ['nats-1', 'nats-2', 'nats-3']
      cluster.members.push(...(await Promise.all(names.map((name, i) => cluster.#startMember(name, i, folder.conf)))))
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  get seeds() {
    return this.#folder.seeds
  }

  /** All of them, as `NATS_URL` has them. */
  get servers(): readonly string[] {
    return this.members.map(({ server }) => server.url)
  }

  /** Starts a server that knows where the others are, and not their password; its users are its own. */
  async startStranger(): Promise<Member & { readonly seeds: ShippedFolder['seeds'] }> {
    const routes = this.#ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
    const folder = await layOut(secretsFor(...routes))
    this.#cleanup.add('folder', () => folder.remove())
    return { ...(await this.#startMember('stranger', 3, folder.conf)), seeds: folder.seeds }
  }

  /** Stops them all and removes their files. */
  stop(): Promise<void> {
    return this.#cleanup.run()
  }

  /** The files are shared but for two things that containers do not share either: the port of the routes, and the disk. */
  async #startMember(name: string, i: number, shared: string): Promise<Member> {
    const conf = join(shared, '..', name)
    await cp(shared, conf, { recursive: true })
    const configFile = join(conf, 'cluster.conf')
    await edit(configFile, '"0.0.0.0:6222"', `"127.0.0.1:${this.#ports[i]}"`)
    await edit(configFile, JSON.stringify(join(shared, '../data')), JSON.stringify(join(conf, 'data')))
    let monitor = ''
    const lines: string[] = []
    const server = await startNatsServer({
      binary: await findNatsServer({ env: process.env }),
      jetstream: true,
      configFile,
      flags: ['-m', '-1'],
      env: { SERVER_NAME: name },
      log(line) {
        lines.push(line)
        monitor = /Starting http monitor on (127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? monitor
      },
    })
    this.#cleanup.add('broker', () => server.stop())
    const routes = async () => {
      const { routes } = (await (await fetch(`http://${monitor}/routez`)).json()) as { routes: { remote_id: string }[] }
      return new Set(routes.map(({ remote_id: id }) => id)).size
    }
    return { name, server, lines, routes }
  }
}

/** Routes must know each other's ports before anybody listens there. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
