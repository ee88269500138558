import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Mistake, parseLift, parseRevocation, REASONS } from '@rescind/protocol'
import fc from 'fast-check'
import { ISS, ISSUERS } from '../harness.ts'
import { isMalformed } from './check-request.ts'
import { mistakesBy } from './document.ts'

const NOW_MS = Date.parse('2026-01-31T12:00:00Z')
const context = { issuers: new Map(ISSUERS.slice(0, 1).map((policy) => [policy.iss, policy])), nowMs: NOW_MS }

const someText = (...lengths: number[]) => fc.constantFrom(...lengths.map((length) => 'x'.repeat(length)))
const good = <T>(one: fc.Arbitrary<T>, ...bad: unknown[]) =>
  fc.oneof({ arbitrary: one, weight: 20 }, { arbitrary: fc.constantFrom(...bad), weight: 1 })

const claimValue = good(
  fc.oneof(
    someText(0, 1, 1_024),
    fc.boolean(),
    fc.constantFrom(0, -7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  ),
  'x'.repeat(1_025),
  1.5,
  2 ** 53,
  null,
  [],
  {},
)
const claimName = good(
  fc.constantFrom('sub', 'sid', 'client_id', 'äöü', 'x'.repeat(128)),
  '',
  'x'.repeat(129),
  'a\u0007b',
) as fc.Arbitrary<string>
const match = good(
  fc.oneof(
    fc.dictionary(claimName, claimValue, { minKeys: 1, maxKeys: 5 }),
    fc.record({ jti: claimValue }),
    fc.record({ kid: good(fc.constant('k1'), 7) }),
    fc.record({ kid: fc.constant('k1'), sub: claimValue }),
    fc.constant(Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`c${n}`, n]))),
    fc.constant({}),
  ),
  Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`c${n}`, n])),
  'sub',
  null,
  [],
)
const time = good(
  fc.constantFrom('2026-01-31T11:00:00Z', '2026-01-31T13:00:00.123456+02:00', '2026-01-31t11:00:00z'),
  NOW_MS,
  null,
)
const excepted = good(fc.array(claimValue, { maxLength: 8 }), 'j', Array(17).fill('j'))

const shared = {
  iss: good(fc.constant(ISS), 7),
  match,
  mode: good(fc.constantFrom('cutoff', 'block'), 'ban', 1),
  note: good(someText(0, 1_024), 'x'.repeat(1_025), 7),
  more: fc.constant(1),
}
const revocation = fc.record(
  {
    ...shared,
    reason: good(fc.constantFrom(...REASONS), 'whim', null),
    issuedBefore: time,
    tokenExp: good(fc.constantFrom(0, NOW_MS / 1000, NOW_MS / 1000 + 0.5), '0', NOW_MS * 1_000, -1),
    until: time,
    except: good(fc.record({ jti: excepted, sid: excepted }, { requiredKeys: [] }), { sub: [] }, []),
    onBehalfOf: good(someText(0, 256), 'x'.repeat(257), {}),
    confirm: good(fc.constant(ISS), 1),
  },
  { requiredKeys: [] },
)
const lift = fc.oneof(
  fc.record(shared, { requiredKeys: [] }),
  fc.record(
    {
      id: good(someText(1, 36, 64), '', 'x'.repeat(65), 7, null),
      all: good(fc.boolean(), 'true', null),
      note: shared.note,
      mode: shared.mode,
      more: shared.more,
    },
    { requiredKeys: [] },
  ),
)

/** Fields that most bodies have to leave out, if any is to be taken. */
const RARE = ['more', 'issuedBefore', 'tokenExp', 'until'] as const
const sparse = (bodies: fc.Arbitrary<object>) =>
  fc.tuple(bodies, fc.constantFrom(undefined, undefined, ...RARE)).map(([body, kept]) => {
    const isLeftOut = (name: string) => (RARE as readonly string[]).includes(name) && name !== kept
    return Object.fromEntries(Object.entries(body).filter(([name]) => !isLeftOut(name)))
  })

type Parse = (body: unknown) => { ok: true } | { ok: false; mistakes: readonly Mistake[] }

/** What the parser takes is valid; what it refuses for a reason that a schema can have is not. */
function agree(name: string, bodies: fc.Arbitrary<object>, parse: Parse): void {
  const judged = { taken: 0, refused: 0 }
  const property = fc.property(sparse(bodies), (body) => {
    const wrong = mistakesBy(`/components/schemas/${name}`, body)
    const parsed = parse(body)
    if (parsed.ok) {
      judged.taken++
      assert.deepEqual(wrong, [], 'the parser takes it')
    } else if (isMalformed(parsed.mistakes)) {
      judged.refused++
      assert.ok(wrong.length > 0, `the parser refuses it: ${JSON.stringify(parsed.mistakes)}`)
    }
  })
  fc.assert(property, { numRuns: 3_000 })
  assert.ok(judged.taken > 100 && judged.refused > 100, `bodies of both kinds: ${JSON.stringify(judged)}`)
}

test('the schema of a revocation and its parser agree on what is one', () => {
  agree('Revocation', revocation, (body) => parseRevocation(body, context))
})

test('the schema of a lift and its parser agree on what is one', () => {
  agree('Lift', lift, (body) => parseLift(body, context))
})
