import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { addressOf, type Broker, NoBroker, provideBroker } from './broker.ts'
import { Calls } from './calls.ts'
import { Checks } from './checks.ts'
import type { Cleanup } from './cleanup.ts'
import { CLUSTER, SINGLE } from './compose.ts'
import { NoCompose } from './compose-program.ts'
import { type DemoIssuer, startDemoIssuer } from './demo-issuer.ts'
import { type Deployment, makeDemoKeys } from './deployment.ts'
import type { LauncherOptions } from './options.ts'
import { pasteLines } from './paste-lines.ts'
import { holdsOutput, makeRunFolder } from './run-folder.ts'
import { startCompose } from './start-compose.ts'
import type { OneProcessParts } from './start-in-one-process.ts'
import { startProcesses } from './start-processes.ts'
import type { Terminal } from './terminal.ts'
import { walkThrough } from './walk-through.ts'

/** What {@link launch} works with. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly terminal: Terminal
  /** Everything that is started is noted here; the caller runs it at the end, however that came. */
  readonly cleanup: Cleanup
  /** Fires when somebody wants it to end. */
  readonly stop: AbortSignal
}

/** What runs. */
interface Running {
  readonly broker?: Broker
  /** What the broker is, for people. */
  readonly brokerNote: string
  readonly issuer: DemoIssuer
  readonly keys: { readonly admin: string }
  readonly deployment: Deployment
}

/**
 * Starts everything, walks through, and, unless asked for once, stays up until it is stopped. Returns the exit code. To be
 * stopped before the end is a failure only for who asked for the end.
 */
export async function launch(options: LauncherOptions, surroundings: Surroundings): Promise<number> {
  const { terminal, cleanup, stop } = surroundings
  const folder = await makeRunFolder()
  let failed = false
  // What the processes wrote is all there is to find out why; the next run tidies it up.
  cleanup.add('folder', async () => {
    if (!failed || !(await holdsOutput(folder))) await rm(folder, { recursive: true, force: true })
  })
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason), { once: true })
  })
  const checks = new Checks(terminal)
  try {
    const running = await Promise.race([start(options, surroundings, folder), stopped])
    const broken = running.deployment.broken.then((what) => Promise.reject(new Error(what)))
    failed = !(await Promise.race([show(running, checks, surroundings), broken, stopped]))
    if (failed) await tellWhereOutputIs(folder)
    if (!options.once) {
      invite(running, terminal)
      await Promise.race([broken, stopped])
    }
    return failed ? 1 : 0
  } catch (error) {
    if (stop.aborted) return stoppedWith(options, checks, terminal)
    failed = true
    process.stderr.write(`${terminal.red('✖')} ${error instanceof Error ? error.message : error}\n`)
    await tellWhereOutputIs(folder)
    return error instanceof NoBroker || error instanceof NoCompose ? 3 : 1
  }
}

/** The exit code of a run that somebody stopped. */
function stoppedWith({ once }: LauncherOptions, checks: Checks, { line, dim }: Terminal): number {
  line(dim('Stopping …'))
  if (checks.failed) return 1
  if (once) line('Stopped before the end: exit code 130.')
  return once ? 130 : 0
}

async function tellWhereOutputIs(folder: string): Promise<void> {
  if (!(await holdsOutput(folder))) return
  process.stderr.write(`The output of the processes is in ${relative(process.cwd(), folder)}\n`)
}

async function start(options: LauncherOptions, surroundings: Surroundings, folder: string): Promise<Running> {
  const { env, terminal, cleanup, stop } = surroundings
  const { line, bold, dim } = terminal
  line(bold('Rescind: one revocation, every replica'))
  const log = (text: string) => line(dim(text))
  if (options.compose) {
    log('Starting a broker, a publisher, a demo issuer and three APIs, each a container of its own …')
    return startCompose({ layout: options.cluster ? CLUSTER : SINGLE, apis: 3, env, folder, cleanup, log, stop })
  }
  log(options.memory ? MEMORY_NOTE : processNote(env))
  const broker = options.memory ? undefined : await provideBroker({ env, folder, cleanup, log })
  stop.throwIfAborted()
  const issuer = await startDemoIssuer('https://demo-issuer.example')
  cleanup.add('issuer', () => issuer.close())
  // What starts once everything is being stopped could still make the stream that was just deleted.
  stop.throwIfAborted()
  const keys = makeDemoKeys()
  const parts = { issuer, keys, cleanup, replicaNames: ['api-1', 'api-2', 'api-3'] }
  const deployment = broker === undefined ? await inMemory(parts) : await startProcesses({ ...parts, broker, folder })
  const brokerNote = broker ? `nats-server ${broker.version} at ${broker.address}` : 'none: memory log'
  return { ...(broker && { broker }), brokerNote, issuer, keys, deployment }
}

function processNote({ NATS_URL }: NodeJS.ProcessEnv): string {
  const services = 'a publisher and three APIs, each a process of its own …'
  return NATS_URL
    ? `Using the broker at ${addressOf(NATS_URL)}; starting ${services}`
    : `Starting a broker, ${services}`
}

/** Loaded only when asked for: it brings every service into this process. */
async function inMemory(parts: OneProcessParts): Promise<Deployment> {
  const { startInOneProcess } = await import('./start-in-one-process.ts')
  return startInOneProcess(parts)
}

const MEMORY_NOTE = 'IN MEMORY: one process, no broker. Nothing is durable, and no revocation crosses a network.'

/** Waits until all are ready, walks through, and ends with the line that names what ran. True if every check held. */
async function show(running: Running, checks: Checks, { terminal, stop }: Surroundings): Promise<boolean> {
  const { broker, brokerNote, issuer, keys, deployment } = running
  const { line, dim } = terminal
  const calls = new Calls(deployment.publisher, keys.admin, stop)
  await Promise.all([deployment.publisher, ...deployment.replicas].map((part) => calls.ready(part)))
  line()
  line(`   broker     ${brokerNote}`)
  if (broker?.stream !== undefined) line(`   stream     ${broker.stream} ${dim('of this run, deleted at the end')}`)
  line(`   issuer     ${issuer.iss} ${dim(issuer.jwksUrl)}`)
  for (const { name, url } of [deployment.publisher, ...deployment.replicas]) line(`   ${name.padEnd(10)} ${url}`)
  await walkThrough({ deployment, issuer, calls, checks, run: randomBytes(4).toString('hex'), signal: stop })
  const green = checks.conclude()
  line(deployment.processes.join(' · '))
  return green
}

function invite({ deployment, issuer, keys }: Running, { line, dim }: Terminal): void {
  line()
  line('Try it yourself. These lines work as they are, while this runs:')
  line()
  for (const text of pasteLines(deployment, issuer, keys)) line(text)
  line()
  line(dim('Ctrl-C stops everything.'))
}
