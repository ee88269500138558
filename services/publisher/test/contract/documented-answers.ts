import { kindOf } from './check-answer.ts'
import { type Answer, CALLS, DOCUMENT, type MediaType, resolve } from './document.ts'

/** One kind of answer that the document promises, and what it shows of it. */
export interface DocumentedAnswer {
  readonly kind: string
  /** By name: what the document shows as really sent. */
  readonly examples: ReadonlyMap<string, unknown>
}

/** Every kind of answer that the document promises: each problem, each other answer, and each header of them. */
export function documentedAnswers(): DocumentedAnswer[] {
  const ofCalls = CALLS.flatMap(({ method, path, operation }) =>
    Object.entries(operation.responses).flatMap(([status, answer]) =>
      answersOf(`${method} ${path}`, status, resolve(answer, '').value),
    ),
  )
  const beside = Object.entries({ not_found: '404', method_not_allowed: '405' }).flatMap(([name, status]) =>
    answersOf('beside all calls', status, DOCUMENT.components.responses[name] as Answer),
  )
  return [...ofCalls, ...beside]
}

function answersOf(call: string, status: string, { headers = {}, content }: Answer): DocumentedAnswer[] {
  const ofHeaders = Object.keys(headers).map((name) => ({ kind: kindOf(call, status, name), examples: new Map() }))
  if (content === undefined) return [...ofHeaders, { kind: kindOf(call, status), examples: new Map() }]
  const ofBodies = Object.entries(content).flatMap(([type, media]): DocumentedAnswer[] => {
    const examples = examplesOf(media)
    if (type !== 'application/problem+json') return [{ kind: kindOf(call, status), examples }]
    return codesOf(media).map((code) => ({ kind: kindOf(call, status, code), examples: only(examples, code) }))
  })
  return [...ofHeaders, ...ofBodies]
}

/** The examples of a body or an answer, by name. */
export function examplesOf({ examples = {} }: MediaType): Map<string, unknown> {
  return new Map(Object.entries(examples).map(([name, example]) => [name, resolve(example, '').value.value]))
}

/** The codes that a description of problems allows. */
export function codesOf({ schema }: MediaType): readonly string[] {
  const { allOf } = schema as { allOf: readonly { properties?: { code?: { enum: readonly string[] } } }[] }
  return allOf.flatMap(({ properties }) => properties?.code?.enum ?? [])
}

function only(examples: ReadonlyMap<string, unknown>, code: string): Map<string, unknown> {
  return new Map([...examples].filter(([, value]) => (value as { code: string }).code === code))
}
