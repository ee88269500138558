import { type Fact, limits, type Match, type Mode, REASONS } from '@rescind/protocol'
import fc from 'fast-check'

/** Text that is likely to be awkward: empty, long in bytes, made of separators, or what an encoding puts around it. */
const awkward = fc.constantFrom('', '42', 'true', '1:', 's1:a', 'i42;', ';', '\u0000', '\u{1F600}', 'é', 'e\u0301')

export const text = fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 20 }))

export const claimName = fc
  .oneof(fc.constantFrom('sub', 'jti', 'sid', 'constructor', 'toString', '1', '10', '9', 'a:b'), text)
  .filter((name) => name !== '' && name !== '__proto__' && name !== 'kid' && !/\p{Cc}/u.test(name))

export const claimValue = fc.oneof(text, fc.maxSafeInteger(), fc.integer({ min: -2, max: 42 }), fc.boolean())

export const match: fc.Arbitrary<Match> = fc.oneof(
  fc.dictionary(claimName, claimValue, { maxKeys: limits.MAX_MATCH_CLAIMS, noNullPrototype: true }),
  fc.record({ kid: text }, { noNullPrototype: true }),
)

const timeMs = fc.integer({ min: 0, max: limits.MAX_TIME_MS })
const id = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 64 })
const iss = text.filter((value) => value !== '')

const except = fc
  .record(
    { jti: fc.array(claimValue, { maxLength: 8 }), sid: fc.array(claimValue, { maxLength: 8 }) },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter(({ jti = [], sid = [] }) => jti.length + sid.length > 0)

function modeOf(wanted: Match): fc.Arbitrary<Mode> {
  return Object.hasOwn(wanted, 'kid') ? fc.constant('block') : fc.constantFrom('cutoff', 'block')
}

const common = { id, iss, actor: text, atMs: timeMs, expiresAtMs: timeMs }

const revocation = match.chain((wanted) =>
  modeOf(wanted).chain((mode) =>
    fc.record(
      {
        kind: fc.constant('revocation' as const),
        ...common,
        match: fc.constant(wanted),
        mode: fc.constant(mode),
        reason: fc.constantFrom(...REASONS),
        ...(mode === 'cutoff' ? { issuedBeforeMs: timeMs } : {}),
        except,
        note: text,
        onBehalfOf: text,
      },
      {
        requiredKeys: [
          'kind',
          ...(Object.keys(common) as (keyof typeof common)[]),
          'match',
          'mode',
          'reason',
          ...(mode === 'cutoff' ? ['issuedBeforeMs' as const] : []),
        ],
        noNullPrototype: true,
      },
    ),
  ),
)

const lift = match.chain((wanted) =>
  fc.record(
    { kind: fc.constant('lift' as const), ...common, match: fc.constant(wanted), mode: modeOf(wanted), note: text },
    { requiredKeys: ['kind', 'id', 'iss', 'actor', 'atMs', 'expiresAtMs', 'match', 'mode'], noNullPrototype: true },
  ),
)

const issuer = fc.record(
  {
    kind: fc.constant('issuer' as const),
    iss,
    maxExpiryMs: fc.integer({ min: 0, max: limits.MAX_LIFETIME_MS }),
    maxSessionMs: fc.integer({ min: 0, max: limits.MAX_LIFETIME_MS }),
    clockSkewMs: fc.integer({ min: 0, max: limits.MAX_CLOCK_SKEW_MS }),
    leewayMs: fc.integer({ min: 0, max: limits.MAX_LEEWAY_MS }),
    atMs: timeMs,
  },
  { noNullPrototype: true },
)

/** Any legal fact. */
export const fact = fc.oneof(revocation, lift, issuer) as fc.Arbitrary<Fact>

/** Anything that `JSON.parse` can give, `__proto__` as an own name included. */
export const json: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 3, depthSize: 'small', stringUnit: 'binary' })
