import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { factFromWire, isPlainObject, limits } from '@rescind/protocol'
import fc from 'fast-check'
import { fact } from './arbitraries.ts'
import { FACTS, ISSUER, lift, revocation, T } from './samples.ts'
import { checkSeeded } from './seeded.ts'

/** As it comes out of a frame. */
const wire = (value: unknown) => JSON.parse(JSON.stringify(value))

const CUTOFF = revocation({ sub: 'ann' }, 'cutoff')
const BLOCK = revocation({ sub: 'ann' }, 'block')
const LIFT = lift({ sub: 'ann' }, 'block', T)

describe('a fact on the wire', () => {
  it('is read as it was written', () => {
    for (const one of FACTS) assert.deepEqual(factFromWire(wire(one)), one)
  })

  it('every legal fact is read as it was written', (t) => {
    checkSeeded(
      t,
      fc.property(fact, (one) => assert.deepEqual(factFromWire(wire(one)), wire(one))),
      2_000,
    )
  })

  const MAX = limits.MAX_TIME_MS
  const wrong: [string, unknown, RegExp][] = [
    ['null', null, /not an object/],
    ['a list', [CUTOFF], /not an object/],
    ['no kind', { ...CUTOFF, kind: undefined }, /no known kind/],
    ['a kind of the future', { ...CUTOFF, kind: 'pause' }, /no known kind/],
    ['a kind inherited by every object', { ...CUTOFF, kind: 'constructor' }, /no known kind/],
    ['a kind in a list', { ...CUTOFF, kind: ['lift'] }, /no known kind/],
    ['an unknown field', { ...CUTOFF, scope: 'x' }, /unknown field "scope"/],
    ['a field of another kind', { ...LIFT, reason: 'other' }, /unknown field "reason"/],
    ['a field named __proto__', JSON.parse('{"kind":"issuer","__proto__":{}}'), /unknown field "__proto__"/],
    ['no id', { ...CUTOFF, id: undefined }, /^id /],
    ['an empty id', { ...CUTOFF, id: '' }, /^id /],
    ['an id of 65', { ...CUTOFF, id: 'i'.repeat(65) }, /^id /],
    ['an empty iss', { ...CUTOFF, iss: '' }, /^iss /],
    ['an iss with a lone surrogate', { ...CUTOFF, iss: '\ud800' }, /^iss /],
    ['an iss of 1,025', { ...CUTOFF, iss: 'i'.repeat(1_025) }, /^iss /],
    ['a match that is a list', { ...CUTOFF, match: [] }, /^match /],
    ['a match of 9 claims', { ...CUTOFF, match: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 } }, /^match /],
    ['a match with a wrong name', { ...CUTOFF, match: { '': 1 } }, /^match /],
    ['a match with a wrong value', { ...CUTOFF, match: { sub: 1.5 } }, /^match /],
    ['an unknown mode', { ...CUTOFF, mode: 'ban' }, /^mode /],
    ['an unknown reason', { ...CUTOFF, reason: 'fired' }, /^reason /],
    ['a time as text', { ...CUTOFF, atMs: '1' }, /^atMs /],
    ['a time before 1970', { ...CUTOFF, atMs: -1 }, /^atMs /],
    ['a time beyond 9999', { ...CUTOFF, expiresAtMs: MAX + 1 }, /^expiresAtMs /],
    ['a time with a fraction', { ...CUTOFF, issuedBeforeMs: 0.5 }, /^issuedBeforeMs /],
    ['an actor that is missing', { ...CUTOFF, actor: undefined }, /^actor /],
    ['a note that is null', { ...CUTOFF, note: null }, /^note /],
    ['an except without values', { ...CUTOFF, except: { jti: [] } }, /^except /],
    ['an except of another claim', { ...CUTOFF, except: { sub: ['a'] } }, /^except /],
    ['an except of 17', { ...CUTOFF, except: { jti: Array(17).fill(1) } }, /^except /],
    ['an except with a wrong value', { ...CUTOFF, except: { jti: [null] } }, /^except /],
    ['an except that is no list', { ...CUTOFF, except: { jti: 'j' } }, /^except /],
    ['R4: a cutoff without its time', { ...BLOCK, mode: 'cutoff' }, /issuedBeforeMs belongs to a cutoff/],
    ['R4: a block with the time of a cutoff', { ...CUTOFF, mode: 'block' }, /issuedBeforeMs belongs to a cutoff/],
    ['R5: kid beside another claim', { ...BLOCK, match: { kid: 'k', sub: 'a' } }, /kid stands alone/],
    ['R5: kid with a cutoff', { ...CUTOFF, match: { kid: 'k' } }, /kid stands alone/],
    ['R5: kid that is a number', { ...BLOCK, match: { kid: 7 } }, /kid stands alone/],
    ['R5: the lift of a kid with a cutoff', { ...LIFT, match: { kid: 'k' }, mode: 'cutoff' }, /kid stands alone/],
    ['an issuer with too long a life', { ...ISSUER, maxExpiryMs: limits.MAX_LIFETIME_MS + 1 }, /^maxExpiryMs /],
    ['an issuer with too much skew', { ...ISSUER, clockSkewMs: 60_001 }, /^clockSkewMs /],
    ['an issuer with too much leeway', { ...ISSUER, leewayMs: 600_001 }, /^leewayMs /],
    ['an issuer with a match', { ...ISSUER, match: {} }, /unknown field "match"/],
  ]
  for (const [what, value, fault] of wrong) {
    it(`refuses ${what}`, () =>
      assert.match(String(factFromWire(isPlainObject(value) ? definedOf(value) : value)), fault))
  }
})

/** JSON has no undefined: what is set to it above is left out. Own names stay own, `__proto__` included. */
function definedOf(value: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
}
