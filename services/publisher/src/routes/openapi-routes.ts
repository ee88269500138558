import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { isNoneMatch } from '../entity-tag.ts'
import { routeOf } from '../openapi/call.ts'
import { openApiText } from '../openapi/document.ts'
import { GET_OPENAPI } from '../openapi/openapi-call.ts'

/** `GET /openapi.json`: the same bytes for the life of the process, so that whoever has them gets 304. */
export function openApiRoutes(app: FastifyInstance): void {
  const text = openApiText()
  const tag = `"${createHash('sha256').update(text).digest('base64url')}"`

  app.route({
    ...routeOf(GET_OPENAPI),
    handler(request, reply) {
      reply.header('etag', tag)
      if (isNoneMatch(request.headers['if-none-match'], tag)) return reply.code(304).send()
      return reply.header('cache-control', 'no-cache').type('application/json').send(text)
    },
  })
}
