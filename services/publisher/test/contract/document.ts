import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** Where the document is committed. */
export const COMMITTED = new URL('../../openapi.json', import.meta.url)

export interface MediaType {
  readonly schema: object
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>
}

export interface Answer {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly required: boolean; readonly schema: { type?: string } }>>
  readonly content?: Readonly<Record<string, MediaType>>
}

export interface Operation {
  readonly operationId: string
  readonly security: readonly { readonly bearer?: readonly string[] }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, Answer>>
}

/** One call of the document. `at` is the JSON pointer of its description. */
export interface DocumentedCall {
  readonly method: string
  readonly path: string
  readonly at: string
  readonly operation: Operation
}

/** The document as it is committed: that it is what the source describes has a test of its own. */
export const DOCUMENT = JSON.parse(readFileSync(COMMITTED, 'utf8')) as {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<'schemas' | 'responses' | 'examples', Readonly<Record<string, unknown>>>>
}

/** Every call that the document describes. */
export const CALLS: readonly DocumentedCall[] = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    at: `/paths/${escapePointer(path)}/${method}`,
    operation,
  })),
)

/** The call that takes a request, if one does: a `{name}` in its path stands for anything in that place. */
export function callOf(method: string, path: string): DocumentedCall | undefined {
  return CALLS.find((call) => call.method === method && isAt(call.path, path))
}

function isAt(template: string, path: string): boolean {
  if (!template.includes('{')) return template === path
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
}

/** Follows a reference, if this is one, and tells where the thing really stands. */
export function resolve<T>(value: T, at: string): { value: T; at: string } {
  const target = (value as { $ref?: string } | undefined)?.$ref
  if (target === undefined) return { value, at }
  const found = target
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (node as Record<string, unknown>)[name.replaceAll('~1', '/')], DOCUMENT)
  return { value: found as T, at: target.slice(1) }
}

/** One step of a JSON pointer (RFC 6901). */
export function escapePointer(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}

const NAME = 'openapi'
const validators = new Map<string, ValidateFunction>()
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false })
formats.default(ajv)
// The schemas stand inside a document that is none itself.
ajv.addVocabulary(Object.keys(DOCUMENT))
ajv.addSchema(closed(DOCUMENT) as object, NAME)

/** What is wrong with a value by the schema at a JSON pointer of the document; empty if nothing is. */
export function mistakesBy(pointer: string, value: unknown): string[] {
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: `${NAME}#${encodeURI(pointer)}` })
  validators.set(pointer, validate)
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath || 'it'} ${message} ${JSON.stringify(params)}`
  })
}

/**
 * The document allows fields that a later release adds to an answer; this release must not send one that is not
 * described. So every object with named fields is closed, unless it only narrows another one.
 */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]))
  const isObject = copy.type === 'object' && typeof copy.properties === 'object'
  return isObject && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy
}
