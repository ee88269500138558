import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const SPEC = readFileSync(join(ROOT, 'packages/protocol/SPEC.md'), 'utf8')

/** A path as section 8 writes it, from the top of the repository. */
function pathOf(written: string): string {
  return join(ROOT, written.startsWith('protocol/') ? `packages/${written}` : written)
}

/** What is wrong with a row of section 8: files, functions and tests that are not there. */
function mistakesIn(row: string): string[] {
  const [, rule = '', where = '', held = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim())
  const mistakes: string[] = []
  const source = /^`([^`]+)`/.exec(where)?.[1] ?? ''
  if (!existsSync(pathOf(source))) mistakes.push(`${rule}: there is no ${source}`)
  const [, file = '', name = ''] = /^`([^`]+)`: "(.*)"$/.exec(held) ?? []
  if (name === '') mistakes.push(`${rule}: it names no test, but ${held}`)
  else if (!existsSync(pathOf(file))) mistakes.push(`${rule}: there is no ${file}`)
  else {
    const text = readFileSync(pathOf(file), 'utf8').replaceAll("\\'", "'")
    if (!text.includes(name.replaceAll('\\_', '_'))) mistakes.push(`${rule}: ${file} has no test "${name}"`)
  }
  return mistakes
}

test('every rule of SPEC.md has its row, and every row names a file and a test that are there', () => {
  const section = SPEC.split(/^## /m).find((text) => text.startsWith('8. ')) ?? ''
  const rows = section.split('\n').filter((line) => /^\| (?!-|rule |what )/.test(line))
  const [first] = SPEC.split(/^## 8\. /m)
  const rules = [...(first?.matchAll(/^- \*\*(R\d+) /gm) ?? [])].map(([, rule]) => rule)
  assert.equal(rules.length, 22)
  assert.deepEqual(
    rules.filter((rule) => !rows.some((row) => row.startsWith(`| ${rule} `))),
    [],
  )
  assert.deepEqual(rows.flatMap(mistakesIn), [])
})

test('a row that names what is not there is found', () => {
  const spec = 'packages/protocol/test/spec.test.ts'
  assert.equal(mistakesIn(`| R1 | \`protocol/src/gone.ts\` | \`${spec}\`: "gone" | it is gone |`).length, 2)
  assert.equal(mistakesIn('| R1 | `protocol/src/frame.ts` | not kept yet | |').length, 1)
})
