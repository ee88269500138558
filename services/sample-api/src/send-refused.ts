import type { Refused } from '@rescind/verifier'
import type { FastifyReply } from 'fastify'

/** Answers a refused request: RFC 6750 section 3 in the header, RFC 9457 in the body. */
export function sendRefused(reply: FastifyReply, refused: Refused): FastifyReply {
  const { status, code, detail, challenge, retryAfterSec } = refused
  if (challenge !== '') reply.header('WWW-Authenticate', challenge)
  if (retryAfterSec !== undefined) reply.header('Retry-After', retryAfterSec)
  return reply
    .code(status)
    .header('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send({ type: `urn:rescind:problem:${code}`, title: detail, status, code })
}
