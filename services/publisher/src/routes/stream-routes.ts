import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { Clock } from '@rescind/protocol'
import type { FastifyInstance } from 'fastify'
import type { EventStreams } from '../event-streams.ts'
import { auditAnswer } from '../fact-answers.ts'
import { AUDIT_CHUNK } from '../limits.ts'
import { parseTimeRange } from '../list-query.ts'
import { routeOf } from '../openapi/call.ts'
import { AUDIT, EVENTS } from '../openapi/streams.ts'
import type { Principal } from '../principal.ts'
import type { AuditEntry, Store } from '../store/store.ts'

/** What the calls need whose answers go on. */
export interface StreamParts {
  readonly events: EventStreams
  readonly store: Pick<Store, 'audit'>
  readonly clock: Clock
}

/** `GET /v1/events` and `GET /v1/audit`. */
export function streamRoutes(app: FastifyInstance, { events, store, clock }: StreamParts): void {
  app.route({
    ...routeOf(EVENTS),
    method: ['GET', 'HEAD'],
    async handler(request, reply) {
      const principal = request.principal as Principal
      const openedAtMs = clock.monotonic()
      const isHead = request.method === 'HEAD'
      const out = isHead ? undefined : events.open(principal, [request.headers['last-event-id']].flat()[0])
      reply.type('text/event-stream').header('cache-control', 'no-store')
      if (out === undefined) return reply.send()
      const log = { principal: principal.name }
      request.log.info(log, 'a stream of events begins')
      out.once('close', () => {
        const seconds = Math.round((clock.monotonic() - openedAtMs) / 1_000)
        request.log.info({ ...log, seconds }, 'a stream of events has ended')
      })
      return reply.send(out)
    },
  })

  app.route({
    ...routeOf(AUDIT),
    method: ['GET', 'HEAD'],
    async handler(request, reply) {
      // Up to now: a record that goes on growing has an end.
      const { fromMs, toMs = clock.now() + 1 } = parseTimeRange(request.query as Record<string, unknown>)
      const range = { ...(fromMs !== undefined && { fromMs }), toMs }
      const principal = request.principal as Principal
      const out = Readable.from(request.method === 'HEAD' ? [] : auditLines(store.audit(range), principal), {
        objectMode: false,
      })
      events.admit(out)
      out.once('error', (error) => request.log.warn({ err: error }, 'an audit was cut off'))
      // A disk that fails at once is a refusal; later it can only cut the answer off.
      await Promise.race([once(out, 'readable'), once(out, 'end')])
      return reply.type('application/x-ndjson').header('cache-control', 'no-store').send(out)
    },
  })
}

/** As lines, a few at a time; no faster than they are read. */
async function* auditLines(entries: AsyncIterable<AuditEntry>, principal: Principal): AsyncGenerator<string> {
  let lines = ''
  for await (const entry of entries) {
    lines += `${JSON.stringify(auditAnswer(entry))}\n`
    if (lines.length < AUDIT_CHUNK) continue
    yield lines
    lines = ''
    // R22: a long answer outlives the look at its token.
    principal.confirm?.()
  }
  if (lines !== '') yield lines
}
