import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { limits } from '@rescind/protocol'
import type { AskedClaims, MintedToken } from '../../../services/demo-issuer/src/index.ts'
import { Calls } from '../../launcher/calls.ts'
import type { Cleanup } from '../../launcher/cleanup.ts'
import { Compose } from '../../launcher/compose.ts'
import type { ComposeProgram } from '../../launcher/compose-program.ts'
import { type DemoIssuer, demoIssuerAt } from '../../launcher/demo-issuer.ts'
import { HttpClient } from '../load/http-client.ts'
import type { RelayMode, RelaySaid } from '../relay/relay.ts'
import { ComposeRelay } from './compose-relay.ts'
import { type BrokerFaults, type Driver, type Lives, RELAYED, type ReplicaFaults } from './driver.ts'

/** Options of {@link ComposeDriver.start}. */
export interface ComposeDriverOptions {
  readonly program: ComposeProgram
  readonly lives: Lives
  /** For the output of the commands, and what is mounted beside docker-compose.yml. */
  readonly folder: string
  /** Everything that is started is noted here. */
  readonly cleanup: Cleanup
  /** R19, for the APIs. */
  readonly staleAfterMs: number
  readonly stop: AbortSignal
}

/** What docker-compose.yml tells every service. */
const DEMO = { iss: 'https://demo-issuer.example', audience: 'demo-api' }

/** A container that starts on a machine that starts five others. */
const LISTENS_TIMEOUT_MS = 120_000
const ANSWER_TIMEOUT_MS = 2_000
/** Each look runs two commands. */
const LOOK_EVERY_MS = 250
const BROKER_TIMEOUT_MS = 60_000

/**
 * The containers of docker-compose.yml, as a project of this run alone: `api-2` is the second container of service `api`.
 * APIs are asked on the host port that the engine gave each of them, which is another one after every start.
 */
export class ComposeDriver implements Driver {
  readonly name = 'docker-compose'
  readonly issuer = DEMO.iss
  readonly calls: Calls
  readonly replicas: ReplicaFaults
  readonly broker: BrokerFaults
  readonly broken: Promise<string>
  readonly ran: string
  readonly #compose: Compose
  readonly #tokens: DemoIssuer
  readonly #relay: ComposeRelay
  readonly #lives: Lives
  readonly #running = new Set<string>()
  /** Containers that we end, so that their end is no accident. */
  readonly #mayEnd: Set<string>

