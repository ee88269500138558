import type { Mistake } from '@rescind/protocol'
import type { Scope } from '../principal.ts'
import type { ProblemCode } from '../problems.ts'
import type { HeaderName } from './headers.ts'
import type { Schema } from './json-schema.ts'

/** One example of a body, as it is really sent. */
export interface Example {
  readonly summary: string
  readonly value: unknown
}

/** What a body is, in one media type. */
export interface Content {
  readonly schema: Schema
  readonly examples?: Readonly<Record<string, Example>>
}

/** One answer that is no problem: its headers and its body, if it has one. */
export interface Answer {
  readonly description: string
  /** `true`: always there; `false`: sometimes. */
  readonly headers?: Readonly<Partial<Record<HeaderName, boolean>>>
  /** By media type. */
  readonly content?: Readonly<Record<string, Content>>
}

/** A query parameter or a header of a request; all are optional. */
export interface Parameter {
  readonly description: string
  readonly schema: Schema
  /** The name alone is enough: `?verbose`. */
  readonly allowEmptyValue?: true
  readonly example?: string
  /** It stands for all parameters that begin so; the schema is that of an object of them. */
  readonly prefix?: string
}

/** One call: what the router needs to serve it, and what the document says of it. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** A `{name}` in it is described by `pathParameters`. */
  readonly path: string
  readonly operationId: string
  readonly tag: 'revocations' | 'replicas' | 'health'
  readonly summary: string
  readonly description: string
  /** What a principal needs for it; a call without one is open to all. */
  readonly scope?: Scope
  /** What the path names. */
  readonly pathParameters?: Readonly<Record<string, Parameter>>
  /** Query parameters that it takes. All others are refused. */
  readonly query?: Readonly<Record<string, Parameter>>
  /** Headers that change what it does. */
  readonly headers?: Readonly<Record<string, Parameter>>
  /** The JSON body that it wants. */
  readonly body?: Content & { readonly description: string }
  /** Bodies of other media types that it takes instead. */
  readonly otherBodies?: Readonly<Record<string, Content>>
  /** It writes to the log, and can be repeated under an `Idempotency-Key`. */
  readonly appends?: true
  /** By status: what it answers when nothing is refused. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Problems that are its own, beside those that `refusals.ts` gives to calls of its kind. */
  readonly refusals: readonly ProblemCode[]
  /** What it says itself with some of them, as it is really sent; of others there is an example for all calls. */
  readonly said?: Readonly<Partial<Record<ProblemCode, Said>>>
}

/** What one refusal says beside its code. */
export interface Said {
  readonly detail: string
  readonly errors?: readonly Mistake[]
}

/** What Fastify needs of a call beside its handler. */
export function routeOf({ method, path, scope, query }: Call) {
  const url = path.replace(/\{(\w+)\}/g, ':$1')
  return { method, url, config: { query: namesOf(query), ...(scope && { scope }) } }
}

function namesOf(query: Call['query'] = {}): string[] {
  return Object.entries(query).map(([name, { prefix }]) => (prefix === undefined ? name : `${prefix}*`))
}
