import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { newUserNkey, publicNkey } from '@rescind/log/operator'
import { readKept, writeUnlessKept } from './kept-file.ts'
import { hashKey, newKey } from './keys.ts'
import type { Scope } from './principal.ts'

/** What {@link setUp} found and did: one line for each file, never with a content. */
export interface SetUp {
  readonly lines: readonly string[]
  /** Files that contradict each other, one line each with what to do. If there are any, nothing more was written. */
  readonly mistakes: readonly string[]
}

/** A secret, and the file in which others are told what to know its holder by. */
interface Secret {
  readonly path: string
  readonly toldIn: string
  readonly purpose: string
  make(): string
  /** What others are told: a hash, a public key. Throws if that is no such secret. */
  told(content: string): string
}

const KEYS = 'publisher/keys.json'
const USERS = 'broker/users.conf'
const ROUTES = 'broker/routes.conf'

const ADMIN_SCOPES: readonly Scope[] = ['revocations:write', 'revocations:read']
const API_SCOPES: readonly Scope[] = ['snapshot:read']

const bearerKey = (path: string, purpose: string): Secret => ({
  path,
  toldIn: KEYS,
  purpose,
  make: () => newKey('', []).key,
  told: hashKey,
})

const nkey = (path: string, purpose: string): Secret => ({
  path,
  toldIn: USERS,
  purpose,
  make: () => newUserNkey().seed,
  told: publicNkey,
})

const ADMIN_KEY = bearerKey('admin/admin.key', 'key of whoever revokes: give it to them, and take it away from here')
const SNAPSHOT_KEY = bearerKey('api/snapshot.key', 'RESCIND_SNAPSHOT_TOKEN_FILE of every API')
const PUBLISHER_NKEY = nkey('publisher/nats.nk', 'NATS_NKEY_FILE of the publishers')
const API_NKEY = nkey('api/nats.nk', 'NATS_NKEY_FILE of the API named "api"')
const SECRETS: readonly Secret[] = [ADMIN_KEY, SNAPSHOT_KEY, PUBLISHER_NKEY, API_NKEY]

/**
 * Makes the secrets of a first deployment in a folder. What is there is kept, so that it can be run again, also after it
 * was cut short; a secret that was taken away is not made anew while the file that knows its holder stands.
 */
export async function setUp(folder: string, routes: readonly string[]): Promise<SetUp> {
  const lines: string[] = []
  const mistakes: string[] = []
  const told = new Map<Secret, string>()
  for (const secret of SECRETS) {
    const { path, toldIn } = secret
    const others = await readKept(join(folder, toldIn))
    const kept = await readKept(join(folder, path))
    if (kept === undefined && others !== undefined) {
      lines.push(`absent  ${join(folder, path)}: taken away; ${toldIn} knows its holder`)
      continue
    }
    const file = await writeUnlessKept(join(folder, path), kept ?? secret.make())
    lines.push(lineOf(join(folder, path), file.isNew, secret.purpose))
    const mark = toldOf(secret, file.content)
    if (mark === undefined) mistakes.push(`${join(folder, path)}: holds no such secret; ${mend(secret)}`)
    else if (others?.includes(mark) === false) {
      mistakes.push(`${join(folder, path)}: is not known to ${toldIn}; ${mend(secret)}`)
    } else told.set(secret, mark)
  }
  if (mistakes.length > 0) return { lines, mistakes }
  for (const { path, purpose, content } of derived(told, routes)) {
    const { isNew } = await writeUnlessKept(join(folder, path), content())
    lines.push(lineOf(join(folder, path), isNew, purpose))
  }
  return { lines, mistakes }
}

function lineOf(path: string, isNew: boolean, purpose: string): string {
  return `${isNew ? 'wrote' : 'kept '}   ${path}: ${purpose}`
}

function toldOf(secret: Secret, content: string): string | undefined {
  try {
    return content === '' ? undefined : secret.told(content)
  } catch {
    return undefined
  }
}

function mend({ path, toldIn }: Secret): string {
  return `remove ${path} and ${toldIn}, and run --setup again`
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
