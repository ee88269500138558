import { isPlainObject } from '@rescind/protocol'

/** The two readable parts of a token. Nobody has verified them: its signature is not looked at. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Reads a signed JWT in its compact form (RFC 7519), with or without `Bearer` before it; undefined for anything else. */
export function readToken(text: string): UnverifiedToken | undefined {
  const parts = text
    .trim()
    .replace(/^Bearer +/i, '')
    .split('.')
  if (parts.length !== 3) return undefined
  const [header, payload] = parts.slice(0, 2).map(objectIn)
  return header && payload ? { header, payload } : undefined
}

function objectIn(part: string): Record<string, unknown> | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isPlainObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
