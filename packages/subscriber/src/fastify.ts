import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type RefusalOptions, refusalResponse } from './http.ts'
import type { VerifiedToken } from './index.ts'
import type { Replica, WhenUnknown } from './replica-types.ts'

/** Options of {@link fastifyRescind}. */
export interface FastifyRescindOptions extends RefusalOptions {
  readonly replica: Replica
  /**
   * The token that was verified for this request, or undefined if the request carries none (a public route). Default:
   * what `@fastify/jwt` leaves in `request.user`, with `complete: true` or without. The token must be verified (R8).
   */
  readonly getToken?: (request: FastifyRequest) => VerifiedToken | undefined
  /** Overrides the replica's policy. */
  readonly whenUnknown?: WhenUnknown
}

/** What the hook before the handler found: a token, which it checked, or none. */
const FOUND = Symbol('rescind.found')
type Asked = FastifyRequest & { [FOUND]?: 'token' | 'none' }

/**
 * Refuses requests whose verified token was revoked, in the `preHandler` phase of every route of the instance: verify in
 * `onRequest` or `preValidation`. A route that verifies only later would never be checked. Its handler has run by the
 * time that this shows; what it answers through Fastify is replaced by an error, and what it wrote by itself (`hijack`,
 * `raw`) is followed by an error in the log, so that the mistake shows on the first try.
 */
export const fastifyRescind: FastifyPluginCallback<FastifyRescindOptions> = fastifyPlugin<FastifyRescindOptions>(
  (app, options, done) => {
    const getToken = options.getToken ?? userOf
    let hasWarned = false
    app.addHook('preHandler', async (request: Asked, reply) => {
      const token = getToken(request)
      request[FOUND] = token === undefined ? 'none' : 'token'
      if (token === undefined) return
      if (token.protectedHeader === undefined && !hasWarned) {
        hasWarned = true
        request.log.warn(NO_HEADER)
      }
      const refusal = options.replica.refusal(token, options.whenUnknown ? { whenUnknown: options.whenUnknown } : {})
      if (refusal) return send(reply, refusalResponse(refusal, options))
    })
    const isLate = (request: Asked): boolean => request[FOUND] === 'none' && getToken(request) !== undefined
    app.addHook('onSend', async (request: Asked) => {
      if (isLate(request)) throw Object.assign(new Error(TOO_LATE), { statusCode: 500 })
    })
    app.addHook('onResponse', async (request: Asked, reply) => {
      if (isLate(request) && reply.statusCode !== 500) request.log.error({ route: request.routeOptions.url }, TOO_LATE)
    })
    done()
  },
  { name: '@rescind/subscriber/fastify', fastify: '5.x' },
)

const TOO_LATE =
  'the token of this request was verified after the check for revocations: verify in onRequest or preValidation'

const NO_HEADER =
  'tokens come without their header, so all of an issuer are unknown (503) while one of its keys is revoked: verify with @fastify/jwt by { complete: true }, or give the header in getToken'

function send(reply: FastifyReply, { status, headers, body }: ReturnType<typeof refusalResponse>): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** `@fastify/jwt` leaves the payload; or with `complete: true` header, payload, signature and input, and nothing else. */
function userOf(request: FastifyRequest): VerifiedToken | undefined {
  const user = (request as { user?: unknown }).user
  if (typeof user !== 'object' || user === null) return undefined
  const { header, payload, signature: _, input: __, ...claims } = user as Record<string, unknown>
  // A payload may have claims of these names: whoever can set them must not choose what is checked.
  if (Object.keys(claims).length === 0 && isRecord(header) && isRecord(payload))
    return { payload, protectedHeader: header }
  return { payload: user as Record<string, unknown> }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
