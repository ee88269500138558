import type { Issuer, Lift, Revocation, VerifiedToken } from '@rescind/protocol'
import type { Denylist } from '../src/index.ts'

/** The issuer of the worked examples. */
export const ISS = 'https://id.example'

/** 2026-03-14T12:00:00.400Z, the T of the worked examples. */
export const T = Date.UTC(2026, 2, 14, 12, 0, 0, 400)

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** T in whole seconds, as claims have it. */
export const T_SECONDS = Math.floor(T / SECOND)

/** `{ sub: 'ann' }` cut off at its own `at`, for an hour and a minute; a mode of block takes the cut away. */
export function revocation(changes: Partial<Revocation> = {}): Revocation {
  const atMs = changes.atMs ?? T
  const mode = changes.mode ?? 'cutoff'
  return {
    kind: 'revocation',
    id: 'r',
    iss: ISS,
    match: { sub: 'ann' },
    mode,
    ...(mode === 'cutoff' ? { issuedBeforeMs: atMs } : {}),
    reason: 'other',
    actor: 'test',
    atMs,
    expiresAtMs: atMs + HOUR + MINUTE,
    ...changes,
  }
}

/** Lifts the cutoff of `{ sub: 'ann' }` a minute after T. */
export function lift(changes: Partial<Lift> = {}): Lift {
  const atMs = changes.atMs ?? T + MINUTE
  const terms = { iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' as const }
  return { kind: 'lift', id: 'l', ...terms, actor: 'test', atMs, expiresAtMs: atMs + 2 * HOUR, ...changes }
}

/** Tokens live an hour, sessions thirty days. */
export function issuer(changes: Partial<Issuer> = {}): Issuer {
  return {
    kind: 'issuer',
    iss: ISS,
    maxExpiryMs: HOUR,
    maxSessionMs: 30 * DAY,
    clockSkewMs: 0,
    leewayMs: MINUTE,
    atMs: T - DAY,
    ...changes,
  }
}

/** A token of ann's, an hour long, issued half an hour before T. */
export function token(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = { kid: 'k0' },
): VerifiedToken {
  const iat = 'iat' in claims ? claims.iat : T_SECONDS - 1_800
  const exp = typeof iat === 'number' ? iat + 3_600 : undefined
  return { payload: { iss: ISS, sub: 'ann', iat, exp, ...claims }, protectedHeader: header }
}

/** The whole image of an index. */
export function imageOf(denylist: Denylist): Uint8Array {
  return Buffer.concat([...denylist.image()])
}

/** Joins an image to the end. */
export function joinAll(denylist: Denylist, image: Uint8Array): boolean {
  return drain(denylist.join(image))
}

/** The digest under a key of the tests. */
export function digestOf(denylist: Denylist, asOfMs: number): string {
  return drain(denylist.digest(asOfMs, 'a fingerprint key'))
}

/** Drives a walk to its end. */
export function drain<T>(walk: Generator<void, T>): T {
  for (;;) {
    const { done, value } = walk.next()
    if (done) return value as T
  }
}
