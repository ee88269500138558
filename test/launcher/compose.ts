import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Container, readContainers } from './compose-containers.ts'
import type { ComposeProgram } from './compose-program.ts'
import { REPOSITORY } from './run-folder.ts'
import { runProgram } from './run-program.ts'

/** What stands where in docker-compose.yml: on one server, or under the profile `cluster` on three. */
export interface Layout {
  readonly api: string
  readonly publisher: string
  readonly issuer: string
  readonly brokers: readonly string[]
  readonly profile?: string
}

/** One broker, one publisher. */
export const SINGLE: Layout = { api: 'api', publisher: 'publisher', issuer: 'issuer', brokers: ['nats'] }

/** The profile `cluster`. */
export const CLUSTER: Layout = {
  api: 'api-cluster',
  publisher: 'publisher-cluster',
  issuer: 'issuer',
  brokers: ['nats-1', 'nats-2', 'nats-3'],
  profile: 'cluster',
}

/** Options of {@link Compose}. */
export interface ComposeOptions {
  readonly program: ComposeProgram
  /** Name of the project: lower case, digits and hyphens. Two projects share nothing but the images. */
  readonly project: string
  /** Where what the commands print goes, as `compose.log`. */
  readonly folder: string
  /** Default {@link SINGLE}. */
  readonly layout?: Layout
  /** Usually `process.env`; `COMPOSE_FILE` in it, or an override file beside docker-compose.yml, is heeded. */
  readonly env: NodeJS.ProcessEnv
}

/** Set but empty, they let the engine choose. */
const FREE_PORTS = { RESCIND_PUBLISHER_PORT: '', RESCIND_CLUSTER_PUBLISHER_PORT: '', RESCIND_ISSUER_PORT: '' }

/** A first build fetches two images and every dependency. */
const UP_TIMEOUT_MS = 20 * 60_000
/** Everything stops within the grace periods of docker-compose.yml. */
const DOWN_TIMEOUT_MS = 3 * 60_000
const COMMAND_TIMEOUT_MS = 60_000
const END_TIMEOUT_MS = 30_000
const KEPT_LINES = 25
/** Ends the command that is under way, which would go on to start containers, and takes everything down. */
const GUARD = `
while read -r line; do pid=$line; done
kill "$pid" 2> /dev/null && while kill -0 "$pid" 2> /dev/null; do sleep 1; done
exec "$0" "$@" > /dev/null 2>&1`
const DOWN: readonly string[] = ['down', '--volumes', '--remove-orphans']

/**
 * One project of docker-compose.yml, from outside. Indexes are those of the containers of one service, from 1. What is
 * killed stays so until it is started again, whatever its restart policy. Host ports change with every start.
 */
export class Compose {
  readonly project: string
  readonly layout: Layout
  readonly #program: ComposeProgram
  readonly #env: NodeJS.ProcessEnv
  readonly #log: string
  readonly #underWay = new Set<ChildProcess>()
  #guard: ChildProcess | undefined
  #isGoingDown = false

  constructor({ program, project, folder, layout = SINGLE, env }: ComposeOptions) {
    this.#program = program
    this.project = project
    this.layout = layout
    this.#log = join(folder, 'compose.log')
    // Free ports, so that several may run at once. Another checkout's images must not take the place of ours.
    const tag = `checkout-${createHash('sha256').update(REPOSITORY).digest('hex').slice(0, 8)}`
    this.#env = { RESCIND_TAG: tag, ...env, ...FREE_PORTS }
  }

  /**
   * Builds what has changed and starts everything; resolves once all but the APIs are healthy, and those run. From then
   * on it is taken down also if this process ends without {@link down}, even by SIGKILL.
   */
  up(apis: number): Promise<void> {
    const { api, publisher, issuer } = this.layout
    this.#guard ??= this.#downWhenWeAreGone()
    return this.#compose(['up', '-d', '--build', '--scale', `${api}=${apis}`, publisher, issuer, api], UP_TIMEOUT_MS)
  }

  /** Starts or removes APIs until there are `apis` of them; the others stay as they are. Resolves once they run. */
  scale(apis: number): Promise<void> {
    const { api } = this.layout
    const others = ['--no-build', '--no-recreate', '--no-deps']
    return this.#compose(['up', '-d', ...others, '--scale', `${api}=${apis}`, api], DOWN_TIMEOUT_MS)
  }

