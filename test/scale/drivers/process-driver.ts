import type { ChildProcess } from 'node:child_process'
import type { AskedClaims, MintedToken } from '../../../services/demo-issuer/src/index.ts'
import { stopWhenWeAreGone } from '../../launcher/broker.ts'
import type { Calls } from '../../launcher/calls.ts'
import type { Cleanup } from '../../launcher/cleanup.ts'
import { Fleet } from '../../launcher/fleet.ts'
import { type ServiceProcess, startService } from '../../launcher/service-process.ts'
import type { RelayMode, RelaySaid } from '../relay/relay.ts'
import { type BrokerFaults, type Driver, type Lives, RELAYED, type ReplicaFaults } from './driver.ts'

/** Options of {@link ProcessDriver.start}. */
export interface ProcessDriverOptions {
  readonly lives: Lives
  /** For output and the broker's files. */
  readonly folder: string
  /** Everything that is started is noted here. */
  readonly cleanup: Cleanup
  /** R19, for the APIs. */
  readonly staleAfterMs: number
}

/** Everything in child processes of this one, on 127.0.0.1 and free ports. */
export class ProcessDriver implements Driver {
  readonly name = 'processes'
  readonly replicas: ReplicaFaults
  readonly broker: BrokerFaults
  readonly broken: Promise<string>
  readonly calls: Calls
  readonly #fleet: Fleet
  readonly #lives: Lives
  readonly #cleanup: Cleanup
  readonly #running = new Map<string, ServiceProcess>()
  /** Of those that stand still. */
  readonly #guards = new Map<string, Guard>()
  #relay: ServiceProcess | undefined
  #tellBroken: (what: string) => void = () => {}

  private constructor(fleet: Fleet, { lives, cleanup }: ProcessDriverOptions) {
    this.#fleet = fleet
    this.#lives = lives
    this.#cleanup = cleanup
    this.calls = fleet.calls
    this.broken = new Promise((resolve) => {
      this.#tellBroken = resolve
    })
    this.broker = brokerFaults(fleet, cleanup)
    this.replicas = {
      kill: (replica) => this.#end(replica, (service) => service.kill()),
      start: (replica, why) => this.#start(replica, why),
      pause: (replica) => this.#pause(replica),
      resume: async (replica) => this.#resume(replica),
    }
    this.#watch(fleet.publisher)
  }

  /** Starts broker, issuer and publisher; no API yet. */
  static async start(options: ProcessDriverOptions): Promise<ProcessDriver> {
    const { folder, cleanup, staleAfterMs } = options
    const apiEnv = { RESCIND_STALE_AFTER_MS: String(staleAfterMs) }
    return new ProcessDriver(await Fleet.start({ replicas: 0, apiEnv, folder, cleanup, detached: true }), options)
  }

  get ran(): string {
    return `nats-server ${this.#fleet.broker.version}, Node ${process.versions.node}`
  }

  get issuer(): string {
    return this.#fleet.issuer.iss
  }

  mint(claims: AskedClaims): Promise<MintedToken> {
    return this.#fleet.issuer.mint(claims)
  }

  async scale(count: number, why: string): Promise<void> {
    const wanted = Array.from({ length: count }, (_, index) => `api-${index + 1}`)
    const surplus = [...this.#running.keys()].filter((name) => name !== RELAYED && !wanted.includes(name))
    const missing = wanted.filter((name) => !this.#running.has(name))
    await Promise.all([
      ...surplus.map((name) => this.#end(name, (service) => service.stop())),
      ...missing.map((name) => this.#start(name, why)),
    ])
  }

  async startRelayed(): Promise<void> {
    this.#relay = await startService({
      name: 'relay',
      program: 'test/scale/relay/main.ts',
      env: { RELAY_TO: `127.0.0.1:${this.#fleet.broker.port}` },
      folder: this.#fleet.folder,
      onSpawned: (service) => this.#cleanup.add('broker', () => service.stop()),
    })
    this.#watch(this.#relay)
    const { port } = await this.#askRelay('GET', '')
    await this.#start(RELAYED, 'started behind a relay', { NATS_URL: `nats://127.0.0.1:${port}` })
  }

  async stopRelayed(): Promise<void> {
    await this.#end(RELAYED, (service) => service.stop())
    await this.#relay?.stop()
  }

  relay(mode: RelayMode): Promise<RelaySaid> {
    return this.#askRelay('POST', mode)
  }

  async #askRelay(method: string, path: string): Promise<RelaySaid> {
    const answer = await fetch(`${this.#relay?.url}/${path}`, { method, signal: AbortSignal.timeout(5_000) })
    if (!answer.ok) throw new Error(`the relay answers ${answer.status} to ${path}`)
    return (await answer.json()) as RelaySaid
  }

  async #start(name: string, why: string, env: Record<string, string> = {}): Promise<void> {
    this.#lives.starting(name, why)
    const started = await this.#fleet.startReplica(name, env)
    this.#running.set(name, started)
    this.#watch(started)
    this.#lives.listens(name, started.url)
  }

  async #end(name: string, end: (service: ServiceProcess) => Promise<void>): Promise<void> {
    const ending = this.#of(name)
    this.#lives.stopping(name)
    this.#running.delete(name)
    await end(ending)
  }

  async #pause(name: string): Promise<void> {
    const service = this.#of(name)
    const guard = new Guard(service.pid)
    this.#guards.set(name, guard)
    this.#cleanup.add('replica', async () => guard.dismiss())
    await service.pause()
  }

  #resume(name: string): void {
    this.#of(name).resume()
    this.#guards.get(name)?.dismiss()
  }

  #of(name: string): ServiceProcess {
    const found = this.#running.get(name)
    if (found === undefined) throw new Error(`${name} does not run`)
    return found
  }

  #watch(service: ServiceProcess): void {
    void service.ended.then(({ how, asked }) => {
      if (!asked) this.#tellBroken([`${service.name} ended ${how}:`, ...service.lastLines].join('\n  '))
    })
  }
}

/** Stops a process if we end without dismissing the guard; what stands still does not notice that we are gone. */
class Guard {
  readonly #shell: ChildProcess

  constructor(pid: number) {
    this.#shell = stopWhenWeAreGone(pid)
  }

  dismiss(): void {
    try {
      if (this.#shell.pid) process.kill(-this.#shell.pid, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }
}

/** The broker must not outlive us, however we end: each of its processes has a guard. */
function brokerFaults({ broker }: Fleet, cleanup: Cleanup): BrokerFaults {
  let guard = new Guard(broker.pid)
  cleanup.add('broker', async () => guard.dismiss())
  const restart = async () => {
    await broker.restart()
    guard.dismiss()
    guard = new Guard(broker.pid)
  }
  return {
    restart,
    kill: () => broker.kill(),
    start: restart,
    pause: () => broker.pause(),
    resume: async () => broker.resume(),
  }
}
