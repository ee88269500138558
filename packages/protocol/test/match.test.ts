import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  byCodeUnits,
  encodeMatch,
  encodeShape,
  encodeValue,
  isClaimName,
  isClaimValue,
  isWellFormed,
  type Match,
  shapeOf,
} from '@rescind/protocol'
import fc from 'fast-check'
import { match, text } from './arbitraries.ts'
import { checkSeeded } from './seeded.ts'

const LONE = ['\ud800', '\udc00', 'a\udbff', '\udfffz', '\ud800\ud800\udc00', '\ud83d\ude00\ude00', '\ude00\ud83d']

describe('match: what may stand in one', () => {
  it('R1: a string is well-formed if every surrogate has its partner', () => {
    for (const whole of ['', 'ann', '\u{1F600}', '\u{10FFFF}\u{10000}', '\ufffd\ufffe']) {
      assert.equal(isWellFormed(whole), true, JSON.stringify(whole))
    }
    for (const lone of LONE) assert.equal(isWellFormed(lone), false, JSON.stringify(lone))
  })

  it('R1: well-formed is what survives UTF-8', (t) => {
    const halves = fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude00', '\ud800', '\udfff'), maxLength: 6 })
    const property = fc.property(halves, (value) => {
      assert.equal(isWellFormed(value), Buffer.from(value, 'utf8').toString('utf8') === value)
    })
    checkSeeded(t, property, 2_000)
  })

  it('R1: a value is a well-formed string of at most 1,024 code units, a safe integer or a boolean', () => {
    const values = ['', '__proto__', 'x'.repeat(1_024), '\u0000', 0, -0, 42, -(2 ** 53 - 1), 2 ** 53 - 1, true, false]
    for (const value of values) assert.equal(isClaimValue(value), true, String(value))
    const others = [
      ...LONE,
      'x'.repeat(1_025),
      'x'.repeat(1_000_000),
      '\u{1F600}'.repeat(513),
      0.5,
      2 ** 53,
      Number.NaN,
      Infinity,
      7n,
      null,
      undefined,
      {},
      [],
      ['ann'],
      new String('ann'),
      Symbol('ann'),
    ]
    for (const value of others) assert.equal(isClaimValue(value), false)
  })

  it('R1: a name has 1 to 128 code units, no control character, no lone surrogate, and is not __proto__', () => {
    for (const name of ['sub', 'x', 'x'.repeat(128), 'https://claims.example/role', 'é', 'constructor', '1', ' ']) {
      assert.equal(isClaimName(name), true, name)
    }
    const controls = ['\u0000', 'a\nb', '\u001f', '\u007f', '\u0080', '\u009f']
    for (const name of ['', '__proto__', 'x'.repeat(129), ...controls, ...LONE]) {
      assert.equal(isClaimName(name), false, JSON.stringify(name))
    }
  })
})

