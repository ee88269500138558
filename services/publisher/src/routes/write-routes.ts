import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { prove, waitWish } from '../enforcement.ts'
import type { IdempotentAnswers } from '../idempotency.ts'
import { bodyOf } from '../json-body.ts'
import { lift } from '../lift.ts'
import { routeOf } from '../openapi/call.ts'
import { LIFT } from '../openapi/lift.ts'
import { REVOKE } from '../openapi/revocation.ts'
import type { Principal } from '../principal.ts'
import { Problem } from '../problems.ts'
import type { Publishing } from '../publishing.ts'
import { revoke } from '../revoke.ts'

/** `POST /v1/revocations` and `POST /v1/lifts`: the two calls that write. */
export function writeRoutes(app: FastifyInstance, publishing: Publishing, answers: IdempotentAnswers): void {
  refuseLines(app)
  app.route({
    ...routeOf(REVOKE),
    handler: (request, reply) =>
      answerOnce(request, reply, async (body, principal) => {
        const wish = waitWish(request)
        const answer = await prove(await revoke(body, principal, publishing), wish, publishing.receipts)
        const { state, cursor, revocations } = answer
        audit(request, principal, { state, revocations: revocations.length, cursor })
        return { status: state === 'nothing_to_do' ? 200 : 201, payload: JSON.stringify(answer) }
      }),
  })

  app.route({
    ...routeOf(LIFT),
    handler: (request, reply) =>
      answerOnce(request, reply, async (body, principal) => {
        const wish = waitWish(request)
        const answer = await prove(await lift(body, principal, publishing), wish, publishing.receipts)
        audit(request, principal, { state: answer.state, lift: answer.lift.id, cursor: answer.cursor })
        return { status: 201, payload: JSON.stringify(answer) }
      }),
  })

  async function answerOnce(
    request: FastifyRequest,
    reply: FastifyReply,
    produce: (body: unknown, principal: Principal) => Promise<{ status: number; payload: string }>,
  ): Promise<FastifyReply> {
    const { bytes, value } = bodyOf(request)
    const principal = request.principal as Principal
    const key = request.headers['idempotency-key']
    const keyed = { principal: principal.id, key, route: `${request.method} ${request.routeOptions.url}`, bytes }
    const { answer, replayed } = await answers.once(keyed, () => produce(value, principal))
    if (replayed) reply.header('idempotency-replayed', 'true')
    return reply.code(answer.status).type('application/json').send(answer.payload)
  }
}

/** Who did what, and where it stands; never what the claims were. */
function audit(request: FastifyRequest, principal: Principal, fields: object): void {
  request.log.info(
    { principal: principal.name, ...fields, signOn: principal.signOn },
    `${request.method} ${request.routeOptions.url}`,
  )
}

/** A stream of lines is refused by name and unread, instead of as one more media type that we do not know. */
function refuseLines(app: FastifyInstance): void {
  app.addContentTypeParser('application/x-ndjson', (request, _payload, done) => {
    if (request.routeOptions.url === REVOKE.path) {
      const detail = 'application/x-ndjson is not supported by this release: send a JSON array'
      done(new Problem('not_supported', detail, { errors: [{ pointer: '', code: 'not_supported', detail }] }))
    } else done(new Problem('unsupported_media_type', 'send "Content-Type: application/json"'))
  })
}
