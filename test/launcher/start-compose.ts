import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import type { Cleanup } from './cleanup.ts'
import { Compose, type Layout } from './compose.ts'
import { findCompose } from './compose-program.ts'
import { type DemoIssuer, demoIssuerAt } from './demo-issuer.ts'
import type { Deployment, Part } from './deployment.ts'
import { until } from './wait.ts'

/** What {@link startCompose} needs. */
export interface ComposeParts {
  readonly layout: Layout
  readonly apis: number
  readonly env: NodeJS.ProcessEnv
  /** Where the output of the commands goes. */
  readonly folder: string
  readonly cleanup: Cleanup
  readonly log: (line: string) => void
  /** Fires when it should not go on. */
  readonly stop: AbortSignal
}

/** What runs in containers. */
export interface Composed {
  readonly deployment: Deployment
  readonly brokerNote: string
  readonly issuer: DemoIssuer
  readonly keys: { readonly admin: string }
}

/** What docker-compose.yml tells every service. */
const DEMO = { iss: 'https://demo-issuer.example', audience: 'demo-api' }

const LISTENS_TIMEOUT_MS = 60_000
const ANSWER_TIMEOUT_MS = 5_000

/** Builds and starts docker-compose.yml as a project of this run alone, and notes that it is to be removed with all it keeps. */
export async function startCompose(parts: ComposeParts): Promise<Composed> {
  const { layout, apis, folder, cleanup, env, log, stop } = parts
  const program = await findCompose(env)
  const compose = new Compose({ program, project: `rescind-${randomBytes(4).toString('hex')}`, folder, layout, env })
  log(`compose ${program.version} on engine ${program.engine}, project ${compose.project}`)
  log('Building images and starting containers; the first time takes minutes …')
  stop.throwIfAborted()
  cleanup.add('publisher', async () => {
    // They are gone with the containers; the folder, with this in it, stays if the run failed.
    await compose.saveLogs().catch(() => {})
    await compose.down()
  })
  await compose.up(apis)
  const at = async (service: string, index: number) => `http://127.0.0.1:${await compose.port(service, index)}`
  const issuer = demoIssuerAt(await at(layout.issuer, 1), DEMO)
  const keys = { admin: await compose.adminKey() }
  const publisher: Part = { name: 'publisher', url: await at(layout.publisher, 1) }
  const replica = async (index: number): Promise<Part> => ({ name: `api-${index}`, url: await at(layout.api, index) })
  const replicas = await Promise.all(Array.from({ length: apis }, (_, index) => replica(index + 1)))
  await Promise.all(replicas.map((each) => listens(each, stop)))
  const processes = await namesOf(compose)
  const broken = new Promise<string>((resolve) => {
    compose.watch((name, exitCode) => resolve(`${name} ended with exit code ${exitCode}`))
  })
  const startReplica = async (): Promise<Part> => {
    await compose.scale(replicas.length + 1)
    const started = await replica(replicas.length + 1)
    await listens(started, stop)
    replicas.push(started)
    processes.push(started.name)
    return started
  }
  const brokerNote = `${layout.brokers.join(', ')} inside the containers' network`
  return { deployment: { processes, publisher, replicas, startReplica, broken }, brokerNote, issuer, keys }
}

/** Every container that runs, as people know it. */
async function namesOf(compose: Compose): Promise<string[]> {
  const running = (await compose.containers()).filter(({ state }) => state === 'running')
  return running.map(({ name, id }) => `${name} (${id.slice(0, 12)})`)
}

/** A container runs before what is in it listens. */
async function listens(part: Part, signal: AbortSignal): Promise<void> {
  await until(
    () => `${part.name} does not listen`,
    () => isServed(`${part.url}/livez`),
    {
      withinMs: LISTENS_TIMEOUT_MS,
      signal,
    },
  )
}

/**
 * True if it answers 200. Not by fetch(): the engine accepts for a container that does not listen yet and closes at once,
 * which the fetch() of Node 20 never notices, so that it never settles.
 */
function isServed(url: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 ? true : undefined)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
  })
}
