import type { Fact, Revocation } from '@rescind/protocol'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { liftAnswer, type RevocationsAnswer, revocationAnswer } from '../answers.ts'
import { isDryRun, prove, waitWish } from '../enforcement.ts'
import type { Answer, IdempotentAnswers, RequestHashes } from '../idempotency.ts'
import { bodyOf } from '../json-body.ts'
import { dryLift, lift, liftedWith } from '../lift.ts'
import { WINDOW_GROUPS } from '../limits.ts'
import { routeOf } from '../openapi/call.ts'
import { LIFT } from '../openapi/lift.ts'
import { REVOKE } from '../openapi/revocation.ts'
import type { Principal } from '../principal.ts'
import type { Publishing } from '../publishing.ts'
import { dryRevoke, revoke } from '../revoke.ts'
import type { KnownRequest } from '../store/store.ts'
import { hasLines, takeLines, Uploads } from './upload-route.ts'

/** `POST /v1/revocations` and `POST /v1/lifts`: the two calls that write. */
export function writeRoutes(app: FastifyInstance, publishing: Publishing, answers: IdempotentAnswers): void {
  takeLines(app)
  const uploads = new Uploads(publishing, answers)
  app.route({
    ...routeOf(REVOKE),
    handler: (request, reply) => {
      if (hasLines(request)) return uploads.take(request, reply)
      if (isDryRun(request)) return answerDry(request, reply, dryRevoke)
      return answerOnce(request, reply, async (body, principal, hashes) => {
        const wish = waitWish(request)
        const answer = await prove(await revoke(body, principal, publishing, hashes), wish, publishing.receipts)
        const { state, cursor, revocations } = answer
        if (state === 'enforced') publishing.metrics.countFacts('revocation', 'enforced', revocations.length)
        audit(request, principal, { state, revocations: revocations.length, cursor })
        return toAnswer(answer)
      })
    },
  })

  app.route({
    ...routeOf(LIFT),
    handler: (request, reply) => {
      if (isDryRun(request)) return answerDry(request, reply, dryLift)
      return answerOnce(request, reply, async (body, principal, hashes) => {
        const wish = waitWish(request)
        const answer = await prove(await lift(body, principal, publishing, hashes), wish, publishing.receipts)
        audit(request, principal, { state: answer.state, lift: answer.lift.id, cursor: answer.cursor })
        return toAnswer(answer)
      })
    },
  })

  /** Of an idempotency key nothing is remembered: the same request may follow, and then it counts. */
  async function answerDry(
    request: FastifyRequest,
    reply: FastifyReply,
    run: (body: unknown, principal: Principal, parts: Publishing) => Promise<object>,
  ): Promise<FastifyReply> {
    const answer = await run(bodyOf(request).value, request.principal as Principal, publishing)
    return reply.code(200).send(answer)
  }

  async function answerOnce(
    request: FastifyRequest,
    reply: FastifyReply,
    produce: (body: unknown, principal: Principal, hashes: RequestHashes | undefined) => Promise<Answer>,
  ): Promise<FastifyReply> {
    const { bytes, value } = bodyOf(request)
    const principal = request.principal as Principal
    const key = request.headers['idempotency-key']
    const keyed = { principal: principal.id, key, route: `${request.method} ${request.routeOptions.url}`, bytes }
    const { answer, replayed } = await answers.once(
      keyed,
      (hashes) => produce(value, principal, hashes),
      (known) => rebuilt(known, publishing),
    )
    if (replayed) reply.header('idempotency-replayed', 'true')
    return reply.code(answer.status).type('application/json').send(answer.payload)
  }
}

const STATUS = { nothing_to_do: 200, broadcast: 201, enforced: 201, recorded: 202 } as const

function toAnswer(answer: { readonly state: keyof typeof STATUS }): Answer {
  return { status: STATUS[answer.state], payload: JSON.stringify(answer) }
}

/**
 * The answer to a request whose facts are known and whose first answer is not: another publisher gave it, or none was
 * given because the process ended. Undefined if the facts are gone.
 */
async function rebuilt({ ids, cursor }: KnownRequest, publishing: Publishing): Promise<Answer | undefined> {
  const { store } = publishing
  const waiting = cursor === undefined ? await waitingFacts(new Set(ids), store) : new Map<string, Fact>()
  const known = await Promise.all(ids.map(async (id) => waiting.get(id) ?? (await store.byId(id))[0]?.fact))
  const facts = known.filter((fact) => fact !== undefined)
  const [first] = facts
  if (first?.kind === 'lift') {
    const lifted = await liftedWith(first, cursor !== undefined, publishing)
    return toAnswer(liftAnswer(first, cursor, lifted))
  }
  if (first?.kind !== 'revocation') return undefined
  const revocations = (facts as readonly Revocation[]).map((fact) => revocationAnswer(fact, cursor !== undefined))
  return toAnswer({
    state: cursor ? 'broadcast' : 'recorded',
    ...(cursor && { cursor }),
    revocations,
  } as RevocationsAnswer)
}

/** Asked before the facts of the log: what waits no longer is among those by then. */
async function waitingFacts(ids: ReadonlySet<string>, store: Publishing['store']): Promise<ReadonlyMap<string, Fact>> {
  const found = new Map<string, Fact>()
  for (let after = 0; found.size < ids.size; ) {
    const groups = await store.waiting(after, WINDOW_GROUPS)
    if (groups.length === 0) break
    for (const fact of groups.flatMap(({ facts }) => facts)) {
      if (fact.kind !== 'issuer' && ids.has(fact.id)) found.set(fact.id, fact)
    }
    after = groups.at(-1)?.order ?? after
  }
  return found
}

/** Who did what, and where it stands; never what the claims were. */
function audit(request: FastifyRequest, principal: Principal, fields: object): void {
  request.log.info(
    { principal: principal.name, ...fields, signOn: principal.signOn },
    `${request.method} ${request.routeOptions.url}`,
  )
}
