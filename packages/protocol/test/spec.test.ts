import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeFrame, encodeFrame, encodeMatch } from '@rescind/protocol'

const SPEC = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
const TOP = new URL('../../../', import.meta.url)

/** The part of SPEC.md between a heading and the next one of any level. */
function section(heading: string): string {
  const start = SPEC.indexOf(`\n${heading}\n`)
  assert.ok(start >= 0, `SPEC.md has no heading "${heading}"`)
  return SPEC.slice(start + heading.length + 1).split(/\n#+ /)[0] ?? ''
}

/** Cells of all tables in a text, without their heads. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '))
  const body = lines.filter((line, index) => !/^\| ---/.test(line) && !/^\| ---/.test(lines[index + 1] ?? ''))
  return body.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
}

const json = (cell: string | undefined) => JSON.parse((cell ?? '').replace(/^`|`$/g, ''))

describe('SPEC.md', () => {
  it('the canonical encoding is what the test vectors say', () => {
    const vectors = rows(section('### Canonical encoding of a match'))
    assert.ok(vectors.length >= 20, `${vectors.length} vectors`)
    for (const [iss, match, encoding, sha256] of vectors) {
      const encoded = encodeMatch(json(iss), json(match))
      assert.equal(encoded, json(encoding))
      assert.equal(`\`${createHash('sha256').update(encoded, 'utf8').digest('hex')}\``, sha256)
    }
  })

  it('a frame has the bytes that are written down', () => {
    const [header = '', body = ''] = /```frame\n(.*)\n(.*)\n```/.exec(SPEC)?.slice(1) ?? []
    const bytes = Buffer.concat([Buffer.from(header, 'hex'), Buffer.from(body, 'utf8')])
    const frame = decodeFrame(bytes)
    assert.equal(frame.facts.length, 1)
    assert.deepEqual(Buffer.from(encodeFrame(frame)), bytes)
  })

  it('states every rule once, and says of every rule how it is enforced', () => {
    const stated = [...SPEC.matchAll(/^- \*\*(R\d+) \(/gm)].map(([, rule]) => rule)
    const all = Array.from({ length: 22 }, (_, i) => `R${i + 1}`)
    assert.deepEqual(stated, all)
    const enforced = new Set(enforcement().map(([rule]) => rule))
    assert.deepEqual(
      all.filter((rule) => !enforced.has(rule)),
      [],
    )
  })

  it('names tests that exist, and a break for each', () => {
    const named = enforcement().flatMap(([rule, , test = '', broken = '']) => {
      const [, path, name] = /^`(.+)`: "(.+)"$/.exec(test.replaceAll('\\_', '_')) ?? []
      if (path !== undefined && name !== undefined) return [{ rule, path, name, broken }]
      assert.match(test, /^not kept yet: \[Gaps\]/, `${rule}: neither a test nor a gap`)
      return []
    })
    for (const { rule, path, name, broken } of named) {
      const file = readFileSync(new URL(path.replace(/^protocol\//, 'packages/protocol/'), TOP), 'utf8')
      assert.ok(file.includes(name), `${rule}: ${path} has no test "${name}"`)
      assert.ok(broken.length > 2, `${rule}: no break for "${name}"`)
    }
  })

  it('tells the fourteen worked examples', () => {
    const numbers = rows(section('## 6. Worked examples')).map(([number]) => number)
    assert.deepEqual(
      numbers,
      Array.from({ length: 14 }, (_, i) => `${i + 1}`),
    )
  })
})

function enforcement(): string[][] {
  return rows(section('## 8. How each rule is enforced'))
}
