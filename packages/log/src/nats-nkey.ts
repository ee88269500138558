import { nkeys } from '@nats-io/transport-node'
import { RescindError } from '@rescind/protocol'

/** The key pair of a NATS user. Whoever holds the seed is that user; the broker is told the public key alone. */
export interface UserNkey {
  /** `SU…`. Secret. */
  readonly seed: string
  /** `U…`. */
  readonly publicKey: string
}

/** A new key pair of a user, random. */
export function newUserNkey(): UserNkey {
  const pair = nkeys.createUser()
  return { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() }
}

/** The public key that belongs to a seed; `ERR_INVALID_OPTION`, without the text, if that is not the seed of a user. */
export function publicNkey(seed: string): string {
  const publicKey = read(seed)
  if (publicKey?.startsWith('U')) return publicKey
  throw new RescindError(
    'ERR_INVALID_OPTION',
    'not the seed of a NATS user: it begins with SU, and ends with a checksum',
  )
}

function read(seed: string): string | undefined {
  try {
    return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey()
  } catch {
    return undefined
  }
}