  private constructor(
    parts: { compose: Compose; calls: Calls; tokens: DemoIssuer; ran: string },
    { lives, folder }: ComposeDriverOptions,
  ) {
    const { compose } = parts
    this.#compose = compose
    this.calls = parts.calls
    this.ran = parts.ran
    this.#tokens = parts.tokens
    this.#lives = lives
    this.#relay = new ComposeRelay(compose, folder)
    this.#mayEnd = new Set(['setup-1'])
    const { api } = compose.layout
    this.broker = brokerFaults(compose, this.#mayEnd)
    this.replicas = {
      kill: (replica) => this.#kill(replica),
      start: (replica, why) => this.#startAgain(replica, why),
      pause: (replica) => compose.pause(api, indexOf(replica)),
      resume: (replica) => compose.unpause(api, indexOf(replica)),
    }
    this.broken = new Promise((resolve) => {
      compose.watch((name, exitCode) => {
        if (!this.#mayEnd.has(partOf(name, compose))) resolve(`${name} ended with exit code ${exitCode}`)
      })
    })
  }

  /** Builds the images and starts everything but the APIs. */
  static async start(options: ComposeDriverOptions): Promise<ComposeDriver> {
    const { program, folder, cleanup, stop } = options
    const env = await environmentOf(options)
    const compose = new Compose({ program, project: `rescind-${randomBytes(4).toString('hex')}`, folder, env })
    cleanup.add('publisher', async () => {
      await compose.saveLogs().catch(() => {})
      await compose.down()
    })
    await compose.up(0)
    const { publisher, issuer, brokers } = compose.layout
    const at = async (service: string) => `http://127.0.0.1:${await compose.port(service)}`
    const calls = new Calls({ name: publisher, url: await at(publisher) }, await compose.adminKey(), stop)
    const tokens = demoIssuerAt(await at(issuer), DEMO)
    const version = await compose.exec(brokers[0] ?? '', 1, ['nats-server', '--version'])
    const node = await compose.exec(publisher, 1, ['node', '--version'])
    const engine = `compose ${program.version}, engine ${program.engine}`
    const ran = `${version.replace(': v', ' ')}, Node ${node.replace('v', '')}, ${engine}`
    return new ComposeDriver({ compose, calls, tokens, ran }, options)
  }

  mint(claims: AskedClaims): Promise<MintedToken> {
    return this.#tokens.mint(claims)
  }

  async scale(count: number, why: string): Promise<void> {
    const wanted = Array.from({ length: count }, (_, index) => `api-${index + 1}`)
    const surplus = [...this.#running].filter((name) => !wanted.includes(name))
    const missing = wanted.filter((name) => !this.#running.has(name))
    for (const name of surplus) this.#ends(name)
    for (const name of missing) this.#lives.starting(name, why)
    await Promise.all([this.#compose.scale(count), this.#allListen(missing)])
    const left = await this.#compose.containers(this.#compose.layout.api)
    const names = left.filter(({ state }) => state === 'running').map(({ index }) => `api-${index}`)
    if (names.join() !== wanted.join()) throw new Error(`there should be ${wanted} now, and there are ${names}`)
  }

  async startRelayed(): Promise<void> {
    this.#mayEnd.delete(RELAYED)
    this.#mayEnd.delete('relay')
    this.#lives.starting(RELAYED, 'started behind a relay')
    const url = await this.#relay.start(RELAYED)
    await listens(url)
    this.#lives.listens(RELAYED, url)
  }

  async stopRelayed(): Promise<void> {
    this.#mayEnd.add(RELAYED).add('relay')
    this.#lives.stopping(RELAYED)
    await this.#relay.stop()
  }

  relay(mode: RelayMode): Promise<RelaySaid> {
    return this.#relay.set(mode)
  }

  #ends(name: string): void {
    this.#mayEnd.add(name)
    this.#running.delete(name)
    this.#lives.stopping(name)
  }

  async #kill(name: string): Promise<void> {
    const { api } = this.#compose.layout
    this.#ends(name)
    await this.#compose.kill(api, indexOf(name))
    const deadlineMs = performance.now() + LISTENS_TIMEOUT_MS
    while ((await this.#compose.container(api, indexOf(name))).state === 'running') {
      if (performance.now() > deadlineMs) throw new Error(`${name} survives SIGKILL`)
      await pause(LOOK_EVERY_MS)
    }
  }

  async #startAgain(name: string, why: string): Promise<void> {
    this.#lives.starting(name, why)
    await this.#compose.start(this.#compose.layout.api, indexOf(name))
    await this.#allListen([name])
  }

  /** Resolves once every one of them answers on its port, and tells of each as soon as it does. */
  async #allListen(names: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + LISTENS_TIMEOUT_MS
    let missing = [...names]
    while (missing.length > 0) {
      if (performance.now() > deadlineMs) throw new Error(`${missing} do not listen`)
      // While compose is at it there may be none yet, or one that is being made.
      const there = await this.#compose.containers(this.#compose.layout.api).catch(() => [])
      const listening = missing.map(async (name) => {
        const port = there.find(({ index }) => index === indexOf(name))?.port
        const url = `http://127.0.0.1:${port}`
        if (port === undefined || !(await answers(url))) return
        missing = missing.filter((other) => other !== name)
        this.#mayEnd.delete(name)
        this.#running.add(name)
        this.#lives.listens(name, url)
      })
      await Promise.all(listening)
      if (missing.length > 0) await pause(LOOK_EVERY_MS)
    }
  }
}

/** The compose file sets no `RESCIND_STALE_AFTER_MS`; one beside it does, where a run wants another than the default. */
async function environmentOf({ folder, staleAfterMs }: ComposeDriverOptions): Promise<NodeJS.ProcessEnv> {
  if (staleAfterMs === limits.DEFAULT_STALE_AFTER_MS) return process.env
  const override = join(folder, 'stale-after.yml')
  const environment = { RESCIND_STALE_AFTER_MS: String(staleAfterMs) }
  // JSON is YAML.
  await writeFile(override, JSON.stringify({ services: { api: { environment } } }))
  return { ...process.env, COMPOSE_FILE: `docker-compose.yml:${override}` }
}

function brokerFaults(compose: Compose, mayEnd: Set<string>): BrokerFaults {
  const broker = compose.layout.brokers[0] ?? ''
  const part = `${broker}-1`
  const takesConnections = async () => {
    const deadlineMs = performance.now() + BROKER_TIMEOUT_MS
    const ask = () => compose.exec(broker, 1, ['wget', '-q', '-O', '/dev/null', 'http://127.0.0.1:8222/healthz'])
    while (
      !(await ask().then(
        () => true,
        () => false,
      ))
    ) {
      if (performance.now() > deadlineMs) throw new Error(`${broker} does not take connections`)
      await pause(LOOK_EVERY_MS)
    }
    mayEnd.delete(part)
  }
  return {
    async restart() {
      mayEnd.add(part)
      await compose.restart(broker)
      await takesConnections()
    },
    kill() {
      mayEnd.add(part)
      return compose.kill(broker)
    },
    async start() {
      await compose.start(broker)
      await takesConnections()
    },
    pause: () => compose.pause(broker),
    resume: () => compose.unpause(broker),
  }
}

async function listens(url: string): Promise<void> {
  const deadlineMs = performance.now() + LISTENS_TIMEOUT_MS
  while (!(await answers(url))) {
    if (performance.now() > deadlineMs) throw new Error(`nothing listens at ${url}`)
    await pause(LOOK_EVERY_MS)
  }
}

/** True if it is alive. The engine accepts for a container that does not listen yet, and closes at once. */
async function answers(url: string): Promise<boolean> {
  const client = new HttpClient(url, ANSWER_TIMEOUT_MS)
  const { status } = await client.get('/livez')
  client.close()
  return status === 200
}

/** `api-2` is the second container of its service. */
function indexOf(replica: string): number {
  return Number(replica.split('-').at(-1))
}

/** `api-2` of `rescind-1a2b_api_2`, as compose 1 names containers, or of `rescind-1a2b-api-2`, as compose 2 does. */
function partOf(container: string, { project }: Compose): string {
  return container.slice(project.length + 1).replaceAll('_', '-')
}
