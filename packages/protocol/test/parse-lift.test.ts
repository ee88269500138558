import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { liftFrom, parseLift } from '@rescind/protocol'
import { CONTEXT, DAY, HOUR, ISS, MINUTE, POLICY, T } from './samples.ts'

function refusals(body: unknown): string[] {
  const parsed = parseLift(body, CONTEXT)
  return parsed.ok ? [] : parsed.mistakes.map(({ pointer, code }) => `${pointer} ${code}`)
}

describe('parsing a lift', () => {
  it('takes issuer, match, mode and note', () => {
    const parsed = parseLift({ iss: ISS, match: { sub: 'ann' }, mode: 'block', note: 'cleared' }, CONTEXT)
    assert.deepEqual(parsed, {
      ok: true,
      value: { policy: POLICY, match: { sub: 'ann' }, mode: 'block', note: 'cleared' },
    })
    assert.deepEqual(refusals({ match: {}, mode: 'cutoff' }), [])
    assert.deepEqual(refusals({ match: { kid: 'k' }, mode: 'block' }), [])
  })

  it('takes the id of a revocation instead', () => {
    const parsed = parseLift({ id: 'r1', note: 'cleared' }, CONTEXT)
    assert.deepEqual(parsed, { ok: true, value: { id: 'r1', all: false, note: 'cleared' } })
    assert.deepEqual(parseLift({ id: 'r1', all: true }, CONTEXT), { ok: true, value: { id: 'r1', all: true } })
    assert.deepEqual(refusals({ id: 'r1', all: false }), [])
  })

  it('R10: becomes a fact that outlives what it lifts', () => {
    const draft = { policy: POLICY, match: { sub: 'ann' }, mode: 'block', note: 'cleared' } as const
    const given = { id: 'l1', actor: 'key:admin', atMs: T, knownExpiresAtMs: undefined }
    assert.deepEqual(liftFrom(draft, given), {
      kind: 'lift',
      id: 'l1',
      iss: ISS,
      match: { sub: 'ann' },
      mode: 'block',
      note: 'cleared',
      actor: 'key:admin',
      atMs: T,
      expiresAtMs: T + 400 * DAY + HOUR + MINUTE,
    })
    assert.equal(liftFrom(draft, { ...given, knownExpiresAtMs: T + 900 * DAY }).expiresAtMs, T + 900 * DAY)
  })

  const cases: [string, unknown, string[]][] = [
    ['null', null, [' wrong_type']],
    ['a list', [], [' wrong_type']],
    ['text', 'lift', [' wrong_type']],
    ['nothing but braces', {}, ['/match required', '/mode required']],
    ['R10: no mode', { match: { sub: 'ann' } }, ['/mode required']],
    ['a mode that is null', { match: { sub: 'ann' }, mode: null }, ['/mode unknown_mode']],
    ['an unknown mode', { match: { sub: 'ann' }, mode: 'both' }, ['/mode unknown_mode']],
    ['no match', { mode: 'block' }, ['/match required']],
    [
      'a wrong match',
      { match: { '': 1, kid: 'k' }, mode: 'block' },
      ['/match/ invalid_claim_name', '/match/kid kid_not_alone'],
    ],
    ['kid with a cutoff', { match: { kid: 'k' }, mode: 'cutoff' }, ['/mode kid_needs_block']],
    ['an unknown issuer', { iss: `${ISS}/`, match: {}, mode: 'block' }, ['/iss unknown_issuer']],
    ['a field of a revocation', { match: {}, mode: 'block', reason: 'other' }, ['/reason unknown_field']],
    ['a field named __proto__', JSON.parse('{"match":{},"mode":"block","__proto__":1}'), ['/__proto__ unknown_field']],
    ['a note that is too long', { match: {}, mode: 'block', note: 'n'.repeat(1_025) }, ['/note too_long']],
    ['all without an id', { match: {}, mode: 'block', all: true }, ['/all only_with_id']],
    ['an id that is a number', { id: 7 }, ['/id wrong_type']],
    ['an id that is null', { id: null, all: null }, ['/id wrong_type', '/all wrong_type']],
    ['an empty id', { id: '' }, ['/id invalid_id']],
    ['an id that is too long', { id: 'i'.repeat(65), note: 1 }, ['/id invalid_id', '/note wrong_type']],
    ['all that is text', { id: 'r1', all: 'true' }, ['/all wrong_type']],
    [
      'an id beside what it stands for',
      { id: 'r1', iss: ISS, match: {}, mode: 'both', reason: 'other' },
      ['/reason unknown_field', '/iss not_beside_id', '/match not_beside_id', '/mode not_beside_id'],
    ],
  ]
  for (const [what, body, expected] of cases) it(`refuses ${what}`, () => assert.deepEqual(refusals(body), expected))
})
