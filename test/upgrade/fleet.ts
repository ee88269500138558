import { join } from 'node:path'
import { provideBroker } from '../launcher/broker.ts'
import { Calls } from '../launcher/calls.ts'
import type { Cleanup } from '../launcher/cleanup.ts'
import type { DemoIssuer } from '../launcher/demo-issuer.ts'
import { makeDemoKeys, type Part, publisherEnvironment, sampleApiEnvironment } from '../launcher/deployment.ts'
import { type ServiceProcess, startService } from '../launcher/service-process.ts'
import { type Front, startFront } from './front.ts'
import { isPublisher, type Place, PUBLISHERS, type PublisherPlace, REPLICAS, type Release } from './orders.ts'

/** What a fleet is started from. */
export interface FleetParts {
  /** Where each version is installed. */
  readonly roots: Readonly<Record<Release, string>>
  readonly natsServer: string
  readonly issuer: DemoIssuer
  /** For the broker's files and the output of the processes. */
  readonly folder: string
  readonly cleanup: Cleanup
  /** Ends everything that waits. */
  readonly stop: AbortSignal
}

/** One process in its place. */
export interface Member extends Part {
  readonly release: Release
  /** Calls to it if it is a publisher, or through the first publisher's address if it is an API. */
  readonly calls: Calls
  readonly service: ServiceProcess
}

/** Two publishers and three APIs of either version on one broker, each in a place where it can be replaced. */
export class Fleet {
  readonly #parts: FleetParts
  readonly #natsUrl: string
  readonly #fronts: readonly Front[]
  readonly #keys = makeDemoKeys()
  readonly #members = new Map<string, Member>()
  #started = 0

  private constructor(parts: FleetParts, natsUrl: string, fronts: readonly Front[]) {
    this.#parts = parts
    this.#natsUrl = natsUrl
    this.#fronts = fronts
  }

  /** Starts the broker and the addresses of the publishers, and nothing behind them yet. */
  static async open(parts: FleetParts): Promise<Fleet> {
    const { natsServer, folder, cleanup } = parts
    // One of its own for each order, whatever NATS_URL names: it has to begin without a stream.
    const { NATS_URL: _given, ...surroundings } = process.env
    const env = { ...surroundings, NATS_SERVER_BIN: natsServer }
    const broker = await provideBroker({ env, folder, cleanup, log() {} })
    const fronts = await Promise.all(PUBLISHERS.map(startFront))
    for (const front of fronts) cleanup.add('issuer', () => front.close())
    return new Fleet(parts, broker.address, fronts)
  }

  /** Who stands in the places of publishers. */
  get publishers(): readonly Member[] {
    return PUBLISHERS.flatMap((place) => this.#members.get(place) ?? [])
  }

  /** All others: who stands in the places of APIs, and those beside them. */
  get replicas(): readonly Member[] {
    return [...this.#members.values()].filter(({ name }) => !isPublisher(name))
  }

  /** Starts a process for a place and resolves once it listens; the one that stands there goes on. */
  async start(place: Place, release: Release): Promise<Member> {
    if (isPublisher(place)) {
      const store = join(this.#parts.folder, `${place}-${this.#started}`)
      return this.#spawn('publisher', place, release, publisherEnvironment(this.#parts.issuer, this.#keys, store))
    }
    // APIs take their snapshots by turns from either publisher.
    const publisher = PUBLISHERS[REPLICAS.indexOf(place) % PUBLISHERS.length] as PublisherPlace
    return this.startReplica(place, release, publisher)
  }

  /** Starts an API that takes its snapshot from whoever stands in this publisher's place. */
  async startReplica(name: string, release: Release, from: PublisherPlace): Promise<Member> {
    const { issuer } = this.#parts
    const publisher = { name: from, url: this.#frontOf(from).url }
    return this.#spawn('replica', name, release, sampleApiEnvironment(name, { issuer, keys: this.#keys, publisher }))
  }

  /** Gives a place to its new process; returns the one that stood there, still running. */
  take(member: Member): Member | undefined {
    const before = this.#members.get(member.name)
    this.#members.set(member.name, member)
    if (isPublisher(member.name)) this.#frontOf(member.name).target = member.url
    return before
  }

  /** The address of a publisher's place, which stays while the publisher changes. */
  #frontOf(publisher: PublisherPlace): Front {
    return this.#fronts[PUBLISHERS.indexOf(publisher)] as Front
  }

  async #spawn(stage: 'publisher' | 'replica', name: string, release: Release, env: object): Promise<Member> {
    const { roots, folder, cleanup, stop } = this.#parts
    this.#started += 1
    const service = await startService({
      name: `${name}-${release}-${this.#started}`,
      root: roots[release],
      program: stage === 'publisher' ? 'services/publisher/src/main.ts' : 'services/sample-api/src/main.ts',
      env: { ...env, NATS_URL: this.#natsUrl },
      folder,
      onSpawned: (spawned) => cleanup.add(stage, () => spawned.stop()),
    })
    const { url, pid } = service
    const publisher = stage === 'publisher' ? { name, url } : { name, url: this.#frontOf('publisher-1').url }
    return { name, url, pid, release, service, calls: new Calls(publisher, this.#keys.admin, stop) }
  }
}
