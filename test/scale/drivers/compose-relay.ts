import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Compose } from '../../launcher/compose.ts'
import { REPOSITORY } from '../../launcher/run-folder.ts'
import { runProgram } from '../../launcher/run-program.ts'
import { HttpClient } from '../load/http-client.ts'
import type { RelayMode, RelaySaid } from '../relay/relay.ts'

const NATS_PORT = 4222
const CONTROL_PORT = 8084
const API_PORT = 8081
const COMMAND_TIMEOUT_MS = 60_000
const LISTENS_TIMEOUT_MS = 60_000

/**
 * A relay beside the containers of a project, and one more API that reaches the broker through it alone. They bear the
 * project's labels, so that whatever takes the project down takes them, too.
 */
export class ComposeRelay {
  readonly #compose: Compose
  readonly #folder: string
  /** Parts that run, in the order in which they were started. */
  readonly #names: string[] = []
  #control = ''

  /** @param folder for the relay's program, which is mounted from there */
  constructor(compose: Compose, folder: string) {
    this.#compose = compose
    this.#folder = join(folder, 'relay')
  }

  /** Starts both; resolves with where the API will listen. */
  async start(api: string): Promise<string> {
    await this.#compile()
    const { layout, project } = this.#compose
    const publisher = await this.#compose.container(layout.publisher)
    const sibling = await this.#compose.container(layout.api)
    // The broker is on the first; what else an API asks, its issuer, on the second.
    const [log, others] = [`${project}_log`, `${project}_default`]
    await this.#run('relay', log, CONTROL_PORT, [
      ...['--network-alias', 'relay', '--volume', `${this.#folder}:/relay:ro`, '--no-healthcheck'],
      ...variables({
        RELAY_TO: `${layout.brokers[0]}:${NATS_PORT}`,
        RELAY_HOST: '0.0.0.0',
        RELAY_PORT: String(NATS_PORT),
        RELAY_CONTROL_PORT: String(CONTROL_PORT),
      }),
      ...['--entrypoint', 'node', publisher.image, '/relay/main.js'],
    ])
    this.#control = await this.#addressOf('relay', CONTROL_PORT)
    await this.#listens()
    const env = JSON.parse(await docker('inspect', '--format', '{{json .Config.Env}}', sibling.id)) as string[]
    const own = Object.fromEntries(
      env
        .filter((line) => /^(RESCIND|NATS)_/.test(line))
        .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    )
    await this.#run(api, log, API_PORT, [
      ...['--volume', `${project}_api-secrets:/secrets/api:ro`],
      ...variables({ ...own, NATS_URL: `nats://relay:${NATS_PORT}` }),
      sibling.image,
    ])
    await docker('network', 'connect', others, this.#nameOf(api))
    this.#names.push('relay', api)
    return this.#addressOf(api, API_PORT)
  }

  /** Changes what the relay does. */
  async set(mode: RelayMode): Promise<RelaySaid> {
    const answer = await fetch(`${this.#control}/${mode}`, { method: 'POST', signal: AbortSignal.timeout(5_000) })
    if (!answer.ok) throw new Error(`the relay answers ${answer.status} to ${mode}`)
    return (await answer.json()) as RelaySaid
  }

  /** Stops both in order, the API first. */
  async stop(): Promise<void> {
    for (const name of this.#names.splice(0).reverse()) {
      await docker('stop', this.#nameOf(name))
      await docker('rm', this.#nameOf(name))
    }
  }

  #nameOf(part: string): string {
    return `${this.#compose.project}-${part}`
  }

  async #run(part: string, network: string, port: number, rest: readonly string[]): Promise<void> {
    const { project } = this.#compose
    const labels = { project, service: part, oneoff: 'False', 'container-number': '1' }
    await docker(
      ...['run', '--detach', '--init', '--name', this.#nameOf(part), '--network', network],
      ...Object.entries(labels).flatMap(([name, value]) => ['--label', `com.docker.compose.${name}=${value}`]),
      ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'],
      ...['--publish', `127.0.0.1::${port}`],
      ...rest,
    )
  }

  /** Where the engine publishes a port of it. */
  async #addressOf(part: string, port: number): Promise<string> {
    const [first = ''] = (await docker('port', this.#nameOf(part), `${port}/tcp`)).split('\n')
    return `http://127.0.0.1:${first.split(':').at(-1)}`
  }

  async #listens(): Promise<void> {
    const deadlineMs = performance.now() + LISTENS_TIMEOUT_MS
    const client = new HttpClient(this.#control, 2_000)
    while ((await client.get('/')).status !== 200) {
      if (performance.now() > deadlineMs) throw new Error('the relay does not listen')
      await pause(100)
    }
    client.close()
  }

  /** Images hold what they need to run, and nothing that runs TypeScript. */
  async #compile(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeFile(join(this.#folder, 'package.json'), '{"type":"module"}\n')
    const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
    const how = ['--target', 'es2022', '--module', 'nodenext', '--rewriteRelativeImportExtensions', '--types', 'node']
    const files = ['--outDir', this.#folder, 'test/scale/relay/main.ts']
    await run(tsc, ...how, '--strict', '--skipLibCheck', ...files)
  }
}

function variables(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
}

function docker(...args: string[]): Promise<string> {
  return run('docker', ...args)
}

async function run(program: string, ...args: string[]): Promise<string> {
  const options = { cwd: REPOSITORY, env: process.env, timeoutMs: COMMAND_TIMEOUT_MS }
  const { output, failure } = await runProgram(program, args, options)
  if (failure) throw new Error(failure)
  return output.trim()
}
