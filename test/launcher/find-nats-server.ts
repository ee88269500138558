import { access, chmod, constants, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { runProgram } from './run-program.ts'

/** What {@link findNatsServer} needs. */
export interface FindOptions {
  /** Usually `process.env`: `NATS_SERVER_BIN` and `PATH` are read. */
  readonly env: NodeJS.ProcessEnv
  /** Told in one line that something is being fetched. */
  readonly log?: (line: string) => void
}

const REPOSITORY = resolve(import.meta.dirname, '../..')
const FETCHED = join(REPOSITORY, '.rescind/nats-server/nats-server')

/** Where package managers put it when PATH does not say: Debian, by hand, Homebrew on macOS and on Linux. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin']

/** A slow mirror takes a minute for the 9 MB of lists; twice that, and it is better to say so. */
const UPDATE_TIMEOUT_MS = 120_000
const DOWNLOAD_TIMEOUT_MS = 60_000

/**
 * Finds a nats-server to run: `NATS_SERVER_BIN`, then PATH, then the usual folders, then one that was fetched before.
 * Else, on Debian and its kin, fetches the distribution's own package into `.rescind/`, without root and without
 * installing anything. Rejects with four copy-paste ways to get one.
 */
export async function findNatsServer(options: FindOptions): Promise<string> {
  const { env } = options
  const named = env.NATS_SERVER_BIN
  if (named) {
    if (await isExecutable(named)) return resolve(named)
    throw new Error(withWays(`NATS_SERVER_BIN names ${named}, which cannot be executed.`))
  }
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), ...USUAL_FOLDERS]
  for (const candidate of [...folders.map((folder) => join(folder, 'nats-server')), FETCHED]) {
    if (await isExecutable(candidate)) return candidate
  }
  const aptGet = await firstExecutable(folders, 'apt-get')
  const dpkgDeb = await firstExecutable(folders, 'dpkg-deb')
  if (!aptGet || !dpkgDeb) throw new Error(withWays('There is no nats-server on this machine.'))
  try {
    await fetchPackage({ aptGet, dpkgDeb, env, log: options.log ?? (() => {}) })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(withWays(`There is no nats-server on this machine, and fetching it failed: ${why}`), { cause })
  }
  return FETCHED
}

interface Tools {
  readonly aptGet: string
  readonly dpkgDeb: string
  readonly env: NodeJS.ProcessEnv
  readonly log: (line: string) => void
}

/** Works in a folder of this process's own and ends with one rename, so that two can do it at once. */
async function fetchPackage({ aptGet, dpkgDeb, env, log }: Tools): Promise<void> {
  log('No nats-server here: fetching the package of this Debian or Ubuntu into .rescind/ (no root, nothing installed)')
  const home = join(REPOSITORY, '.rescind')
  await mkdir(join(home, 'nats-server'), { recursive: true })
  await removeAbandoned(home)
  const work = join(home, `fetch-${process.pid}-${Math.random().toString(36).slice(2, 8)}`)
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'root']) {
      await mkdir(join(work, folder), { recursive: true })
    }
    const apt = { cwd: work, env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } }
    const settings = aptSettings(work)
    // A broken third-party source makes `update` fail although the lists we need have come: the download decides.
    const update = await runProgram(aptGet, [...settings, 'update'], { ...apt, timeoutMs: UPDATE_TIMEOUT_MS })
    const download = await runProgram(aptGet, [...settings, 'download', 'nats-server'], {
      ...apt,
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
    })
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'))
    if (!archive)
      throw new Error([update.failure, download.failure].filter(Boolean).join('; then ') || 'no package came')
    const unpack = await runProgram(dpkgDeb, ['-x', archive, 'root'], { ...apt, timeoutMs: DOWNLOAD_TIMEOUT_MS })
    if (unpack.failure) throw new Error(unpack.failure)
    const binary = join(work, 'root/usr/sbin/nats-server')
    await chmod(binary, 0o755)
    const probe = await runProgram(binary, ['--version'], { ...apt, timeoutMs: 10_000 })
    if (probe.failure) throw new Error(probe.failure)
    await rename(binary, FETCHED)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Private lists and cache; the user `_apt`, to whom root's apt-get drops, may not write into our folder. */
function aptSettings(work: string): string[] {
  const settings = [
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    'Dir::State::Status=/var/lib/dpkg/status',
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
    'APT::Update::Error-Mode=any',
    'Acquire::Languages=none',
    'Acquire::http::Timeout=15',
    'Acquire::https::Timeout=15',
    'Acquire::Retries=2',
  ]
  return ['-q', ...settings.flatMap((setting) => ['-o', setting])]
}

/** Removes work folders whose process is gone: Ctrl-C during a fetch leaves one. */
async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = /^fetch-(\d+)-/.exec(name)?.[1]
    if (pid && !isRunning(Number(pid))) await rm(join(home, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function firstExecutable(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of [...folders, '/usr/bin']) if (await isExecutable(join(folder, name))) return join(folder, name)
  return undefined
}

/** Four ways to get a broker, each a line to paste. */
export const WAYS = `  Debian, Ubuntu   sudo apt-get update && sudo apt-get install -y nats-server
  Homebrew         brew install nats-server
  Docker           docker run -d --name rescind-nats -p 127.0.0.1:4222:4222 nats:2 -js && export NATS_URL=nats://127.0.0.1:4222
  Go               go install github.com/nats-io/nats-server/v2@latest && export NATS_SERVER_BIN="$(go env GOPATH)/bin/nats-server"`

function withWays(what: string): string {
  return `${what}

Any one of these gives you one:

${WAYS}

NATS_URL is a broker that runs already (for \`start\`); NATS_SERVER_BIN is a binary that Rescind may run (for \`start\` and the tests).`
}
