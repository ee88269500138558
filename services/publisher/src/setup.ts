import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import {
  ADMIN_KEY,
  API_NKEY,
  KEYS,
  PUBLISHER_NKEY,
  SECRETS,
  type Secret,
  SNAPSHOT_KEY,
  USERS,
} from './deployment-secrets.ts'
import { modeMistake, readKept, removeLeftovers, writeUnlessKept } from './kept-file.ts'
import type { Scope } from './principal.ts'

/** What {@link setUp} found and did: one line for each file, never with a content. */
export interface SetUp {
  readonly lines: readonly string[]
  /** What is not as it must be, one line each with what to do. If there is any, nothing was written. */
  readonly mistakes: readonly string[]
}

const ROUTES = 'broker/routes.conf'
const FILES: readonly string[] = [...SECRETS.map(({ path }) => path), KEYS, USERS, ROUTES]
const FOLDERS: readonly string[] = [...new Set(FILES.map((path) => dirname(path)))]

const ADMIN_SCOPES: readonly Scope[] = ['revocations:write', 'revocations:read']
const API_SCOPES: readonly Scope[] = ['snapshot:read']

/**
 * Makes the secrets of a first deployment in a folder. What is there is kept, so that it can be run again, also after it
 * was cut short. The admin's key may be taken away, and is not made anew while the file that knows its holder stands.
 * Everything is looked at before anything is written.
 */
export async function setUp(folder: string, routes: readonly string[]): Promise<SetUp> {
  const lines: string[] = []
  for (const path of FILES) {
    for (const leftover of await removeLeftovers(join(folder, path))) {
      lines.push(`removed ${leftover}: a second copy, left by a run that was cut short`)
    }
  }
  const { mistakes, absent } = await look(folder)
  if (mistakes.length > 0) return { lines, mistakes }
  const told = new Map<Secret, string>()
  for (const secret of SECRETS) {
    const path = join(folder, secret.path)
    if (absent.has(secret)) {
      lines.push(`absent  ${path}: taken away, and not made anew while ${secret.toldIn} stands`)
      continue
    }
    const { content, isNew } = await writeUnlessKept(path, secret.make())
    lines.push(lineOf(path, isNew, secret.purpose))
    const mark = secret.told(content)
    if (mark === undefined) throw new Error(`${path}: was changed meanwhile; run --setup again`)
    told.set(secret, mark)
  }
  for (const { path, purpose, content } of derived(told, routes)) {
    const { isNew } = await writeUnlessKept(join(folder, path), content())
    lines.push(lineOf(join(folder, path), isNew, purpose))
  }
  return { lines, mistakes }
}

/** Compares every secret with what others know its holder by. */
async function look(folder: string): Promise<{ mistakes: readonly string[]; absent: ReadonlySet<Secret> }> {
  const modes = await Promise.all([...FOLDERS, ...FILES].map((path) => modeMistake(join(folder, path))))
  const mistakes = modes.filter((mistake) => mistake !== undefined)
  const absent = new Set<Secret>()
  const holders = new Map<string, Secret>()
  // Before the secrets: another run that is under way makes these last.
  const others = new Map([KEYS, USERS].map((path) => [path, readKept(join(folder, path))]))
  await Promise.all(others.values())
  for (const secret of SECRETS) {
    const { path, toldIn, holder } = secret
    const wrong = (what: string) => mistakes.push(`${join(folder, path)}: ${what}`)
    const known = await others.get(toldIn)
    const kept = await readKept(join(folder, path))
    const mark = kept === undefined ? undefined : secret.told(kept)
    const twin = holders.get(mark ?? '')
    if (kept === undefined) {
      if (known === undefined) continue
      absent.add(secret)
      if (secret.mayBeAbsent || secret.known(known) === undefined) continue
      wrong(`is gone, and ${toldIn} still knows ${holder}; put it back, or for new ones ${again(toldIn)}`)
    } else if (mark === undefined) wrong(`holds no such secret; ${again(path, toldIn)}`)
    else if (known !== undefined && secret.known(known) !== mark) {
      wrong(`is not what ${toldIn} knows ${holder} by; ${again(path, toldIn)}`)
    } else if (twin) wrong(`holds the secret of ${twin.path}; ${again(path, toldIn)}`)
    else holders.set(mark, secret)
  }
  return { mistakes, absent }
}

function again(...paths: readonly string[]): string {
  return `remove ${paths.join(' and ')}, and run --setup again`
}

function lineOf(path: string, isNew: boolean, purpose: string): string {
  return `${isNew ? 'wrote' : 'kept '}   ${path}: ${purpose}`
}

/** What is made of the secrets, and of nothing that is not there: where one was taken away, its file stands. */
function derived(told: ReadonlyMap<Secret, string>, routes: readonly string[]) {
  const of = (secret: Secret) => told.get(secret) ?? ''
  return [
    {
      path: KEYS,
      purpose: 'RESCIND_KEYS_FILE of the publishers; hashes only',
      content: () => {
        const admin = { name: 'admin', hash: of(ADMIN_KEY), scopes: ADMIN_SCOPES }
        return JSON.stringify([admin, { name: 'api', hash: of(SNAPSHOT_KEY), scopes: API_SCOPES }], null, 2)
      },
    },
    {
      path: USERS,
      purpose: 'public keys for the broker',
      content: () => `PUBLISHER_NKEY: ${of(PUBLISHER_NKEY)}\nAPI_NKEY: ${of(API_NKEY)}`,
    },
    { path: ROUTES, purpose: 'how the servers of a cluster know each other', content: () => routesFile(routes) },
  ]
}

function routesFile(routes: readonly string[]): string {
  const password = randomBytes(24).toString('hex')
  const urls = routes.map((route) => `  "nats-route://route:${password}@${route}"`)
  return ['ROUTE_USER: "route"', `ROUTE_PASSWORD: "${password}"`, 'ROUTES: [', ...urls, ']'].join('\n')
}
