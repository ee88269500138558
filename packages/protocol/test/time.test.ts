import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatRfc3339, isTimeMs, limits, msToNumericDate, numericDateToMs, parseRfc3339 } from '@rescind/protocol'
import fc from 'fast-check'
import { checkSeeded } from './seeded.ts'

describe('time: RFC 3339', () => {
  const noon = Date.UTC(2026, 0, 31, 12)
  const read: [string, number][] = [
    ['2026-01-31T12:00:00Z', noon],
    ['2026-01-31t12:00:00z', noon],
    ['2026-01-31T12:00:00+00:00', noon],
    ['2026-01-31T12:00:00-00:00', noon],
    ['2026-01-31T13:30:00+01:30', noon],
    ['2026-01-30T12:01:00-23:59', noon],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['1970-01-01T00:00:00Z', 0],
    ['9999-12-31T23:59:59.999Z', limits.MAX_TIME_MS],
    ['2026-01-31T12:00:00.5Z', noon + 500],
    ['2026-01-31T12:00:00.05Z', noon + 50],
    ['2026-01-31T12:00:00.123Z', noon + 123],
  ]
  for (const [text, ms] of read) it(`reads ${text}`, () => assert.equal(parseRfc3339(text), ms))

  const rounded: [string, number][] = [
    ['2026-01-31T12:00:00.1230Z', noon + 123],
    ['2026-01-31T12:00:00.1230000000000000000000Z', noon + 123],
    ['2026-01-31T12:00:00.1230001Z', noon + 124],
    ['2026-01-31T12:00:00.00000000000000000001Z', noon + 1],
    ['2026-01-31T12:00:00.9999Z', noon + 1_000],
    ['2026-01-31T23:59:59.9991+00:00', noon + 12 * 3_600_000],
  ]
  for (const [text, ms] of rounded) it(`rounds up ${text}`, () => assert.equal(parseRfc3339(text), ms))

  const refused = [
    '',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-01-31T12:00Z',
    '2026-01-31T12:00:00.Z',
    '2026-1-31T12:00:00Z',
    '2026-01-31T12:00:00+0100',
    '2026-01-31T12:00:00+01',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00+01:60',
    '2026-01-31T12:00:00ZZ',
    ' 2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00Z\n',
    '+002026-01-31T12:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '2016-12-31T23:59:60Z',
    '1769860800',
    '٢٠٢٦-01-31T12:00:00Z',
  ]
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseRfc3339(text), undefined))
  }

  it('lets a time before 1970 or beyond 9999 be seen as one that is not ours', () => {
    for (const text of ['1969-12-31T23:59:59.999Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59.9991Z']) {
      const ms = parseRfc3339(text)
      assert.equal(typeof ms, 'number', text)
      assert.equal(isTimeMs(ms), false, text)
    }
  })

  it('reads back every time that it writes', (t) => {
    const property = fc.property(fc.integer({ min: 0, max: limits.MAX_TIME_MS }), (ms) => {
      assert.equal(parseRfc3339(formatRfc3339(ms)), ms)
    })
    checkSeeded(t, property, 2_000)
  })

  it('never throws, whatever the text', (t) => {
    const shapes = fc.stringMatching(/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/)
    const property = fc.property(fc.oneof(shapes, fc.string({ unit: 'binary' })), (text) => {
      const ms = parseRfc3339(text)
      assert.ok(ms === undefined || Number.isSafeInteger(ms))
    })
    checkSeeded(t, property, 5_000)
  })
})

describe('time: NumericDate', () => {
  it('converts seconds, and names the whole second in which an instant lies', () => {
    assert.equal(numericDateToMs(1_769_860_800), 1_769_860_800_000)
    assert.equal(numericDateToMs(1.5), 1_500)
    assert.equal(msToNumericDate(1_769_860_800_999), 1_769_860_800)
    assert.equal(msToNumericDate(1_769_860_800_000), 1_769_860_800)
  })

  it('counts as a time only what is an integer between 1970 and 9999', () => {
    for (const ms of [0, 1, limits.MAX_TIME_MS]) assert.equal(isTimeMs(ms), true)
    for (const ms of [-1, 0.5, limits.MAX_TIME_MS + 1, Number.NaN, Infinity, '0', null, undefined, 1n]) {
      assert.equal(isTimeMs(ms), false)
    }
  })
})
