import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as shapes from '../src/answer-shapes.ts'
import type { LiftRequest, Question, RevocationRequest } from '../src/index.ts'
import type { ObjectShape, Shape } from '../src/shapes.ts'
import { LIFT_EVENT } from '../src/watch.ts'

/**
 * The types are written by hand. The compiler holds each shape to its type; these tests hold the shapes to the document
 * that the publisher serves.
 */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly { readonly $ref?: string }[]
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, MediaType>> }>>
}

interface MediaType {
  readonly examples?: Readonly<Record<string, { readonly value?: unknown }>>
}

const DOCUMENT = JSON.parse(
  readFileSync(new URL('../../../services/publisher/openapi.json', import.meta.url), 'utf8'),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** By the name of their schema. */
const ANSWERS: Readonly<Record<string, ObjectShape>> = {
  RevocationAnswer: shapes.REVOCATION,
  RevocationsAnswer: shapes.REVOCATIONS,
  CausingRevocation: shapes.CAUSING,
  ListedRevocation: shapes.LISTED,
  ListAnswer: shapes.PAGE,
  ShownRevocation: shapes.SHOWN,
  PlannedRevocation: shapes.PLANNED,
  DryRunAnswer: shapes.DRY_RUN,
  LiftAnswer: shapes.LIFT,
  DryLiftAnswer: shapes.DRY_LIFT,
  LiftEvent: LIFT_EVENT,
  Receipt: shapes.RECEIPT,
  CheckAnswer: shapes.CHECK,
  ReplicaAnswer: shapes.REPLICA,
  ReplicasAnswer: shapes.REPLICAS,
  Readiness: shapes.READINESS,
  AuditEntry: shapes.AUDIT_ENTRY,
}

for (const [name, shape] of Object.entries(ANSWERS)) {
  test(`${name} has the fields that openapi.json describes`, () => {
    const { properties = {}, required = [] } = DOCUMENT.components.schemas[name] ?? assert.fail(`no schema ${name}`)
    for (const field of Object.keys(properties)) {
      assert.ok(Object.hasOwn(shape.fields, field), `openapi.json describes ${field}: add it to answers.ts`)
    }
    for (const [field, known] of Object.entries(shape.fields)) {
      const isOptional = 'optional' in known
      assert.ok(Object.hasOwn(properties, field), `openapi.json knows no ${field}: take it out of answers.ts`)
      assert.equal(isOptional, !required.includes(field), `${field} is optional in one of openapi.json and answers.ts`)
    }
  })
}

/** Which calls answer with what, and to a dry run. */
const CALLS: readonly (readonly [string, string, Shape, Shape?])[] = [
  ['post', '/v1/revocations', shapes.REVOCATIONS, shapes.DRY_RUN],
  ['get', '/v1/revocations', shapes.PAGE],
  ['get', '/v1/revocations/{id}', shapes.SHOWN],
  ['post', '/v1/lifts', shapes.LIFT, shapes.DRY_LIFT],
  ['post', '/v1/check', shapes.CHECK],
  ['get', '/v1/replicas', shapes.REPLICAS],
  ['get', '/readyz', shapes.READINESS],
]

test('every example of an answer is of the shape that the client takes', () => {
  for (const [method, path, shape, dryRun] of CALLS) {
    const names: string[] = []
    for (const answer of Object.values(DOCUMENT.paths[path]?.[method]?.responses ?? {})) {
      for (const [name, { value }] of Object.entries(answer.content?.['application/json']?.examples ?? {})) {
        const expected = name === 'dry_run' ? (dryRun ?? assert.fail(`${path} answers no dry run`)) : shape
        assert.equal(expected.wrong(value, ''), undefined, `${path} ${name}`)
        names.push(name)
      }
    }
    assert.equal(names.includes('dry_run'), dryRun !== undefined, path)
    assert.ok(names.length > (dryRun ? 1 : 0), `${method} ${path} has no example`)
  }
})

test('no answer of JSON is left out', () => {
  // What an orchestrator asks, and the document itself, are no calls of the client.
  const others = ['get /livez', 'get /openapi.json']
  const all = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.values(responses).some(({ content }) => content?.['application/json']) ? [`${method} ${path}`] : [],
    ),
  )
  assert.deepEqual(all.sort(), [...CALLS.map(([method, path]) => `${method} ${path}`), ...others].sort())
})

test('requests have the fields that openapi.json takes', () => {
  // The compiler demands each field of the types.
  const revocation: Record<keyof RevocationRequest, true> = {
    iss: true,
    match: true,
    mode: true,
    reason: true,
    issuedBefore: true,
    except: true,
    tokenExp: true,
    until: true,
    note: true,
    onBehalfOf: true,
    confirm: true,
  }
  const match: Record<keyof Extract<LiftRequest, { match: unknown }>, true> = {
    iss: true,
    match: true,
    mode: true,
    note: true,
  }
  const id: Record<keyof Extract<LiftRequest, { id: string }>, true> = { id: true, all: true, note: true }
  const question: Record<keyof Question, true> = { claims: true, header: true }
  const requests = { Revocation: revocation, LiftOfMatch: match, LiftById: id, Question: question }
  for (const [name, fields] of Object.entries(requests)) {
    const { properties = assert.fail(name) } = DOCUMENT.components.schemas[name] ?? {}
    assert.deepEqual(Object.keys(fields).sort(), Object.keys(properties).sort(), name)
  }
  assert.deepEqual(
    DOCUMENT.components.schemas.Lift?.oneOf?.map(({ $ref }) => $ref?.split('/').at(-1)),
    ['LiftOfMatch', 'LiftById'],
  )
})

test('a shape finds what is missing, and what is of another kind', () => {
  const good = { verdict: { kind: 'active' } }
  assert.equal(shapes.CHECK.wrong({ ...good, causes: [] }, ''), undefined)
  assert.equal(shapes.CHECK.wrong({}, ''), '/verdict is missing')
  assert.equal(shapes.CHECK.wrong([], ''), 'it is no object')
  assert.equal(shapes.CHECK.wrong({ ...good, causes: [{}] }, ''), '/causes/0/id is missing')
  assert.equal(shapes.REPLICAS.wrong({ replicas: 1 }, ''), '/replicas is no array')
})
