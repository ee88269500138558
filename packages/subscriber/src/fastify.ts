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

const CHECKED = Symbol('rescind.checked')
type Checked = FastifyRequest & { [CHECKED]?: true }

/**
 * Refuses requests whose verified token was revoked, in the `preHandler` phase of every route of the instance: verify in
 * `onRequest` or `preValidation`. A route that verifies only later would never be checked; such a request is answered
 * with an error rather than served, so the mistake shows on the first try.
 */
export const fastifyRescind: FastifyPluginCallback<FastifyRescindOptions> = fastifyPlugin<FastifyRescindOptions>(
  (app, options, done) => {
    const getToken = options.getToken ?? userOf
    app.addHook('preHandler', async (request: Checked, reply) => {
      const token = getToken(request)
      if (token === undefined) return
      request[CHECKED] = true
      const refusal = options.replica.refusal(token, options.whenUnknown ? { whenUnknown: options.whenUnknown } : {})
      if (refusal) return send(reply, refusalResponse(refusal, options))
    })
    app.addHook('onSend', async (request: Checked, reply) => {
      if (reply.statusCode < 400) assertChecked(request, getToken)
    })
    done()
  },
  { name: '@rescind/subscriber/fastify', fastify: '5.x' },
)

function assertChecked(request: Checked, getToken: (request: FastifyRequest) => VerifiedToken | undefined): void {
  if (request[CHECKED] || getToken(request) === undefined) return
  throw new Error(
    'the token of this request was verified after the check for revocations: verify in onRequest or preValidation',
  )
}

function send(reply: FastifyReply, { status, headers, body }: ReturnType<typeof refusalResponse>): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** `@fastify/jwt` leaves the payload, or with `complete: true` header and payload. */
function userOf(request: FastifyRequest): VerifiedToken | undefined {
  const user = (request as { user?: unknown }).user
  if (typeof user !== 'object' || user === null) return undefined
  const { header, payload } = user as { header?: unknown; payload?: unknown }
  if (isRecord(header) && isRecord(payload)) return { payload, protectedHeader: header }
  return { payload: user as Record<string, unknown> }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