describe('match: canonical encoding', () => {
  it('R1: "42", 42, true and "true" differ; 0 and -0 do not', () => {
    const encoded = ['42', 42, true, 'true', 't', 1, '1', false, 0, ''].map(encodeValue)
    assert.equal(new Set(encoded).size, encoded.length)
    assert.equal(encodeValue(-0), encodeValue(0))
  })

  it('R1: values are not normalised, folded or trimmed', () => {
    const encoded = ['é', 'e\u0301', 'É', 'ann', 'Ann', 'ann ', ' ann', 'ann\u0000'].map((sub) =>
      encodeMatch('i', { sub }),
    )
    assert.equal(new Set(encoded).size, encoded.length)
    assert.notEqual(encodeMatch('https://id.example', {}), encodeMatch('https://id.example/', {}))
  })

  it('R1: names and values cannot be moved into one another', () => {
    const pairs: [Match, Match][] = [
      [{ a: 'b' }, { ab: '' }],
      [{ a: 's1:b' }, { as1: 'b' }],
      [
        { a: '1:b', c: 'd' },
        { a: '1', bc: 'd' },
      ],
      [
        { a: 1, b: 11 },
        { a: 11, b: 1 },
      ],
      [
        { a: 'x', b: 'y' },
        { a: 'y', b: 'x' },
      ],
      [
        { a: '1', b: '' },
        { a: '', b: '1' },
      ],
      [{}, { '': '' }],
    ]
    for (const [left, right] of pairs) assert.notEqual(encodeMatch('i', left), encodeMatch('i', right))
    assert.notEqual(encodeMatch('ia', {}), encodeMatch('i', { a: '' }))
  })

  it('R1: the order in which claims were written does not count; names sort by UTF-16 code units', () => {
    assert.equal(encodeMatch('i', { b: 1, a: 2 }), encodeMatch('i', { a: 2, b: 1 }))
    // U+FF61 lies above the surrogates of U+1F600 in code units, and below it in code points.
    assert.deepEqual(shapeOf({ '\uff61': 1, '\u{1F600}': 1, a: 1, B: 1, '10': 1, '9': 1, é: 1, ä: 1 }), [
      '10',
      '9',
      'B',
      'a',
      'ä',
      'é',
      '\u{1F600}',
      '\uff61',
    ])
    assert.deepEqual([byCodeUnits('a', 'b'), byCodeUnits('b', 'a'), byCodeUnits('a', 'a')], [-1, 1, 0])
  })

  it('R1: two different matches never share an encoding, and equal ones always do', (t) => {
    const similar = match.chain((one) => fc.tuple(fc.constant(one), fc.oneof(match, near(one))))
    const property = fc.property(text, text, similar, (iss, otherIss, [one, other]) => {
      assert.equal(encodeMatch(iss, one) === encodeMatch(otherIss, other), iss === otherIss && equal(one, other))
      assert.equal(encodeMatch(iss, one), encodeMatch(iss, Object.fromEntries(Object.entries(one).reverse())))
    })
    checkSeeded(t, property, 10_000)
  })

  it('R1: nor do matches whose values are made of what the encoding puts around values', (t) => {
    const value = fc.string({ unit: fc.constantFrom('s', 'i', '1', ':', ';'), maxLength: 3 })
    const two = fc.tuple(value, value).map(([a, b]): Match => ({ a, b }))
    const property = fc.property(two, two, (one, other) => {
      assert.equal(encodeMatch('i', one) === encodeMatch('i', other), equal(one, other))
    })
    checkSeeded(t, property, 5_000)
    assert.notEqual(encodeMatch('i', { a: '', b: 's' }), encodeMatch('i', { a: 's', b: '' }))
    assert.notEqual(encodeMatch('s0:', {}), encodeMatch('', { 's0:': '' }))
  })

  it('R1: an encoding can be read back, so nothing is lost in it', (t) => {
    const property = fc.property(text, match, (iss, wanted) => {
      assert.deepEqual(readBack(encodeMatch(iss, wanted)), {
        iss,
        claims: shapeOf(wanted).map((n) => [n, plain(wanted[n])]),
      })
    })
    checkSeeded(t, property, 5_000)
  })

  it('R1: shapes are told apart as matches are', () => {
    const shapes = [[], [''], ['a', 'b'], ['ab'], ['a'], ['a1:b'], ['1:a']]
    assert.equal(new Set(shapes.map(encodeShape)).size, shapes.length)
  })
})

/** The same match with one value, one name or the split between two of them changed, or nothing at all. */
function near(one: Match): fc.Arbitrary<Match> {
  const entries = Object.entries(one)
  const [first] = entries
  if (!first) return fc.constant({})
  const [name, value] = first
  const rest = Object.fromEntries(entries.slice(1))
  return fc.constantFrom<Match[]>(
    one,
    rest,
    { ...rest, [name]: String(value) },
    { ...rest, [`${name}${value}`]: '' },
    { ...rest, [name]: value === true ? 1 : true },
    { ...rest, [name]: typeof value === 'string' ? Number(value) || 0 : 0 },
  )
}

function equal(one: Match, other: Match): boolean {
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && one[name] === other[name])
  )
}

function plain(value: unknown): unknown {
  return value === 0 ? 0 : value
}

/** A second, independent reader of the encoding, as SPEC.md describes it. */
function readBack(encoded: string): { iss: unknown; claims: unknown[][] } {
  let place = 0
  const until = (end: string): number => {
    const stop = encoded.indexOf(end, place)
    const number = Number(encoded.slice(place, stop))
    place = stop + 1
    return number
  }
  const take = (length: number): string => {
    place += length
    return encoded.slice(place - length, place)
  }
  const value = (): unknown => {
    const type = take(1)
    if (type === 's') return take(until(':'))
    return type === 'i' ? until(';') : type === 't'
  }
  const iss = value()
  const names = Array.from({ length: until(';') }, () => take(until(':')))
  const claims = names.map((name) => [name, value()])
  assert.equal(place, encoded.length)
  return { iss, claims }
}
