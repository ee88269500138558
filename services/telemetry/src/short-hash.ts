import { createHmac, randomBytes } from 'node:crypto'

/** Stands in a log line for a token or a claim's value: the same in all lines of one key, and nothing else can be told by it. */
export type ShortHash = (value: unknown) => string

/**
 * Makes a keyed hash (HMAC-SHA-256, 48 bits of it): enough to tell whether two lines speak of one subject, not enough to
 * look the subject up by trying names without the key.
 *
 * @param key default: random, so that lines of one process can be compared and those of two cannot.
 */
export function shortHash(key: string | Uint8Array = randomBytes(32)): ShortHash {
  return (value) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
    return `#${createHmac('sha256', key).update(text).digest('hex').slice(0, 12)}`
  }
}
