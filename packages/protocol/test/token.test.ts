import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { candidatesOf, issuedByCutoff, issuerOf, keyIdOf, numericClaim, outlivesFacts } from '@rescind/protocol'

/** What plain JavaScript may pass in the place of claims. */
const NO_CLAIMS = [null, undefined, 'text', 7, true] as unknown as Readonly<Record<string, unknown>>[]

describe('reading a token', () => {
  it('R2: a claim offers itself, an array each of its elements once', () => {
    assert.deepEqual(candidatesOf({ sub: 'ann' }, 'sub'), { values: ['ann'], overflow: false })
    assert.deepEqual(candidatesOf({ aud: ['a', 1, true, 'a', 1] }, 'aud'), { values: ['a', 1, true], overflow: false })
  })

  it('R2: what no match can hold offers nothing', () => {
    const long = 'x'.repeat(1_025)
    for (const value of [
      null,
      undefined,
      {},
      0.5,
      Number.NaN,
      2 ** 53,
      long,
      '\ud800',
      [],
      [[]],
      [['a']],
      [null, {}, long],
    ]) {
      assert.deepEqual(candidatesOf({ sub: value }, 'sub'), { values: [], overflow: false })
    }
    assert.deepEqual(candidatesOf({}, 'sub'), { values: [], overflow: false })
  })

  it('R2: 32 elements are looked at, and a 33rd is told', () => {
    const numbers = (length: number) => Array.from({ length }, (_, i) => i)
    assert.deepEqual(candidatesOf({ aud: numbers(32) }, 'aud'), { values: numbers(32), overflow: false })
    assert.deepEqual(candidatesOf({ aud: numbers(33) }, 'aud'), { values: numbers(32), overflow: true })
    assert.deepEqual(candidatesOf({ aud: Array(33).fill(null) }, 'aud'), { values: [], overflow: true })
  })

  it('R21: what every object inherits is no claim, and what is no object has none', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assert.deepEqual(candidatesOf({}, name), { values: [], overflow: false })
    }
    assert.deepEqual(candidatesOf(JSON.parse('{"__proto__":"x"}'), '__proto__'), { values: ['x'], overflow: false })
    for (const payload of NO_CLAIMS) {
      assert.deepEqual(candidatesOf(payload, 'length'), { values: [], overflow: false })
      assert.equal(issuerOf(payload, undefined), undefined)
      assert.equal(numericClaim(payload, 'iat'), undefined)
      assert.equal(outlivesFacts(payload, 1), true)
      assert.deepEqual(keyIdOf(payload as never), { header: false, kid: undefined })
    }
  })

  it('R18: the issuer is the string in iss, else the option', () => {
    assert.equal(issuerOf({ iss: 'a' }, 'b'), 'a')
    assert.equal(issuerOf({ iss: '' }, 'b'), '')
    for (const payload of [{}, { iss: 7 }, { iss: ['a'] }, { iss: null }]) {
      assert.equal(issuerOf(payload, 'b'), 'b')
      assert.equal(issuerOf(payload, undefined), undefined)
    }
  })

  it('R5: a header has a kid only if it is a string of its own', () => {
    const payload = {}
    assert.deepEqual(keyIdOf({ payload, protectedHeader: { kid: 'k' } }), { header: true, kid: 'k' })
    for (const protectedHeader of [{}, { kid: 7 }, { kid: null }, { kid: ['k'] }, Object.create({ kid: 'k' })]) {
      assert.deepEqual(keyIdOf({ payload, protectedHeader }), { header: true, kid: undefined })
    }
    assert.deepEqual(keyIdOf({ payload }), { header: false, kid: undefined })
    assert.deepEqual(keyIdOf({ payload, protectedHeader: null as never }), { header: false, kid: undefined })
  })

  it('R4: a cutoff reaches the whole second in which it lies, and a fraction by the millisecond', () => {
    const cuts: [number | undefined, number, boolean][] = [
      [12, 12_000, true],
      [12, 12_400, true],
      [12, 11_999, false],
      [13, 12_999, false],
      [12.4, 12_400, true],
      [12.401, 12_400, false],
      [12.0001, 12_000, false],
      [-1, 0, true],
      [undefined, 0, true],
    ]
    for (const [iat, cutMs, reached] of cuts) assert.equal(issuedByCutoff(iat, cutMs), reached, `${iat} at ${cutMs}`)
  })

  it('R17: a token outlives the facts if its life is longer than maxExpiry, or not known', () => {
    assert.equal(outlivesFacts({ iat: 10, exp: 70 }, 60_000), false)
    assert.equal(outlivesFacts({ iat: 10, exp: 70.001 }, 60_000), true)
    assert.equal(outlivesFacts({ iat: 70, exp: 70 }, 60_000), false)
    assert.equal(outlivesFacts({ iat: 70, exp: 10 }, 60_000), true)
    assert.equal(outlivesFacts({ iat: 1_767_225_600_000, exp: 1_767_225_660 }, 60_000), true, 'iat in milliseconds')
    for (const claims of [
      { iat: 10 },
      { exp: 10 },
      { iat: '10', exp: 70 },
      { iat: 10, exp: Infinity },
      { iat: Number.NaN, exp: 70 },
    ]) {
      assert.equal(outlivesFacts(claims, 60_000), true)
    }
  })
})
