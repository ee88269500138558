import type { Fact, IssuerPolicy, Lift, ParseContext, Revocation } from '@rescind/protocol'
import { expiresAtMs, type Issuer, liftExpiresAtMs, type Match, type Mode } from '@rescind/protocol'

export const ISS = 'https://id.example'

/** 2026-03-14T12:00:00.400Z, the T of the worked examples. */
export const T = Date.UTC(2026, 2, 14, 12, 0, 0, 400)

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** The issuer of the worked examples: tokens live an hour, sessions 30 days. */
export const POLICY: IssuerPolicy = {
  iss: ISS,
  maxExpiryMs: HOUR,
  maxSessionMs: 30 * DAY,
  clockSkewMs: 0,
  leewayMs: MINUTE,
}

export const ISSUER: Issuer = { kind: 'issuer', ...POLICY, atMs: T - DAY }

export const CONTEXT: ParseContext = { issuers: new Map([[ISS, POLICY]]), nowMs: T }

/** A revocation that keeps R13, recorded at `T` unless said otherwise. */
export function revocation(match: Match, mode: Mode, more: Partial<Revocation> = {}): Revocation {
  const atMs = more.atMs ?? T
  const issuedBeforeMs = mode === 'cutoff' ? { issuedBeforeMs: more.issuedBeforeMs ?? atMs } : {}
  return {
    kind: 'revocation',
    id: 'r1',
    iss: ISS,
    match,
    mode,
    reason: 'other',
    actor: 'key:admin',
    atMs,
    expiresAtMs: expiresAtMs({ match, mode, ...issuedBeforeMs }, atMs, POLICY),
    ...issuedBeforeMs,
    ...more,
  }
}

/** A lift that keeps R10. */
export function lift(match: Match, mode: Mode, atMs: number, more: Partial<Lift> = {}): Lift {
  const expiresAtMs = liftExpiresAtMs(mode, atMs, POLICY, undefined)
  return { kind: 'lift', id: 'l1', iss: ISS, match, mode, actor: 'key:admin', atMs, expiresAtMs, ...more }
}

/** A NumericDate on the day of the worked examples: `at('11:59:30.5')`. */
export function at(time: string): number {
  return Date.parse(`2026-03-14T${time.padEnd(8, ':00')}Z`) / SECOND
}

/** A verified token of the issuer that lives an hour from `iat`, with a header that names a key. */
export function token(claims: Record<string, unknown>, header: Record<string, unknown> = { alg: 'ES256', kid: 'k0' }) {
  const iat = typeof claims.iat === 'number' ? claims.iat : at('11:30')
  return { payload: { iss: ISS, iat, exp: iat + 3_600, ...claims }, protectedHeader: header }
}

export const FACTS: readonly Fact[] = [
  ISSUER,
  revocation({ sub: 'ann', tenant: 7, admin: true }, 'cutoff', {
    except: { sid: ['s1'], jti: ['j1', 2] },
    note: 'reported by phone',
    onBehalfOf: 'bob',
    reason: 'password_changed',
  }),
  revocation({ kid: 'k1' }, 'block', { id: 'r2', reason: 'key_compromised' }),
  lift({ sub: 'ann' }, 'block', T + SECOND, { note: 'cleared' }),
]
