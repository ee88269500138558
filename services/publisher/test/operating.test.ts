import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits, UNKNOWN_CAUSES } from '@rescind/protocol'
import { LISTEN_BEFORE_NEWER_FRAMES_MS, MAX_ISSUERS, MAX_KEYS, MAX_WAITING_BYTES } from '../src/limits.ts'
import { withPublisher } from './harness.ts'

const ROOM = join(import.meta.dirname, '..')
const TEXT = readFileSync(join(ROOM, 'OPERATING.md'), 'utf8')

/** The first cells of the tables in a section, without their code marks. */
function rowsOf(section: number): string[] {
  const text = TEXT.split(/^## /m)[section] ?? ''
  assert.ok(text.startsWith(`${section}. `))
  return text.split('\n').flatMap((line) => /^\| `?([^|`]+?)`? +\|/.exec(line)?.[1] ?? [])
}

test('R18: every cause of unknown has its line, and no other has', () => {
  assert.deepEqual(rowsOf(6).slice(2), [...UNKNOWN_CAUSES])
})

test('every check of readiness has its line', async () => {
  await withPublisher({}, async (harness) => {
    const { body } = await harness.call('GET', '/readyz?verbose')
    const names = body.checks.map(({ name }: { name: string }) => name)
    assert.deepEqual([...new Set(rowsOf(5).slice(2))], names)
  })
})

test('what it links to is there', () => {
  const paths = [...TEXT.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, path = '']) => path)
  assert.ok(paths.length > 5)
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(ROOM, path))),
    [],
  )
})

test('every script that it names is one', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOM, '../../package.json'), 'utf8'))
  const named = [...TEXT.matchAll(/\b((?:bench|test):[a-z]+(?:-[a-z]+)*)/g)].map(([, name = '']) => name)
  assert.ok(named.length > 5)
  assert.deepEqual(
    named.filter((name) => scripts[name] === undefined),
    [],
  )
})

test('the limits that it states are the limits', () => {
  const english = (value: number) => value.toLocaleString('en')
  const { MAX_ENTRIES, MAX_SNAPSHOT_BYTES, MAX_FACTS_PER_FRAME, MAX_REPLICAS, MAX_MESSAGE_BYTES } = limits
  for (const value of [MAX_ENTRIES, MAX_SNAPSHOT_BYTES, MAX_FACTS_PER_FRAME, MAX_REPLICAS, MAX_MESSAGE_BYTES]) {
    assert.ok(TEXT.includes(english(value)), english(value))
  }
  assert.ok(TEXT.includes(`| ${MAX_ISSUERS}, ${english(MAX_KEYS)} `))
  assert.ok(TEXT.includes(`| ${MAX_WAITING_BYTES / 2 ** 20} MiB `))
  assert.ok(TEXT.includes(`less than ${LISTEN_BEFORE_NEWER_FRAMES_MS / 60_000} minutes`))
})
