import { createHash, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Principal, Scope } from './principal.ts'

/** A static key as configuration holds it: hashed, so that whoever reads the configuration cannot use it. */
export interface StaticKey {
  /** Names the principal in facts and log lines; 1 to 256 characters, not beginning with `jwt:`. */
  readonly name: string
  /** `sha256:` and 64 hexadecimal digits. The key itself has 256 random bits, so no slower hash is needed. */
  readonly hash: string
  readonly scopes: readonly Scope[]
}

const PREFIX = 'rsk_'

/** The form in which a key is kept. */
export function hashKey(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** True if that has the form of a key. Whether anybody knows it is another question. */
export function isKey(text: string): boolean {
  return /^rsk_[A-Za-z0-9_-]{43}$/.test(text)
}

/** A new key of 256 random bits, and what configuration keeps of it. The key is shown once and stored nowhere. */
export function newKey(name: string, scopes: readonly Scope[]): { key: string; kept: StaticKey } {
  const key = PREFIX + randomBytes(32).toString('base64url')
  return { key, kept: { name, hash: hashKey(key), scopes } }
}

/** The configured keys. */
export class KeyRing {
  readonly #keys: readonly { readonly hash: Buffer; readonly principal: Principal }[]

  constructor(keys: readonly StaticKey[]) {
    this.#keys = keys.map(({ name, hash, scopes }) => ({
      hash: Buffer.from(hash.slice('sha256:'.length), 'hex'),
      principal: { id: `key:${name}`, name, signOn: 'key', scopes: new Set(scopes) },
    }))
  }

  /** True if no key is configured. Whether everyone may then do everything is for `SignOn` to say. */
  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  /** Who holds this key, of which nothing is trusted. Compares with every key in constant time, found or not. */
  find(presented: string): Principal | undefined {
    const presentedHash = hash('sha256', presented, 'buffer')
    let found: Principal | undefined
    for (const key of this.#keys) if (timingSafeEqual(key.hash, presentedHash)) found = key.principal
    return found
  }
}
