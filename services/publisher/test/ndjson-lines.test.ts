import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NdjsonLine, ndjsonLines } from '../src/ndjson-lines.ts'

async function linesOf(chunks: readonly Uint8Array[], maxBytes = 100): Promise<NdjsonLine[]> {
  const lines: NdjsonLine[] = []
  for await (const line of ndjsonLines(stream(chunks), maxBytes)) lines.push(line)
  return lines
}

async function* stream(chunks: readonly Uint8Array[]) {
  yield* chunks
}

/** The same bytes, cut after every `size` of them. */
function cut(text: string | Uint8Array, size: number): Uint8Array[] {
  const bytes = Buffer.from(text)
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}

test('lines are the same however the bytes are cut; empty ones count and are left out', async () => {
  const text = '{"a":"ä"}\n\n  \r\n[1]\r\nnull\n"last"'
  const expected = [
    { line: 1, value: { a: 'ä' } },
    { line: 4, value: [1] },
    { line: 5, value: null },
    { line: 6, value: 'last' },
  ]
  for (const size of [1, 2, 3, 7, 1_000]) assert.deepEqual(await linesOf(cut(text, size)), expected, `${size}`)
})

test('what is no JSON, no UTF-8, or too long is told by its line, and the next one is read', async () => {
  const long = `"${'x'.repeat(200)}"`
  const bytes = Buffer.concat([
    Buffer.from(`{"a":}\n${long}\n`),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from('7\n'),
  ])
  for (const size of [1, 64, 1_000]) {
    const lines = await linesOf(cut(bytes, size))
    assert.deepEqual(
      lines.map(({ line, refused, value }) => [line, refused ?? value]),
      [
        [1, 'invalid_json'],
        [2, 'line_too_long'],
        [3, 'invalid_json'],
        [4, 7],
      ],
    )
    assert.match(lines[2]?.detail ?? '', /not well-formed UTF-8/, 'R1: no byte is replaced')
  }
})

test('a line of exactly the bound is read, one byte more is not', async () => {
  const [fits, over] = await linesOf([Buffer.from(`"${'x'.repeat(98)}"\n"${'x'.repeat(99)}"\n`)])
  assert.equal(fits?.value, 'x'.repeat(98))
  assert.equal(over?.refused, 'line_too_long')
})
