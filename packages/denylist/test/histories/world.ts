import {
  type ClaimValue,
  type Exceptions,
  encodeMatch,
  type Fact,
  type Lift,
  type Match,
  type Mode,
  type Reason,
  type Revocation,
  type VerifiedToken,
} from '@rescind/protocol'
import type { Digits } from './digits.ts'

/**
 * A world so small that everything collides: two issuers, six claim values, ten different seconds of twenty.
 */
export const ISSUERS = ['https://id.example', 'https://id.example/'] as const

/** Where time starts, on a whole second. */
export const START_MS = 1_767_225_600_000
const START = START_MS / 1_000

/** All values that a match may hold here: three look alike, one is a property of every object. */
export const VALUES: readonly ClaimValue[] = ['1', 1, true, 'a', 'b', '__proto__']

/** Matches to revoke: every kind of shape, `{}` and `{ kid }` among them. */
export const MATCHES: readonly Match[] = [
  { sub: 'a' },
  { sub: 'a', aud: 'b' },
  { sub: '1' },
  {},
  { aud: 'a' },
  { jti: 'a' },
  { kid: 'a' },
  { sub: 1 },
  { sid: 'b' },
  { aud: 'b' },
  { sub: true },
  { sub: 'b', aud: 'a' },
  { kid: 'b' },
  { sub: '__proto__' },
]

/** Where a history takes place: few matches, so that facts meet. */
export interface Setting {
  readonly matches: readonly Match[]
  readonly modes: readonly Mode[]
}

/** The key of a revocation or lift: facts on one meet. */
export function keyOf(fact: Revocation | Lift): string {
  return fact.mode + encodeMatch(fact.iss, fact.match)
}

const SECONDS = [0, 2, 4, 5, 6, 8, 10, 12, 15, 20]
const CUT_SECONDS = [4, 5, 6, 8]
const EXCEPTIONS: readonly (Exceptions | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { jti: ['a'] },
  { sid: ['b'] },
  { jti: ['b', 'a'], sid: ['b'] },
  { jti: ['a', 'b', 'a'] },
]
const REASONS: readonly Reason[] = ['logged_out', 'account_blocked', 'other']

/** A fact of the setting. A lift's expiry is not its own yet. */
export function pickFact(kind: Fact['kind'], digits: Digits, more: Digits, setting: Setting): Fact {
  const match = digits.of(setting.matches)
  const iss = digits.below(8) === 7 ? ISSUERS[1] : ISSUERS[0]
  const atMs = pickTime(digits)
  if (kind === 'issuer') {
    const maxExpiryMs = digits.of([5_000, 10_000])
    return { kind, iss, atMs, maxExpiryMs, maxSessionMs: 20_000, clockSkewMs: digits.of([0, 1]), leewayMs: 0 }
  }
  const mode = Object.hasOwn(match, 'kid') ? 'block' : digits.of(setting.modes)
  const common = { id: String(digits.below(4)), iss, match, mode, actor: 'history', atMs }
  if (kind === 'lift') return { kind, ...common, expiresAtMs: 0 }
  const except = more.of(EXCEPTIONS)
  return {
    kind,
    ...common,
    ...(mode === 'cutoff' ? { issuedBeforeMs: pickTime(more, CUT_SECONDS) } : {}),
    ...(except ? { except } : {}),
    reason: more.of(REASONS),
    expiresAtMs: pickTime(more),
  }
}

function pickTime(digits: Digits, seconds = SECONDS): number {
  return START_MS + digits.of(seconds) * 1_000 + digits.of([0, 400])
}

/** The least that R10 allows, and no earlier than an older lift's on its key: the rules never make a newer one end before. */
export function liftExpiry(lift: Lift, facts: readonly Fact[]): number {
  const lifted = facts.filter(
    (fact): fact is Revocation => fact.kind === 'revocation' && keyOf(fact) === keyOf(lift) && fact.atMs < lift.atMs,
  )
  return Math.max(lift.atMs + 2_000, ...lifted.map((fact) => fact.expiresAtMs))
}

const FILLER = Array.from({ length: 40 }, (_, index) => `filler ${index}`)
const SUBS = [undefined, ...VALUES, null, {}, 1.5, [], ['b', 'a'], ['b', null, 1, 'a', 'a'], 'a\ud800']
/** More than 32 elements, with the value that counts at either side of the bound; and what makes 72 combinations. */
const LARGE = [
  [...FILLER.slice(0, 32), 'a'],
  [...FILLER.slice(0, 31), 'a', 'b'],
  Array.from({ length: 33 }, () => 'b'),
  [...FILLER.slice(0, 8), 'a'],
]
const AUDS = [undefined, 'a', 'b', ['b', 'a'], FILLER.slice(0, 8), [...FILLER.slice(0, 7), 'b'], [...FILLER, 'a']]
const HEADERS = [undefined, {}, { kid: 'a' }, { kid: 'b' }, { kid: 'c' }, { kid: 7 }]

/** What a check asks. */
export interface Question {
  readonly token: VerifiedToken
  readonly issuer: string | undefined
  readonly unmanagedIssuers: ReadonlySet<string>
}

/** A question about a token that often carries what the history is about. */
export function pickQuestion(digits: Digits, more: Digits, setting: Setting): Question {
  const { kid, ...carried } = digits.of(setting.matches)
  const iat = pickIat(more)
  const payload: Record<string, unknown> = {
    iss: digits.of([ISSUERS[0], ISSUERS[0], ISSUERS[0], ISSUERS[0], ISSUERS[0], ISSUERS[1], undefined]),
    sub: digits.of([undefined, digits.of(SUBS), digits.of(SUBS), digits.of(LARGE)]),
    aud: digits.of(AUDS),
    jti: more.of([undefined, 'a', 'b', ['a']]),
    sid: more.of([undefined, 'b']),
    iat,
    exp: typeof iat === 'number' ? iat + more.of([5, 5, 5, 12]) : undefined,
    ...(more.below(3) === 0 ? {} : carried),
  }
  for (const name of Object.keys(payload)) if (payload[name] === undefined) delete payload[name]
  const protectedHeader = kid !== undefined && more.below(2) === 0 ? { kid } : more.of(HEADERS)
  return {
    token: { payload, ...(protectedHeader ? { protectedHeader } : {}) },
    issuer: more.of([undefined, ISSUERS[0]]),
    unmanagedIssuers: new Set(more.of([[], ISSUERS])),
  }
}

function pickIat(more: Digits): unknown {
  const second = START + more.of(CUT_SECONDS)
  const shape = more.below(10)
  if (shape === 0) return undefined
  if (shape === 1) return second + 0.4
  if (shape === 2) return second + 0.7
  if (shape === 3) return more.of(['soon', Number.NaN, Number.POSITIVE_INFINITY, null])
  return second
}
