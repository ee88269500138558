import type { Clock } from '@rescind/protocol'
import type { FastifyInstance } from 'fastify'
import { listAnswer } from '../fact-answers.ts'
import { parseListQuery } from '../list-query.ts'
import { type LookUpParts, noRevocation, showRevocation } from '../look-up.ts'
import { routeOf } from '../openapi/call.ts'
import { LIST, SHOW } from '../openapi/listed.ts'
import { Problem } from '../problems.ts'
import type { Store } from '../store/store.ts'

/** What the calls that look revocations up need. */
export interface ListParts extends LookUpParts {
  readonly store: LookUpParts['store'] & Pick<Store, 'list'>
  readonly clock: Clock
}

/** `GET /v1/revocations` and `GET /v1/revocations/{id}`. */
export function listRoutes(app: FastifyInstance, parts: ListParts): void {
  app.route({
    ...routeOf(LIST),
    async handler(request, reply) {
      const query = parseListQuery(request.query as Record<string, unknown>, parts.clock.now())
      const page = await parts.store.list(query)
      return reply.header('cache-control', 'no-store').send(listAnswer(page))
    },
  })
  app.route({
    ...routeOf(SHOW),
    async handler(request, reply) {
      const { id } = request.params as { id: string }
      const shown = await showRevocation(parts, id, parts.clock.now())
      if (shown === undefined) throw new Problem('not_found', noRevocation(id))
      return reply.header('cache-control', 'no-store').send(shown)
    },
  })
}
