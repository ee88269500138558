import { type Clock, formatCursor } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import type { FastifyInstance } from 'fastify'
import { checkToken } from '../check-token.ts'
import { entityTag, isNoneMatch } from '../entity-tag.ts'
import { bodyOf } from '../json-body.ts'
import { routeOf } from '../openapi/call.ts'
import { CHECK } from '../openapi/check.ts'
import { DISMISS_REPLICA, REPLICAS } from '../openapi/replica.ts'
import { GET_SNAPSHOT } from '../openapi/snapshot.ts'
import type { Principal } from '../principal.ts'
import { Problem } from '../problems.ts'
import type { Replicas } from '../replicas.ts'
import type { Snapshots } from '../snapshots.ts'
import type { Store } from '../store/store.ts'

/** What the calls that only read need. */
export interface ReadParts {
  readonly replica: Replica
  readonly replicas: Replicas
  readonly snapshots: Snapshots
  readonly store: Pick<Store, 'causes' | 'write'>
}

/** `POST /v1/check`, `GET /v1/replicas`, `DELETE /v1/replicas/{id}`, and `GET` and `HEAD /v1/snapshot`. */
export function readRoutes(app: FastifyInstance, parts: ReadParts, clock: Clock): void {
  const { replica, replicas, snapshots, store } = parts
  app.route({
    ...routeOf(CHECK),
    async handler(request, reply) {
      const answer = await checkToken(bodyOf(request).value, { replica, store, clock })
      return reply.header('cache-control', 'no-store').send(answer)
    },
  })
  app.route({
    ...routeOf(REPLICAS),
    handler(_request, reply) {
      const answer = { replicas: replicas.list() }
      return reply.header('cache-control', 'no-store').send(answer)
    },
  })
  app.route({
    ...routeOf(DISMISS_REPLICA),
    async handler(request, reply) {
      const { id } = request.params as { id: string }
      const timeMs = clock.now()
      const found = [...replicas.known()].find(({ presence }) => presence.replica === id)
      const unknown = () => new Problem('not_found', 'no replica with this id is known')
      if (found === undefined) throw unknown()
      const { name: principal, signOn } = request.principal as Principal
      const detail = `replica ${found.presence.name}, ${id}`
      const done = { action: 'dismiss', outcome: 'dismissed', ids: [], count: 0, detail } as const
      // Before it is done: nobody is dismissed of whom the record says nothing.
      await store.write({ audit: [{ timeMs, principal, signOn, ...done }] }, { sync: true })
      if (!replicas.dismiss(id)) throw unknown()
      request.log.info({ principal: request.principal?.name, replica: id }, 'a replica was dismissed')
      return reply.code(204).send()
    },
  })
  snapshotRoute(app, snapshots)
}

function snapshotRoute(app: FastifyInstance, snapshots: Snapshots): void {
  app.route({
    ...routeOf(GET_SNAPSHOT),
    method: ['GET', 'HEAD'],
    async handler(request, reply) {
      // A client that has it already costs no build.
      const cursor = snapshots.cursor()
      if (isNoneMatch(request.headers['if-none-match'], entityTag(cursor))) {
        return reply.code(304).header('etag', entityTag(cursor)).send()
      }
      const built = await snapshots.current()
      reply
        .type('application/octet-stream')
        .header('etag', entityTag(built.cursor))
        .header('rescind-cursor', formatCursor(built.cursor))
        .header('cache-control', 'no-cache')
        .header('content-length', built.bytes.byteLength)
      return request.method === 'HEAD'
        ? reply.send()
        : reply.send(Buffer.from(built.bytes.buffer, built.bytes.byteOffset, built.bytes.byteLength))
    },
  })
}
