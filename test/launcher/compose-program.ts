import { REPOSITORY } from './run-folder.ts'
import { runProgram } from './run-program.ts'

/** What drives compose projects here: `docker compose`, or the older `docker-compose`; the commands are the same. */
export interface ComposeProgram {
  readonly program: string
  /** What stands before every command. */
  readonly args: readonly string[]
  /** Such as `2.30.1`. */
  readonly version: string
  /** Of the engine that it reaches. */
  readonly engine: string
}

/** Containers cannot be run here; the message says why and what to do. */
export class NoCompose extends Error {
  override readonly name = 'NoCompose'
}

/** `service_completed_successfully` came with it. */
const OLDEST = [1, 29] as const

/** A client that does not answer by then hangs, on an engine that does not answer. */
const PROBE_TIMEOUT_MS = 20_000

/** Finds what drives compose, and that an engine answers. Rejects with {@link NoCompose}. */
export async function findCompose(env: NodeJS.ProcessEnv): Promise<ComposeProgram> {
  const ask = async (program: string, ...args: string[]) => {
    const { output, failure } = await runProgram(program, args, { cwd: REPOSITORY, env, timeoutMs: PROBE_TIMEOUT_MS })
    return { said: output.trim(), failure }
  }
  const client = await ask('docker', '--version')
  if (client.failure) throw new NoCompose(`There is no docker on this machine: ${client.failure}\n\n${INSTALL}`)
  const engine = await ask('docker', 'version', '--format', '{{.Server.Version}}')
  if (engine.failure) throw new NoCompose(`docker reaches no engine: ${engine.failure}\n\n${START}`)
  for (const [program, ...args] of [['docker', 'compose'], ['docker-compose']] as const) {
    const { said, failure } = await ask(program, ...args, 'version', '--short')
    const version = /\d+\.\d+[.\d]*/.exec(said)?.[0]
    if (!failure && version && isNewEnough(version)) return { program, args, version, engine: engine.said }
  }
  throw new NoCompose(`There is neither \`docker compose\` nor docker-compose ${OLDEST.join('.')}.\n\n${INSTALL}`)
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

const INSTALL = `Any one of these gives you both:

  Docker Desktop   or OrbStack, Rancher Desktop and the like, which bring \`docker compose\`
  Debian, Ubuntu   sudo apt-get update && sudo apt-get install -y docker.io docker-compose
  by hand          Docker's own guide, under "Install Docker Engine" and "Install the Compose plugin"

Without containers: \`start\` alone runs the same walk-through on processes.`

const START = `Start it, and see that this user may use it:

  Docker Desktop   open it
  Linux            sudo systemctl start docker; sudo usermod -aG docker "$USER", then log in again
  elsewhere        export DOCKER_HOST=… names the engine to use`
