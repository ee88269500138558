import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as shapes from '../src/answer-shapes.ts'
import type { LiftRequest, Question, RevocationRequest } from '../src/index.ts'
import type { ObjectShape, Shape } from '../src/shapes.ts'

/**
 * The types are written by hand. The compiler holds each shape to its type; these tests hold the shapes to the document
 * that the publisher serves.
 */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
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

const ANSWERS: Readonly<Record<string, ObjectShape>> = {
  RevocationAnswer: shapes.REVOCATION,
  RevocationsAnswer: shapes.REVOCATIONS,
  LiftAnswer: shapes.LIFT,
  DryLiftAnswer: shapes.DRY_LIFT,
  DryRunAnswer: shapes.DRY_RUN,
  ListAnswer: shapes.PAGE,
  ListedRevocation: shapes.LISTED,
  ShownRevocation: shapes.SHOWN,
  CheckAnswer: shapes.CHECK,
  ReplicaAnswer: shapes.REPLICA,
  ReplicasAnswer: shapes.REPLICAS,
  Readiness: shapes.READINESS,
}

for (const [name, shape] of Object.entries(ANSWERS)) {
  test(`${name} has the fields that openapi.json describes`, () => {
    const { properties = {}, required = [] } = DOCUMENT.components.schemas[name] ?? assert.fail(`no schema ${name}`)
    for (const field of Object.keys(properties)) {
      assert.ok(Object.hasOwn(shape.fields, field), `openapi.json describes ${field}: add it to answers.ts`)
    }
    for (const [field, known] of Object.entries(shape.fields)) {
      if ('optional' in known) continue
      assert.ok(required.includes(field), `openapi.json does not promise ${field}: make it optional in answers.ts`)
    }
  })
}

/** Which calls answer with what. */
const CALLS: readonly (readonly [string, string, Shape])[] = [
  ['post', '/v1/revocations', shapes.REVOCATIONS],
  ['post', '/v1/lifts', shapes.LIFT],
  ['post', '/v1/check', shapes.CHECK],
  ['get', '/v1/replicas', shapes.REPLICAS],
  ['get', '/readyz', shapes.READINESS],
]

test('every example of an answer is of the shape that the client takes', () => {
  let seen = 0
  for (const [method, path, shape] of CALLS) {
    for (const answer of Object.values(DOCUMENT.paths[path]?.[method]?.responses ?? {})) {
      for (const [name, { value }] of Object.entries(answer.content?.['application/json']?.examples ?? {})) {
        const isDryRun = Object.hasOwn(Object(value), 'dryRun')
        const dry = path === '/v1/lifts' ? shapes.DRY_LIFT : shapes.DRY_RUN
        assert.equal((isDryRun ? dry : shape).wrong(value, ''), undefined, `${path} ${name}`)
        seen += 1
      }
    }
  }
  assert.ok(seen >= 8, `${seen} examples were found`)
})

type Keys<T> = T extends unknown ? keyof T : never

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
  const lift: Record<Keys<LiftRequest>, true> = { iss: true, match: true, mode: true, note: true, id: true, all: true }
  const question: Record<keyof Question, true> = { claims: true, header: true }
  for (const [name, fields] of Object.entries({
    Revocation: revocation,
    LiftOfMatch: lift,
    LiftById: lift,
    Question: question,
  })) {
    for (const field of Object.keys(DOCUMENT.components.schemas[name]?.properties ?? assert.fail(name))) {
      assert.ok(Object.hasOwn(fields, field), `openapi.json takes ${field} in ${name}: add it to requests.ts`)
    }
  }
  assert.deepEqual(
    Object.keys(revocation).sort(),
    Object.keys(DOCUMENT.components.schemas.Revocation?.properties ?? {}).sort(),
  )
})

test('a shape finds what is missing, and what is of another kind', () => {
  const good = { verdict: { kind: 'active' } }
  assert.equal(shapes.CHECK.wrong(good, ''), undefined)
  assert.equal(shapes.CHECK.wrong({}, ''), '/verdict is missing')
  assert.equal(shapes.CHECK.wrong([], ''), 'it is no object')
  assert.equal(shapes.CHECK.wrong({ ...good, causes: [{}] }, ''), '/causes/0/id is missing')
  assert.equal(shapes.REPLICAS.wrong({ replicas: 1 }, ''), '/replicas is no array')
})
