import { formatCursor } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import type { FastifyInstance } from 'fastify'
import { checkToken } from '../check-token.ts'
import { entityTag, isNoneMatch } from '../entity-tag.ts'
import { bodyOf } from '../json-body.ts'
import type { Replicas } from '../replicas.ts'
import type { Snapshots } from '../snapshots.ts'

/** What the calls that only read need. */
export interface ReadParts {
  readonly replica: Replica
  readonly replicas: Replicas
  readonly snapshots: Snapshots
}

/** `POST /v1/check`, `GET /v1/replicas`, and `GET` and `HEAD /v1/snapshot`. */
export function readRoutes(app: FastifyInstance, { replica, replicas, snapshots }: ReadParts): void {
  const config = { scope: 'revocations:read' } as const
  app.post('/v1/check', { config }, (request, reply) => {
    const answer = checkToken(bodyOf(request).value, replica)
    return reply.header('cache-control', 'no-store').send(answer)
  })
  app.get('/v1/replicas', { config }, (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ replicas: replicas.list() })
  })
  snapshotRoute(app, snapshots)
}

function snapshotRoute(app: FastifyInstance, snapshots: Snapshots): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/v1/snapshot',
    config: { scope: 'snapshot:read' },
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
