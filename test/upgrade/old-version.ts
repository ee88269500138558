import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../launcher/run-program.ts'
import { wireFormatsIn } from './wire-formats.ts'

/** Which commit is the old version, and why that one. */
export interface OldVersion {
  readonly commit: string
  /** For people: `v1.2.3`, or `first that starts (0696c0f)`. */
  readonly label: string
}

/** An old version, installed in a folder of its own. */
export interface InstalledVersion extends OldVersion {
  readonly root: string
  /** Removes the folder; idempotent. */
  remove(): Promise<void>
}

/** What the first version that can be started whole brought with it. */
const FIRST_THAT_STARTS = 'test/launcher/main.ts'

/** Where the wire formats are stated. */
const SPEC = 'packages/protocol/SPEC.md'

const GIT_TIMEOUT_MS = 60_000
const INSTALL_TIMEOUT_MS = 300_000

/** Runs git in `repository`; rejects with what it said. */
type Git = (...args: readonly string[]) => Promise<string>

function gitIn(repository: string): Git {
  return async (...args) => {
    const ran = await runProgram('git', args, { cwd: repository, env: process.env, timeoutMs: GIT_TIMEOUT_MS })
    if (ran.failure) throw new Error(ran.failure)
    return ran.output.trim()
  }
}

/**
 * The version that `from` names; without it the newest tag `v*` that is not the present commit. Without any such tag
 * nothing was released, and formats may have changed: then it is the oldest commit that can be started and states the
 * present ones. Rejects with what to do if there is none, as in a clone without history.
 */
export async function findOldVersion(repository: string, from: string | undefined): Promise<OldVersion> {
  const git = gitIn(repository)
  if (from !== undefined) {
    const commit = await git('rev-parse', '--verify', `${from}^{commit}`)
    return { commit, label: `${from} (${commit.slice(0, 7)})` }
  }
  const present = await git('rev-parse', 'HEAD')
  for (const tag of (await git('tag', '--list', 'v*', '--sort=-v:refname')).split('\n').filter(Boolean)) {
    const commit = await git('rev-parse', '--verify', `${tag}^{commit}`)
    if (commit !== present) return { commit, label: tag }
  }
  const first = await firstThatStarts(git)
  const same = first && (await firstWithTheseFormats(git, repository, first))
  if (!same || same === present) {
    throw new Error(
      'there is no older version here that claims to read what this one writes: fetch tags and history ' +
        '(git fetch --unshallow), or give --from REF',
    )
  }
  const what = same === first ? 'first that starts' : "first with today's formats"
  return { commit: same, label: `${what} (${same.slice(0, 7)})` }
}

async function firstThatStarts(git: Git): Promise<string | undefined> {
  const brought = await git('log', '--diff-filter=A', '--reverse', '--format=%H', '--', FIRST_THAT_STARTS)
  return brought.split('\n')[0] || undefined
}

/** Going back from the present, the last that states the present formats; it can be started if `first` came before it. */
async function firstWithTheseFormats(git: Git, repository: string, first: string): Promise<string | undefined> {
  const formats = wireFormatsIn(await readFile(join(repository, SPEC), 'utf8'))
  if (wireFormatsIn(await git('show', `HEAD:${SPEC}`)) !== formats) return undefined
  let oldest: string | undefined
  for (const commit of (await git('rev-list', '--first-parent', `${first}..HEAD`, '--', SPEC))
    .split('\n')
    .filter(Boolean)) {
    if (wireFormatsIn(await git('show', `${commit}:${SPEC}`)) !== formats) return oldest
    oldest = commit
  }
  return wireFormatsIn(await git('show', `${first}:${SPEC}`)) === formats ? first : oldest
}

/** Takes a version out of git into a temporary folder and installs it there, with its own pnpm and its own lockfile. */
export async function installOldVersion(repository: string, version: OldVersion): Promise<InstalledVersion> {
  const root = await mkdtemp(join(tmpdir(), 'rescind-old-'))
  const remove = () => rm(root, { recursive: true, force: true })
  try {
    const archive = join(root, 'version.tar')
    await gitIn(repository)('archive', '--format=tar', `--output=${archive}`, version.commit)
    const here = { cwd: root, env: { ...process.env, CI: 'true' } }
    const unpack = await runProgram('tar', ['-xf', archive], { ...here, timeoutMs: GIT_TIMEOUT_MS })
    if (unpack.failure) throw new Error(unpack.failure)
    const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const pnpm = ['-y', String(packageManager), 'install', '--frozen-lockfile', '--prefer-offline']
    const install = await runProgram('npx', pnpm, { ...here, timeoutMs: INSTALL_TIMEOUT_MS })
    if (install.failure) throw new Error(`${install.failure}\n${install.output.split('\n').slice(-10).join('\n')}`)
    return { ...version, root, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
