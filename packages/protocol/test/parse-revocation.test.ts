import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONFIRMATION_REQUIRED, limits, parseRevocation, type RevocationDraft } from '@rescind/protocol'
import { CONTEXT, DAY, HOUR, ISS, MINUTE, POLICY, SECOND, T } from './samples.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const SUB = { sub: 'ann' }

/** `pointer code` of every mistake, in the order in which they are told. */
function refusals(body: unknown, context = CONTEXT): string[] {
  const parsed = parseRevocation(body, context)
  return parsed.ok ? [] : parsed.mistakes.map(({ pointer, code }) => `${pointer} ${code}`)
}

function draft(body: unknown, context = CONTEXT): RevocationDraft {
  const parsed = parseRevocation(body, context)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}

describe('parsing a revocation: what is accepted', () => {
  it("R3: a match alone becomes a cutoff at the publisher's now, for the reason other", () => {
    assert.deepEqual(draft({ match: SUB }), {
      policy: POLICY,
      match: SUB,
      mode: 'cutoff',
      reason: 'other',
      issuedBeforeMs: T,
    })
  })

  it('R3: the default mode follows from match and reason, and a named mode stands', () => {
    assert.equal(draft({ match: { jti: 'j' } }).mode, 'block')
    assert.equal(draft({ match: { kid: 'k' } }).mode, 'block')
    assert.equal(draft({ match: SUB, reason: 'account_deleted' }).mode, 'block')
    assert.equal(draft({ match: SUB, reason: 'account_deleted', mode: 'cutoff' }).mode, 'cutoff')
    assert.equal(draft({ match: { sid: 's' }, mode: 'cutoff' }).mode, 'cutoff')
    assert.equal(draft({ match: SUB, mode: 'block' }).mode, 'block')
  })

  it('R4: the default cutoff reaches ahead by the clock skew of the issuer; a block has none', () => {
    const issuers = new Map([[ISS, { ...POLICY, clockSkewMs: 7_000 }]])
    assert.equal(draft({ match: SUB }, { issuers, nowMs: T }).issuedBeforeMs, T + 7_000)
    assert.equal('issuedBeforeMs' in draft({ match: SUB, mode: 'block' }, { issuers, nowMs: T }), false)
  })

  it('keeps everything that was stated', () => {
    const body = {
      iss: ISS,
      match: { sub: 'ann', admin: true, tenant: -7 },
      mode: 'cutoff',
      reason: 'password_changed',
      issuedBefore: '2026-03-14T13:00:00.0001+01:00',
      except: { sid: ['s1', 2, true], jti: [] },
      note: 'n',
      onBehalfOf: 'bob',
      confirm: ISS,
    }
    assert.deepEqual(draft(body), {
      policy: POLICY,
      match: { sub: 'ann', admin: true, tenant: -7 },
      mode: 'cutoff',
      reason: 'password_changed',
      issuedBeforeMs: Date.UTC(2026, 2, 14, 12, 0, 0, 1),
      except: { sid: ['s1', 2, true] },
      note: 'n',
      onBehalfOf: 'bob',
    })
  })

  it('R1: __proto__ and the like are ordinary as values, and constructor as a name', () => {
    const match = { sub: '__proto__', constructor: 'prototype', toString: 'x' }
    const wanted = JSON.parse(JSON.stringify(match))
    assert.deepEqual(draft({ match: wanted, except: { sid: ['__proto__'] } }).match, wanted)
  })

  it('does not change, and is not changed by, what it was given', () => {
    const body = { match: { sub: 'ann' }, except: { sid: ['s1'] } }
    const before = structuredClone(body)
    const read = draft(body)
    assert.deepEqual(body, before)
    body.match.sub = 'bob'
    body.except.sid.push('s2')
    assert.deepEqual([read.match, read.except], [{ sub: 'ann' }, { sid: ['s1'] }])
  })

  it('R7: an except without values is none', () => {
    for (const except of [{}, { jti: [] }, { jti: [], sid: [] }]) {
      assert.equal('except' in draft({ match: SUB, except }), false)
    }
  })

  it('takes every bound itself', () => {
    const eight = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`c${i}`, 'x'.repeat(1_024)]))
    const sixteen = { jti: Array(8).fill('x'.repeat(1_024)), sid: Array(8).fill(2 ** 53 - 1) }
    draft({ match: eight, except: sixteen, note: 'n'.repeat(1_024), onBehalfOf: 'p'.repeat(256) })
    draft({ match: { ['n'.repeat(128)]: '' } })
    assert.equal(draft({ match: SUB, issuedBefore: iso(T + MINUTE) }).issuedBeforeMs, T + MINUTE)
    assert.equal(draft({ match: SUB, issuedBefore: '1970-01-01T00:00:00Z' }).issuedBeforeMs, 0)
    assert.equal(draft({ match: SUB, mode: 'block', until: iso(T + 400 * DAY) }).untilMs, T + 400 * DAY)
    assert.equal(draft({ match: { jti: 'j' }, tokenExp: (T + HOUR) / SECOND }).tokenExpMs, T + HOUR)
  })

  it('R14: an issuer whose clock may run ahead dates exp ahead by as much', () => {
    const issuers = new Map([[ISS, { ...POLICY, clockSkewMs: 5_000 }]])
    const body = (ms: number) => ({ match: { jti: 'j' }, tokenExp: ms / SECOND })
    assert.equal(draft(body(T + HOUR + 5_000), { issuers, nowMs: T }).tokenExpMs, T + HOUR + 5_000)
    assert.deepEqual(refusals(body(T + HOUR + 5_001), { issuers, nowMs: T }), ['/tokenExp beyond_max_expiry'])
  })

  it('R14: what has already passed is accepted here; its expiry tells that nothing is to be done', () => {
    assert.equal(draft({ match: { jti: 'j' }, tokenExp: 1 }).tokenExpMs, 1_000)
    assert.equal(draft({ match: SUB, issuedBefore: iso(0) }).issuedBeforeMs, 0)
  })

  it('asks for the issuer again where a match reaches a crowd', () => {
    const crowds = [
      {},
      { client_id: 'a' },
      { tenant: 't' },
      { aud: 'a' },
      { iss: ISS },
      { client_id: 'a', tenant: 't' },
    ]
    for (const match of crowds) {
      assert.deepEqual(refusals({ match }), [`/confirm ${CONFIRMATION_REQUIRED}`], JSON.stringify(match))
      assert.deepEqual(refusals({ match, confirm: `${ISS}/` }), [`/confirm ${CONFIRMATION_REQUIRED}`])
      assert.deepEqual(refusals({ match, confirm: ISS }), [])
    }
    for (const match of [SUB, { client_id: 'a', sub: 'ann' }, { device_id: 'd' }, { kid: 'k' }]) {
      assert.deepEqual(refusals({ match }), [], JSON.stringify(match))
    }
  })
})

