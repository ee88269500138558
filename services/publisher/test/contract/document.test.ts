import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { validate } from '@readme/openapi-parser'
import { memoryLog } from '@rescind/log'
import { systemClock } from '@rescind/protocol'
import { openApiText } from '../../src/openapi/document.ts'
import { PROBLEMS } from '../../src/problems.ts'
import { ISSUERS, withPublisher } from '../harness.ts'
import {
  type Answer,
  CALLS,
  COMMITTED,
  DOCUMENT,
  escapePointer,
  type MediaType,
  mistakesBy,
  resolve,
} from './document.ts'
import { documentedAnswers, examplesOf } from './documented-answers.ts'

const SOURCE = new URL('../../src/', import.meta.url)

test('the committed document is the one that the source describes', () => {
  assert.ok(readFileSync(COMMITTED, 'utf8') === openApiText(), 'run `pnpm openapi`, look at the difference, commit it')
})

test('it is valid OpenAPI 3.1', async () => {
  const result = await validate(JSON.parse(openApiText()))
  assert.ok(result.valid, JSON.stringify('errors' in result ? result.errors : []))
})

test('every schema in it is valid JSON Schema', () => {
  for (const name of Object.keys(DOCUMENT.components.schemas)) {
    assert.doesNotThrow(() => mistakesBy(`/components/schemas/${name}`, {}), name)
  }
})

test('its version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal(DOCUMENT.info.version, version)
})

test('every route is made of a description that is in the document', () => {
  const source = readFileSync(new URL('openapi/document.ts', SOURCE), 'utf8')
  const listed: readonly string[] = /const CALLS[^=]+= \[([^\]]+)\]/.exec(source)?.[1]?.match(/\w+/g) ?? []
  for (const name of readdirSync(new URL('routes/', SOURCE))) {
    const text = readFileSync(new URL(`routes/${name}`, SOURCE), 'utf8')
    const made = [...text.matchAll(/\.route\(\{\s*\.\.\.routeOf\((\w+)\)/g)].map(([, call]) => call)
    const routes = text.match(/\bapp\.(route|get|head|post|put|patch|delete|all)\(/g) ?? []
    assert.equal(made.length, routes.length, `${name}: make each route of routeOf(…)`)
    for (const call of made) assert.ok(call && listed.includes(call), `${call} is missing in CALLS of document.ts`)
  }
})

test('every code of a problem is described, with an example for each place where it can come', () => {
  const codes = new Set<string>()
  for (const { kind, examples } of documentedAnswers()) {
    for (const value of examples.values()) codes.add((value as { code?: string }).code ?? '')
    const code = kind.split(' ').at(-1) ?? ''
    if (Object.hasOwn(PROBLEMS, code)) assert.ok(examples.size > 0, `${kind} has no example`)
  }
  for (const code of Object.keys(PROBLEMS))
    assert.ok(codes.has(code), `no call answers ${code}: say which in refusals.ts`)
})

function* mediaTypes(): Generator<{ at: string; media: MediaType }> {
  for (const { at, operation } of CALLS) {
    const bodies = Object.entries(operation.requestBody?.content ?? {})
    for (const [type, media] of bodies) yield { at: `${at}/requestBody/content/${escapePointer(type)}`, media }
    for (const [status, answer] of Object.entries(operation.responses)) {
      const { value, at: answerAt } = resolve<Answer>(answer, `${at}/responses/${status}`)
      for (const [type, media] of Object.entries(value.content ?? {})) {
        yield { at: `${answerAt}/content/${escapePointer(type)}`, media }
      }
    }
  }
}

test('every example is as its schema says', () => {
  let seen = 0
  for (const { at, media } of mediaTypes()) {
    for (const [name, value] of examplesOf(media)) {
      seen++
      assert.deepEqual(mistakesBy(`${at}/schema`, value), [], `${at}: ${name}`)
    }
  }
  assert.ok(seen > 80, `${seen} examples were found`)
})

/** The time of the examples: the publisher that is to take them as they stand lives then. */
const EXAMPLES_AT_MS = Date.parse('2026-01-31T12:00:00.400Z')

test('every example of a request is taken as it stands', async () => {
  const startedMs = systemClock.monotonic()
  const now = () => EXAMPLES_AT_MS + Math.floor(systemClock.monotonic() - startedMs)
  const clock = { now, monotonic: () => systemClock.monotonic() }
  const config = { issuers: ISSUERS.slice(0, 1) }
  await withPublisher({ clock, log: memoryLog({ clock }), config }, async (harness) => {
    for (const { method, path, operation } of CALLS) {
      for (const media of Object.values(operation.requestBody?.content ?? {})) {
        for (const [name, given] of examplesOf(media)) {
          // A lift by id needs one that is there, and that stands alone.
          const id = name === 'by_id' && (await harness.revoke({ match: { sid: 's-7' } })).body.revocations[0].id
          const { status, text } = await harness.call(method, path, { body: id ? { ...(given as object), id } : given })
          const expected = name === 'expired_already' || !('201' in operation.responses) ? 200 : 201
          assert.equal(status, expected, `${path} ${name}: ${text}`)
        }
      }
    }
  })
})

test('fields that exclude each other are refused by the schema as they are by the publisher', () =>
  withPublisher({}, async (harness) => {
    const until = '2026-01-31T12:00:00Z'
    const bodies = [
      { match: { sub: 'ann' }, mode: 'block', issuedBefore: until },
      { match: { jti: 'j' }, mode: 'cutoff', tokenExp: 1 },
      { match: { sub: 'ann' }, tokenExp: 1 },
      { match: { sub: 'ann' }, mode: 'cutoff', until },
      { match: { jti: 'j' }, until },
      { match: { kid: 'k' }, mode: 'cutoff' },
      { match: { kid: 'k', sub: 'ann' } },
      { match: { kid: 1 } },
    ].map((body) => ({ iss: ISSUERS[0]?.iss, ...body }))
    for (const body of bodies) {
      assert.equal((await harness.revoke(body)).status, 422)
      assert.notDeepEqual(mistakesBy('/components/schemas/Revocation', body), [], JSON.stringify(body))
    }
  }))

test('it is served as it is committed, to everyone, and once to whoever has it already', () =>
  withPublisher({}, async (harness) => {
    const { status, text, headers } = await harness.call('GET', '/openapi.json', { key: '' })
    assert.equal(status, 200)
    assert.ok(text === readFileSync(COMMITTED, 'utf8'), 'the bytes are the same')
    assert.match(headers.get('content-type') ?? '', /^application\/json/)
    const again = await harness.call('GET', '/openapi.json', { headers: { 'if-none-match': headers.get('etag') } })
    assert.deepEqual([again.status, again.text], [304, ''])
    assert.equal((await harness.call('POST', '/openapi.json')).headers.get('allow'), 'GET, HEAD')
  }))
