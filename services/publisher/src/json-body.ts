import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problems.ts'

/** A body as it came, and what it says. Of neither is anything trusted but that it is JSON in UTF-8. */
export interface JsonBody {
  readonly bytes: Buffer
  readonly value: unknown
}

/**
 * The only parser: `application/json`. An ill-formed byte is refused, not replaced, so that two claim values never become
 * one (R1). `__proto__` is left as the ordinary own property that `JSON.parse` makes of it: our parsers refuse it by
 * name where it matters. A BOM is no JSON (RFC 8259 section 8.1).
 */
export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      const body: JsonBody = { bytes, value: JSON.parse(text) }
      done(null, body)
    } catch (cause) {
      const why = cause instanceof SyntaxError ? cause.message : 'not well-formed UTF-8'
      done(new Problem('invalid_json', `the body is not JSON: ${why}`, { cause }))
    }
  })
}

/** The body of a request whose route wants one. */
export function bodyOf(request: FastifyRequest): JsonBody {
  const body = request.body as JsonBody | undefined | null
  if (body === undefined || body === null) {
    throw new Problem('invalid_json', 'send a body, with "Content-Type: application/json"')
  }
  return body
}
