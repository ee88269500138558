import { limits, type Mistake } from '@rescind/protocol'
import { PROBLEMS, type ProblemBody, type ProblemCode } from '../problems.ts'
import type { Call } from './call.ts'
import { describeHeaders, type HeaderName } from './headers.ts'
import { answerObject, ref, type Schema } from './json-schema.ts'
import { examplesOf } from './problem-examples.ts'
import { refusalsOf, UNREAD } from './refusals.ts'

const CODES = Object.keys(PROBLEMS) as readonly ProblemCode[]

/** What every refusal is. */
export const PROBLEM_SCHEMAS = {
  Problem: answerObject<ProblemBody>(
    'A refusal (RFC 9457). Match on `code`: it is stable.',
    {
      type: { type: 'string', pattern: '^urn:rescind:problem:[a-z_]+$', description: 'Names the code as a URI.' },
      title: { type: 'string', description: 'What the code means, for people.' },
      status: { type: 'integer', description: 'The status of the answer.' },
      code: { enum: CODES },
      detail: { type: 'string', minLength: 1, description: 'What happened this time, and what to do about it.' },
      errors: {
        description: `All mistakes of the request, up to ${limits.MAX_MISTAKES}.`,
        type: 'array',
        items: ref('Mistake'),
        minItems: 1,
        maxItems: limits.MAX_MISTAKES,
      },
    },
    ['errors'],
  ),
  Mistake: answerObject<Mistake>('One thing wrong with a request.', {
    pointer: {
      type: 'string',
      pattern: '^(/([^~]|~[01])*)?$',
      description: 'Where in the body (RFC 6901); empty for the whole of it, and for what is not in the body.',
    },
    code: { type: 'string', pattern: '^[a-z_]+$', description: 'Stable.' },
    detail: { type: 'string', minLength: 1, description: 'What is wrong, and what to do about it.' },
  }),
} as const satisfies Record<string, Schema>

/** Headers that come with a problem, by code. */
const HEADERS_OF: Readonly<Partial<Record<ProblemCode, HeaderName>>> = {
  credentials_required: 'WWW-Authenticate',
  invalid_credentials: 'WWW-Authenticate',
  insufficient_scope: 'WWW-Authenticate',
  method_not_allowed: 'Allow',
  idempotency_key_in_use: 'Retry-After',
  rate_limited: 'Retry-After',
}

function headerOf(code: ProblemCode): HeaderName | undefined {
  return PROBLEMS[code][0] === 503 ? 'Retry-After' : HEADERS_OF[code]
}

/** The answer in which one of some problems is told, all of one status. */
export function describeProblems(codes: readonly ProblemCode[], call: Pick<Call, 'scope' | 'said'>): Schema {
  const status = PROBLEMS[codes[0] as ProblemCode][0]
  const narrowed = { properties: { status: { const: status }, code: { enum: codes } } }
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(' '),
    ...headersOf(codes),
    content: {
      'application/problem+json': {
        schema: { allOf: [ref('Problem'), narrowed] },
        examples: Object.assign({}, ...codes.map((code) => examplesOf(code, call))),
      },
    },
  }
}

function headersOf(codes: readonly ProblemCode[]): { headers?: Schema } {
  const names = codes.flatMap((code) => headerOf(code) ?? [])
  if (names.length === 0) return {}
  const given = [...new Set(names)].map((name) => [name, codes.every((code) => headerOf(code) === name)])
  return { headers: describeHeaders(Object.fromEntries(given)) }
}

/** The codes that a call may answer, by their status. */
function codesByStatus(call: Call): Map<number, ProblemCode[]> {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of refusalsOf(call)) {
    const [status] = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return byStatus
}

/** What calls of one kind have in common is told once for all; what is a call's own stands at the call. */
function isShared(call: Call, status: number, codes: readonly ProblemCode[]): boolean {
  const isOwn =
    status in call.answers || codes.some((code) => call.refusals.includes(code) || call.said?.[code] !== undefined)
  return call.method !== 'HEAD' && !isOwn
}

function sharedName(codes: readonly ProblemCode[], scope: Call['scope']): string {
  const name = codes.join('_or_')
  if (scope === undefined) return name
  if (codes.includes('rate_limited')) return `${name}.principal`
  return codes.includes('insufficient_scope') ? `${name}.${scope.replace(':', '-')}` : name
}

/** All refusals of a call by status. The answer to a `HEAD` has no body, unless nobody knew that it was one. */
export function problemAnswers(call: Call): Record<string, Schema> {
  const answers: Record<string, Schema> = {}
  for (const [status, codes] of codesByStatus(call)) {
    const { content, ...head } = describeProblems(codes, call)
    const hasBody = call.method !== 'HEAD' || codes.every((code) => UNREAD.has(code))
    if (isShared(call, status, codes)) {
      answers[status] = { $ref: `#/components/responses/${sharedName(codes, call.scope)}` }
    } else answers[status] = hasBody ? { ...head, content } : head
  }
  return answers
}

/** What {@link problemAnswers} refers to, for the document's components. */
export function sharedProblems(calls: readonly Call[]): Schema {
  const shared: Record<string, Schema> = {}
  for (const call of calls) {
    for (const [status, codes] of codesByStatus(call)) {
      if (isShared(call, status, codes)) shared[sharedName(codes, call.scope)] = describeProblems(codes, call)
    }
  }
  return shared
}