  /** Every container of the project, or of one service, by service and index; those that have ended, too. */
  async containers(service?: string): Promise<Container[]> {
    const filters = [`label=com.docker.compose.project=${this.project}`, 'label=com.docker.compose.oneoff=False']
    const ids = await this.#docker('ps', '-aq', '--no-trunc', ...filters.flatMap((filter) => ['--filter', filter]))
    if (ids === '') return []
    const all = readContainers(await this.#docker('inspect', ...ids.split('\n')))
    return service === undefined ? all : all.filter((container) => container.service === service)
  }

  /** One container. Rejects if there is none. */
  async container(service: string, index = 1): Promise<Container> {
    const found = (await this.containers(service)).find((container) => container.index === index)
    if (found === undefined) throw new Error(`${this.project} has no container ${index} of ${service}`)
    return found
  }

  /** The host port on 127.0.0.1 of the one port that a service publishes. Rejects while it does not run. */
  async port(service: string, index = 1): Promise<number> {
    const { port, state } = await this.container(service, index)
    if (port === undefined) throw new Error(`${service} ${index} of ${this.project} is ${state}: it has no port`)
    return port
  }

  /** Sends a signal; SIGKILL is at once and for good, until {@link start}. */
  async kill(service: string, index = 1, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#docker('kill', '--signal', signal, (await this.container(service, index)).id)
  }

  /** Starts a container that has ended. */
  async start(service: string, index = 1): Promise<void> {
    await this.#docker('start', (await this.container(service, index)).id)
  }

  /** Freezes every process in a container. */
  async pause(service: string, index = 1): Promise<void> {
    await this.#docker('pause', (await this.container(service, index)).id)
  }

  /** Takes {@link pause} back. */
  async unpause(service: string, index = 1): Promise<void> {
    await this.#docker('unpause', (await this.container(service, index)).id)
  }

  /** Stops every container of a service in order, and starts them again. */
  restart(service: string): Promise<void> {
    return this.#compose(['restart', service], DOWN_TIMEOUT_MS)
  }

  /** Runs a program in a container and resolves with what it printed. Rejects if it fails. */
  async exec(service: string, index: number, command: readonly string[]): Promise<string> {
    return this.#docker('exec', (await this.container(service, index)).id, ...command)
  }

  /** The admin's key, from the one volume that no running service mounts. Secret. */
  async adminKey(): Promise<string> {
    const { image } = await this.container('setup')
    const volume = `${this.project}_admin-secrets:/secrets/admin:ro`
    const cat = ['--network', 'none', '--volume', volume, '--entrypoint', 'cat', image, '/secrets/admin/admin.key']
    return this.#docker('run', '--rm', ...cat)
  }

  /** The last lines that a service has logged, on standard output and standard error. */
  async logs(service: string, index = 1): Promise<string> {
    const { id } = await this.container(service, index)
    return this.#run('sh', '-c', `exec docker logs --tail ${KEPT_LINES} "$0" 2>&1`, id)
  }

  /** Writes all that the services have logged to where the output of the commands goes. */
  saveLogs(): Promise<void> {
    return this.#compose(['logs', '--no-color'], COMMAND_TIMEOUT_MS)
  }

  /** Calls `tell` with every container that ends from now on, until the project is taken down. */
  watch(tell: (name: string, exitCode: number) => void): void {
    const filters = ['--filter', `label=com.docker.compose.project=${this.project}`, '--filter', 'event=die']
    const args = ['events', ...filters, '--format', '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}']
    const events = spawn('docker', args, { env: this.#env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    this.#underWay.add(events)
    void endOf(events).then(() => this.#underWay.delete(events))
    createInterface(events.stdout).on('line', (line) => {
      const [name = '', exitCode] = line.split(' ')
      if (!this.#isGoingDown) tell(name, Number(exitCode))
    })
  }

  /** Stops all of it in order and removes it with its volumes; what is under way is ended first. Images stay. */
  async down(): Promise<void> {
    this.#isGoingDown = true
    await Promise.all([...this.#underWay].map(ended))
    await this.#compose(DOWN, DOWN_TIMEOUT_MS)
    this.#guard?.kill('SIGKILL')
  }

  /** A shell that reads from a pipe from us which command is under way; it closes however we end. */
  #downWhenWeAreGone(): ChildProcess {
    const guard = spawn('sh', ['-c', GUARD, ...this.#commandLine(DOWN)], {
      cwd: REPOSITORY,
      env: this.#env,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    // Whoever ends it first, it must not end us.
    guard.stdin.on('error', () => {})
    guard.unref()
    return guard
  }

  #docker(...args: string[]): Promise<string> {
    return this.#run('docker', ...args)
  }

  async #run(program: string, ...args: string[]): Promise<string> {
    const options = { cwd: REPOSITORY, env: this.#env, timeoutMs: COMMAND_TIMEOUT_MS }
    const { output, failure } = await runProgram(program, args, options)
    if (failure) throw new Error(failure)
    return output.trim()
  }

  #commandLine(args: readonly string[]): string[] {
    const { program, args: before } = this.#program
    const profile = this.layout.profile === undefined ? [] : ['--profile', this.layout.profile]
    return [program, ...before, '-p', this.project, ...profile, ...args]
  }

  /** Rejects with the last lines of what it printed. */
  async #compose(args: readonly string[], timeoutMs: number): Promise<void> {
    if (this.#isGoingDown && args !== DOWN) throw new Error(`${this.project} is being taken down`)
    const [program = '', ...all] = this.#commandLine(args)
    const output = openSync(this.#log, 'a')
    // A process group of its own: Ctrl-C reaches us alone, and we take everything down in order.
    const child = spawn(program, all, {
      cwd: REPOSITORY,
      env: this.#env,
      stdio: ['ignore', output, output],
      detached: true,
      timeout: timeoutMs,
    })
    closeSync(output)
    this.#underWay.add(child)
    this.#guard?.stdin?.write(`${child.pid ?? ''}\n`)
    const how = await endOf(child)
    this.#guard?.stdin?.write('\n')
    this.#underWay.delete(child)
    if (how === undefined) return
    const lines = (await readFile(this.#log, 'utf8')).trimEnd().split('\n').slice(-KEPT_LINES)
    throw new Error([`${program} ${all.join(' ')} ended ${how}:`, ...lines].join('\n  '))
  }
}

/** Undefined if it ended well. */
function endOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`before it began: ${error.message}`))
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : signal ? `by ${signal}` : `with ${code}`))
  })
}

/** SIGTERM, and SIGKILL if that takes longer than {@link END_TIMEOUT_MS}. */
async function ended(child: ChildProcess): Promise<void> {
  const end = endOf(child)
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
  await end
  clearTimeout(timer)
}
