import { newUserNkey, publicNkey } from '@rescind/log/operator'
import { hashKey, isKey, newKey } from './keys.ts'

/** The file of `RESCIND_KEYS_FILE`: what the publishers know the holders of keys by. */
export const KEYS = 'publisher/keys.json'

/** What the broker knows its users by. */
export const USERS = 'broker/users.conf'

/** A secret of a first deployment, and the file in which others are told what to know its holder by. */
export interface Secret {
  readonly path: string
  readonly toldIn: string
  /** What `toldIn` calls its holder. */
  readonly holder: string
  readonly purpose: string
  /** Whoever holds it may take it away from here. */
  readonly mayBeAbsent: boolean
  make(): string
  /** What others are told: a hash, a public key. Undefined if that is no such secret. */
  told(content: string): string | undefined
  /** What the content of `toldIn` knows its holder by; undefined if it does not. */
  known(others: string): string | undefined
}

type Place = Pick<Secret, 'path' | 'holder' | 'purpose'> & { readonly mayBeAbsent?: true }

const bearerKey = (place: Place): Secret => ({
  mayBeAbsent: false,
  ...place,
  toldIn: KEYS,
  make: () => newKey('', []).key,
  told: (content) => (isKey(content) ? hashKey(content) : undefined),
  known: (others) => hashIn(others, place.holder),
})

const nkey = (place: Place): Secret => ({
  mayBeAbsent: false,
  ...place,
  toldIn: USERS,
  make: () => newUserNkey().seed,
  told: publicKeyOf,
  // As the broker reads it: `:`, `=` or a space, quotes or none, and the last one counts.
  known: (others) =>
    [...others.matchAll(/^[ \t]*(\w+)[ \t:=]+["']?(\w+)/gm)].findLast(([, name]) => name === place.holder)?.[2],
})

/** Whoever revokes. */
export const ADMIN_KEY = bearerKey({
  path: 'admin/admin.key',
  holder: 'admin',
  purpose: 'key of whoever revokes: give it to them, and take it away from here',
  mayBeAbsent: true,
})

/** Every API, asking the publisher for snapshots. */
export const SNAPSHOT_KEY = bearerKey({
  path: 'api/snapshot.key',
  holder: 'api',
  purpose: 'RESCIND_SNAPSHOT_TOKEN_FILE of every API',
})

/** The publishers, as a user of the broker. */
export const PUBLISHER_NKEY = nkey({
  path: 'publisher/nats.nk',
  holder: 'PUBLISHER_NKEY',
  purpose: 'NATS_NKEY_FILE of the publishers',
})

/** The APIs, as a user of the broker. */
export const API_NKEY = nkey({
  path: 'api/nats.nk',
  holder: 'API_NKEY',
  purpose: 'NATS_NKEY_FILE of the API named "api"',
})

/** All of them, in the order in which they are made. */
export const SECRETS: readonly Secret[] = [ADMIN_KEY, SNAPSHOT_KEY, PUBLISHER_NKEY, API_NKEY]

function hashIn(keys: string, name: string): string | undefined {
  try {
    const hash = (JSON.parse(keys) as { name: unknown; hash: unknown }[]).find((key) => key.name === name)?.hash
    return typeof hash === 'string' ? hash : undefined
  } catch {
    return undefined
  }
}

function publicKeyOf(seed: string): string | undefined {
  try {
    return publicNkey(seed)
  } catch {
    return undefined
  }
}