describe('parsing a revocation: what is refused', () => {
  for (const body of [null, undefined, true, 7, 'text', [], [{ match: SUB }]]) {
    it(`${JSON.stringify(body)} is not an object`, () => assert.deepEqual(refusals(body), [' wrong_type']))
  }

  const MB = 'x'.repeat(1_000_000)
  const nine = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`c${i}`, i]))
  const own = (text: string) => JSON.parse(text)
  const cases: [string, unknown, string[]][] = [
    ['unknown fields', { match: SUB, matches: 1, 'a/b~': 2 }, ['/matches unknown_field', '/a~1b~0 unknown_field']],
    ['a field named __proto__', own('{"match":{"sub":"a"},"__proto__":{}}'), ['/__proto__ unknown_field']],
    ['a query parameter in the body', { match: SUB, dryRun: true }, ['/dryRun unknown_field']],
    ['an iss that is no string', { iss: 7, match: SUB }, ['/iss wrong_type']],
    ['an iss that is null', { iss: null, match: SUB }, ['/iss wrong_type']],
    ['R1: an unknown issuer', { iss: 'https://other.example', match: SUB }, ['/iss unknown_issuer']],
    ['R1: an issuer with a trailing slash', { iss: `${ISS}/`, match: SUB }, ['/iss unknown_issuer']],
    ['R1: an issuer in capitals', { iss: ISS.toUpperCase(), match: SUB }, ['/iss unknown_issuer']],
    ['an issuer of 1 MB', { iss: MB, match: SUB }, ['/iss unknown_issuer']],
    ['no match', {}, ['/match required']],
    ['a match that is null', { match: null }, ['/match wrong_type']],
    ['a match that is a list', { match: ['sub'] }, ['/match wrong_type']],
    ['a match that is text', { match: 'ann' }, ['/match wrong_type']],
    ['a match of 9 claims', { match: nine }, ['/match too_many_claims']],
    ['a value of 1 MB', { match: { sub: MB } }, ['/match/sub too_long']],
    ['a value of 1,025 characters', { match: { sub: 'x'.repeat(1_025) } }, ['/match/sub too_long']],
    ['a name of 1 MB', { match: { [MB]: 1 } }, [`/match/${'x'.repeat(128)} invalid_claim_name`]],
    ['a name of 129 characters', { match: { ['n'.repeat(129)]: 1 } }, [`/match/${'n'.repeat(128)} invalid_claim_name`]],
    ['an empty name', { match: { '': 'x' } }, ['/match/ invalid_claim_name']],
    ['the name __proto__', own('{"match":{"__proto__":"x"}}'), ['/match/__proto__ invalid_claim_name']],
    ['a name with a control character', { match: { 'a\u0007': 'x' } }, ['/match/a\u0007 invalid_claim_name']],
    ['a name with a C1 control', { match: { 'a\u0085': 'x' } }, ['/match/a\u0085 invalid_claim_name']],
    ['a name with a lone surrogate', { match: { '\ud800': 'x' } }, ['/match/\ud800 invalid_claim_name']],
    ['R1: a value with a lone surrogate', { match: { sub: 'a\udc00' } }, ['/match/sub ill_formed_string']],
    ['a fraction', { match: { sub: 1.5 } }, ['/match/sub wrong_type']],
    ['an integer beyond 2^53 - 1', { match: { sub: 2 ** 53 } }, ['/match/sub wrong_type']],
    ['a value that is null', { match: { sub: null } }, ['/match/sub wrong_type']],
    ['a value that is a list', { match: { aud: ['a'] } }, ['/match/aud wrong_type']],
    ['a value that is an object', { match: { sub: {} } }, ['/match/sub wrong_type']],
    ['kid beside another claim', { match: { kid: 'k', sub: 'ann' } }, ['/match/kid kid_not_alone']],
    ['kid that is a number', { match: { kid: 7 } }, ['/match/kid wrong_type']],
    ['kid that is an object', { match: { kid: {} } }, ['/match/kid wrong_type']],
    ['R5: kid with a cutoff', { match: { kid: 'k' }, mode: 'cutoff' }, ['/mode kid_needs_block']],
    ['an unknown mode', { match: SUB, mode: 'ban' }, ['/mode unknown_mode']],
    ['a mode in capitals', { match: SUB, mode: 'Block' }, ['/mode unknown_mode']],
    ['a mode that is null', { match: SUB, mode: null }, ['/mode unknown_mode']],
    ['an unknown reason', { match: SUB, reason: 'fired' }, ['/reason unknown_reason']],
    ['a reason that is null', { match: SUB, reason: null }, ['/reason unknown_reason']],
    ['a reason that is a number', { match: SUB, reason: 0 }, ['/reason unknown_reason']],
    [
      'issuedBefore with block',
      { match: SUB, mode: 'block', issuedBefore: iso(T) },
      ['/issuedBefore only_with_cutoff'],
    ],
    [
      'issuedBefore with a default block',
      { match: { jti: 'j' }, issuedBefore: iso(T) },
      ['/issuedBefore only_with_cutoff'],
    ],
    ['a time as a number', { match: SUB, issuedBefore: T / SECOND }, ['/issuedBefore wrong_type']],
    ['a time as null', { match: SUB, issuedBefore: null }, ['/issuedBefore wrong_type']],
    ['a time without zone', { match: SUB, issuedBefore: '2026-03-14T12:00:00' }, ['/issuedBefore invalid_time']],
    ['a date alone', { match: SUB, issuedBefore: '2026-03-14' }, ['/issuedBefore invalid_time']],
    ['30 February', { match: SUB, issuedBefore: '2026-02-30T12:00:00Z' }, ['/issuedBefore invalid_time']],
    ['a time before 1970', { match: SUB, issuedBefore: '1969-12-31T23:59:59.999Z' }, ['/issuedBefore invalid_time']],
    [
      'a time of 1 MB',
      { match: SUB, issuedBefore: `2026-03-14T12:00:00.${'0'.repeat(1e6)}Z` },
      ['/issuedBefore invalid_time'],
    ],
    [
      'R14: issuedBefore 60.001 s ahead',
      { match: SUB, issuedBefore: iso(T + MINUTE + 1) },
      ['/issuedBefore too_far_ahead'],
    ],
    [
      'R14: a fraction of a millisecond over 60 s ahead',
      { match: SUB, issuedBefore: '2026-03-14T12:01:00.4000001Z' },
      ['/issuedBefore too_far_ahead'],
    ],
    [
      'R14: tokenExp beyond maxExpiry',
      { match: { jti: 'j' }, tokenExp: (T + HOUR) / SECOND + 0.001 },
      ['/tokenExp beyond_max_expiry'],
    ],
    ['tokenExp as text', { match: { jti: 'j' }, tokenExp: iso(T) }, ['/tokenExp wrong_type']],
    ['tokenExp as null', { match: { jti: 'j' }, tokenExp: null }, ['/tokenExp wrong_type']],
    ['tokenExp before 1970', { match: { jti: 'j' }, tokenExp: -1 }, ['/tokenExp invalid_time']],
    ['tokenExp in milliseconds', { match: { jti: 'j' }, tokenExp: T }, ['/tokenExp invalid_time']],
    ['tokenExp without a jti', { match: SUB, mode: 'block', tokenExp: T / SECOND }, ['/tokenExp only_with_jti']],
    [
      'tokenExp with a cutoff',
      { match: { jti: 'j' }, mode: 'cutoff', tokenExp: T / SECOND },
      ['/tokenExp only_with_jti'],
    ],
    ['until with a jti', { match: { jti: 'j' }, until: iso(T + DAY) }, ['/until only_with_block']],
    ['until with a cutoff', { match: SUB, until: iso(T + DAY) }, ['/until only_with_block']],
    ['until as a number', { match: SUB, mode: 'block', until: T }, ['/until wrong_type']],
    ['until without zone', { match: SUB, mode: 'block', until: '2026-04-01T00:00:00' }, ['/until invalid_time']],
    [
      'R13: until beyond 400 days',
      { match: SUB, mode: 'block', until: iso(T + 400 * DAY + 1) },
      ['/until too_far_ahead'],
    ],
    ['an except that is a list', { match: SUB, except: ['s1'] }, ['/except wrong_type']],
    ['an except that is null', { match: SUB, except: null }, ['/except wrong_type']],
    ['an except of another claim', { match: SUB, except: { sub: ['ann'] } }, ['/except/sub unknown_field']],
    [
      'an except named __proto__',
      own('{"match":{"sub":"a"},"except":{"__proto__":[]}}'),
      ['/except/__proto__ unknown_field'],
    ],
    ['an except without a list', { match: SUB, except: { sid: 's1' } }, ['/except/sid wrong_type']],
    [
      '17 exceptions',
      { match: SUB, except: { sid: Array(9).fill('s'), jti: Array(8).fill('j') } },
      ['/except too_many_exceptions'],
    ],
    ['an exception that is an object', { match: SUB, except: { jti: ['a', {}] } }, ['/except/jti/1 wrong_type']],
    ['an exception of 1 MB', { match: SUB, except: { jti: [MB] } }, ['/except/jti/0 too_long']],
    ['a note that is a number', { match: SUB, note: 7 }, ['/note wrong_type']],
    ['a note of 1,025 characters', { match: SUB, note: 'n'.repeat(1_025) }, ['/note too_long']],
    ['a note with a lone surrogate', { match: SUB, note: '\ud800' }, ['/note ill_formed_string']],
    ['onBehalfOf of 257 characters', { match: SUB, onBehalfOf: 'p'.repeat(257) }, ['/onBehalfOf too_long']],
    ['{} without confirm', { match: {} }, ['/confirm confirmation_required']],
    ['confirm: true', { match: {}, confirm: true }, ['/confirm wrong_type']],
    ['confirm of another issuer', { match: SUB, confirm: 'https://other.example' }, ['/confirm confirmation_mismatch']],
  ]
  for (const [what, body, expected] of cases) {
    it(`${what}`, () => assert.deepEqual(refusals(body), expected))
  }

  it('wants the issuer named where there are several, or none', () => {
    const several = new Map([...CONTEXT.issuers, ['https://two.example', { ...POLICY, iss: 'https://two.example' }]])
    for (const issuers of [several, new Map()]) {
      assert.deepEqual(refusals({ match: SUB }, { issuers, nowMs: T }), ['/iss required'])
    }
    assert.equal(
      draft({ iss: 'https://two.example', match: SUB }, { issuers: several, nowMs: T }).policy.iss,
      'https://two.example',
    )
  })

  it('R14: judges tokenExp by its own issuer', () => {
    const short = { ...POLICY, iss: 'https://two.example', maxExpiryMs: MINUTE }
    const issuers = new Map([...CONTEXT.issuers, [short.iss, short]])
    const body = { match: { jti: 'j' }, tokenExp: (T + 2 * MINUTE) / SECOND }
    assert.deepEqual(refusals({ ...body, iss: short.iss }, { issuers, nowMs: T }), ['/tokenExp beyond_max_expiry'])
    assert.deepEqual(refusals({ ...body, iss: ISS }, { issuers, nowMs: T }), [])
  })

  it('tells several mistakes at once, each at its place in an array', () => {
    const body = {
      iss: 'https://other.example',
      match: { '': 1, sub: null, kid: 'k' },
      mode: 'ban',
      reason: 'fired',
      issuedBefore: 'yesterday',
      tokenExp: 'soon',
      until: 7,
      except: { sub: [], jti: [null] },
      note: 7,
      onBehalfOf: [],
      confirm: 7,
      extra: 1,
    }
    assert.deepEqual(refusals(body, { ...CONTEXT, base: '/3' }), [
      '/3/extra unknown_field',
      '/3/iss unknown_issuer',
      '/3/match/ invalid_claim_name',
      '/3/match/sub wrong_type',
      '/3/match/kid kid_not_alone',
      '/3/reason unknown_reason',
      '/3/mode unknown_mode',
      '/3/issuedBefore invalid_time',
      '/3/tokenExp wrong_type',
      '/3/until wrong_type',
      '/3/except/sub unknown_field',
      '/3/except/jti/0 wrong_type',
      '/3/note wrong_type',
      '/3/onBehalfOf wrong_type',
      '/3/confirm wrong_type',
    ])
  })

  it('blames no field for a mode that could not be read', () => {
    assert.deepEqual(refusals({ match: SUB, mode: 'ban', until: iso(T + DAY) }), ['/mode unknown_mode'])
    assert.deepEqual(refusals({ match: { '': 1 }, until: iso(T + DAY) }), ['/match/ invalid_claim_name'])
    assert.deepEqual(refusals({ match: SUB, reason: 'fired', until: iso(T + DAY) }), ['/reason unknown_reason'])
  })

  it('lists no more mistakes than anyone reads, and takes nothing for right because of it', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`x${i}`, 1]))
    assert.equal(refusals({ ...many, match: { '': 1 } }).length, limits.MAX_MISTAKES)
  })

  it('says what to do in every mistake', () => {
    for (const [what, body] of cases) {
      const parsed = parseRevocation(body, CONTEXT)
      assert.ok(!parsed.ok, what)
      for (const { detail } of parsed.mistakes)
        assert.ok(detail.length > 10 && detail.length < 300, `${what}: ${detail}`)
    }
  })
})
