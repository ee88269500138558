import assert from 'node:assert/strict'
import { type Answer, callOf, DOCUMENT, type DocumentedCall, escapePointer, mistakesBy, resolve } from './document.ts'

/** An answer as it came over HTTP, and to what. */
export interface Given {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Headers that are HTTP's own. */
const FRAMING = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'])

/** Every kind of answer that was given in this process, with the bodies that came in it. */
export const ANSWERS_GIVEN = new Map<string, Set<string>>()

/** Names one kind of answer: a call, a status, and the code of a problem. */
export function kindOf(call: string, status: number | string, code = ''): string {
  return [call, status, code].filter((part) => part !== '').join(' ')
}

/** Holds an answer to the document: its status, media type, body and headers are described there, and as described. */
export function checkAnswer(given: Given): void {
  const path = given.path.split('?', 1)[0] ?? ''
  const called = callOf(given.method, path)
  // Whoever describes a GET has described its HEAD, too.
  const call = called ?? (given.method === 'HEAD' ? callOf('GET', path) : undefined)
  const name = called
    ? `${given.method} ${called.path}`
    : call
      ? `${given.method} as GET ${call.path}`
      : 'beside all calls'
  const what = `${given.method} ${given.path} was answered ${given.status} ${given.text.slice(0, 300)}: `
  const { value: answer, at } = call ? answerOf(call, given.status) : answerBeside(path, given.status)
  assert.ok(answer, `${what}openapi.json does not describe this answer`)

  checkHeaders(answer, at, given, name, what)
  const code = checkBody(answer, at, given, what)
  note(kindOf(name, given.status, code), given.text)
}

function answerOf({ operation, at }: DocumentedCall, status: number): { value: Answer | undefined; at: string } {
  return resolve(operation.responses[status], `${at}/responses/${status}`)
}

function answerBeside(path: string, status: number): { value: Answer | undefined; at: string } {
  const code = DOCUMENT.paths[path] ? 'method_not_allowed' : 'not_found'
  const answer = DOCUMENT.components.responses[code] as Answer
  return {
    value: status === (code === 'not_found' ? 404 : 405) ? answer : undefined,
    at: `/components/responses/${code}`,
  }
}

function checkHeaders(answer: Answer, at: string, { headers, status }: Given, name: string, what: string): void {
  const described = Object.entries(answer.headers ?? {})
  for (const [header, { required, schema }] of described) {
    const text = headers.get(header)
    if (text === null) {
      assert.ok(!required, `${what}the header ${header} is missing`)
      continue
    }
    const value = schema.type === 'integer' ? Number(text) : text
    const wrong = mistakesBy(`${at}/headers/${header}/schema`, value)
    assert.deepEqual(wrong, [], `${what}the header ${header} is ${text}`)
    note(kindOf(name, status, header), '')
  }
  const known = new Set(described.map(([header]) => header.toLowerCase()))
  const strange = [...headers.keys()].filter((header) => !known.has(header) && !FRAMING.has(header))
  assert.deepEqual(strange, [], `${what}headers that openapi.json does not describe`)
}

/** Returns the code of a problem. */
function checkBody(answer: Answer, at: string, { method, headers, text }: Given, what: string): string | undefined {
  if (text === '') {
    const mayBeEmpty = answer.content === undefined || 'application/x-ndjson' in answer.content
    assert.ok(method === 'HEAD' || mayBeEmpty, `${what}the body is missing`)
    return undefined
  }
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  assert.ok(answer.content?.[type], `${what}openapi.json describes no ${type || 'body without a media type'}`)
  const schema = `${at}/content/${escapePointer(type)}/schema`
  if (type === 'application/x-ndjson') {
    for (const line of text.split('\n').filter(Boolean)) {
      assert.deepEqual(mistakesBy(schema, JSON.parse(line)), [], `${what}the line ${line} is not as described`)
    }
    return undefined
  }
  if (!type.endsWith('json')) return undefined
  const body = JSON.parse(text) as { code?: string }
  const wrong = mistakesBy(schema, body)
  assert.deepEqual(wrong, [], `${what}the body is not as described`)
  return type === 'application/problem+json' ? body.code : undefined
}

function note(kind: string, text: string): void {
  const bodies = ANSWERS_GIVEN.get(kind) ?? new Set()
  ANSWERS_GIVEN.set(kind, bodies.add(text))
}
