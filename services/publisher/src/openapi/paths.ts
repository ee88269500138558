import { IDEMPOTENCY_KEPT_MS, MAX_IDEMPOTENCY_KEY_LENGTH } from '../limits.ts'
import type { Answer, Call, Parameter } from './call.ts'
import { describeHeaders } from './headers.ts'
import type { Schema } from './json-schema.ts'
import { problemAnswers } from './problem.ts'

const HOURS_KEPT = IDEMPOTENCY_KEPT_MS / 3_600_000

const IDEMPOTENCY_KEY: Readonly<Record<string, Parameter>> = {
  'Idempotency-Key': {
    description: `Makes a repetition harmless: the first answer comes again. It says what was decided then. Answers are kept on disk for ${HOURS_KEPT} hours, for each principal apart. Another publisher knows the facts by the log, and answers with them; refusals are not kept.`,
    schema: { type: 'string', minLength: 1, maxLength: MAX_IDEMPOTENCY_KEY_LENGTH, pattern: '^[\\x21-\\x7e]+$' },
    example: 'order-7',
  },
}

/** The calls as OpenAPI's paths. */
export function describePaths(calls: readonly Call[]): Schema {
  const paths: Record<string, Record<string, Schema>> = {}
  for (const call of calls) paths[call.path] = { ...paths[call.path], [call.method.toLowerCase()]: describe(call) }
  return paths
}

function describe(call: Call): Schema {
  const { tag, operationId, summary, description, scope, pathParameters, query, headers, body, otherBodies, appends } =
    call
  const parameters = [
    ...parametersIn('path', pathParameters).map((parameter) => ({ ...parameter, required: true })),
    ...parametersIn('query', query),
    ...parametersIn('header', { ...(appends && IDEMPOTENCY_KEY), ...headers }),
  ]
  return {
    tags: [tag],
    operationId,
    summary,
    description,
    security: scope ? [{ bearer: [scope] }] : [],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: describeBody(body, otherBodies) }),
    responses: describeAnswers(call),
  }
}

function describeBody({ description, ...content }: NonNullable<Call['body']>, others: Call['otherBodies']): Schema {
  return { description, required: true, content: { 'application/json': content, ...others } }
}

function parametersIn(where: string, given: Readonly<Record<string, Parameter>> = {}): Schema[] {
  return Object.entries(given).map(([name, { prefix, ...parameter }]) => {
    // Each property of the object is a parameter of its own.
    const spread = prefix === undefined ? {} : { style: 'form', explode: true }
    return { name, in: where, ...parameter, ...spread }
  })
}

/** By status. One status may tell of two things, and have a media type for each. */
function describeAnswers(call: Call): Schema {
  const problems = problemAnswers(call)
  const answers: Record<string, Schema> = { ...problems }
  for (const [status, answer] of Object.entries(call.answers)) {
    const own = describeAnswer(answer)
    const problem = problems[status]
    answers[status] = problem ? either(own, problem) : own
  }
  return answers
}

function describeAnswer({ description, headers, content }: Answer): Schema {
  return { description, ...(headers && { headers: describeHeaders(headers) }), ...(content && { content }) }
}

/** No header is in both for sure. */
function either(own: Schema, problem: Schema): Schema {
  const headers = Object.entries({ ...(own.headers as object), ...(problem.headers as object) })
  return {
    description: `${own.description} Or a problem: ${problem.description}`,
    headers: Object.fromEntries(headers.map(([name, header]) => [name, { ...(header as object), required: false }])),
    content: { ...(own.content as object), ...(problem.content as object) },
  }
}
