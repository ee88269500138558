import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { fastifyRescind } from '../src/fastify.ts'
import type { Replica, VerifiedToken } from '../src/index.ts'
import { refusalOf } from '../src/refusal.ts'

/** Only what the plugin touches: it refuses whoever is called "mallory", and does not know "unknown". */
const replica = {
  refusal: ({ payload }: VerifiedToken, options?: { whenUnknown?: 'reject' | 'accept' }) => {
    if (payload.sub === 'mallory') {
      return refusalOf({ kind: 'revoked', reason: 'other', mode: 'block', claims: ['sub'] }, 'reject')
    }
    const known = payload.sub !== 'unknown'
    return refusalOf(known ? { kind: 'active' } : { kind: 'unknown', cause: 'stale' }, options?.whenUnknown ?? 'reject')
  },
} as Replica

function app(context: TestContext, options: object = {}, logger: object | false = false): FastifyInstance {
  const instance = Fastify({ logger })
  context.after(() => instance.close())
  instance.decorateRequest('user')
  instance.register(fastifyRescind, { replica, realm: 'api', ...options })
  return instance
}

/** Stands for a verifier: the Authorization header is the subject. */
const verify = async (request: object): Promise<void> => {
  const { headers } = request as { headers: { authorization?: string } }
  if (headers.authorization) Object.assign(request, { user: { sub: headers.authorization } })
}

describe('fastifyRescind', () => {
  it('serves a token that is active, and a public route without a token', async (context) => {
    const instance = app(context)
    instance.get('/', { onRequest: verify }, async () => 'served')
    assert.equal((await instance.inject({ url: '/', headers: { authorization: 'ann' } })).body, 'served')
    assert.equal((await instance.inject({ url: '/' })).body, 'served')
  })

  it('R18: 401 with a challenge for a revoked token; the handler does not run', async (context) => {
    let ran = false
    const instance = app(context)
    instance.get('/', { onRequest: verify }, async () => {
      ran = true
    })
    const response = await instance.inject({ url: '/', headers: { authorization: 'mallory' } })
    assert.equal(response.statusCode, 401)
    assert.match(String(response.headers['www-authenticate']), /^Bearer realm="api", error="invalid_token"/)
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    assert.equal(response.json().code, 'token_revoked')
    assert.equal(ran, false)
  })

  it('R18: 503 with Retry-After when it cannot be known; the policy can be overridden', async (context) => {
    const request = { url: '/', headers: { authorization: 'unknown' } }
    const rejecting = app(context)
    rejecting.get('/', { onRequest: verify }, async () => 'served')
    const response = await rejecting.inject(request)
    assert.equal(response.statusCode, 503)
    assert.equal(response.headers['retry-after'], '5')
    const accepting = app(context, { whenUnknown: 'accept' })
    accepting.get('/', { onRequest: verify }, async () => 'served')
    assert.equal((await accepting.inject(request)).body, 'served')
  })

  it('checks routes that were defined before and after it, also in other plugins', async (context) => {
    const instance = Fastify()
    context.after(() => instance.close())
    instance.decorateRequest('user')
    instance.get('/before', { onRequest: verify }, async () => 'served')
    instance.register(fastifyRescind, { replica })
    instance.register(async (child) => {
      child.get('/child', { onRequest: verify }, async () => 'served')
    })
    for (const url of ['/before', '/child']) {
      assert.equal((await instance.inject({ url, headers: { authorization: 'mallory' } })).statusCode, 401, url)
    }
  })

  for (const [what, user] of [
    ['the payload', { sub: 'mallory' }],
    ['header and payload (complete: true)', { header: { kid: 'k' }, payload: { sub: 'mallory' } }],
  ] as const) {
    it(`reads ${what} that @fastify/jwt leaves in request.user`, async (context) => {
      const instance = app(context)
      instance.get('/', { onRequest: async (request) => void Object.assign(request, { user }) }, async () => 'served')
      assert.equal((await instance.inject({ url: '/' })).statusCode, 401)
    })
  }

  it('R8: a payload with claims called header and payload is a payload', async (context) => {
    const user = { sub: 'mallory', header: { alg: 'ES256' }, payload: { sub: 'ann' } }
    const instance = app(context)
    instance.get('/', { onRequest: async (request) => void Object.assign(request, { user }) }, async () => 'served')
    assert.equal((await instance.inject({ url: '/' })).statusCode, 401)
  })

  it('R5: says once that tokens come without their header', async (context) => {
    const warnings: string[] = []
    const instance = app(context, {}, { level: 'warn', stream: { write: (line: string) => warnings.push(line) } })
    instance.get('/', { onRequest: verify }, async () => 'served')
    for (let n = 0; n < 3; n += 1) await instance.inject({ url: '/', headers: { authorization: 'ann' } })
    assert.equal(warnings.length, 1)
    assert.match(String(warnings[0]), /complete: true/)
  })

  it('a route that verifies too late and writes by itself is named in the log', async (context) => {
    const lines: string[] = []
    const instance = app(context, {}, { level: 'error', stream: { write: (line: string) => lines.push(line) } })
    instance.get('/raw', { preHandler: verify }, async (_, reply) => {
      reply.hijack()
      reply.raw.end('served')
    })
    await instance.inject({ url: '/raw', headers: { authorization: 'mallory' } })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(lines.length, 1)
    assert.match(String(lines[0]), /verify in onRequest or preValidation/)
  })

  it('a refusal before the handler stays what it is', async (context) => {
    const instance = app(context)
    const refuse = async (_: unknown, reply: FastifyReply) => reply.code(422).send('no')
    instance.get('/', { onRequest: verify, preValidation: refuse }, async () => 'served')
    const response = await instance.inject({ url: '/', headers: { authorization: 'mallory' } })
    assert.deepEqual([response.statusCode, response.body], [422, 'no'])
  })

  for (const [what, handler] of [
    ['text', async () => 'served'],
    ['an object', async () => ({ served: true })],
    ['an error of its own', async (_: unknown, reply: FastifyReply) => reply.code(418).send('served')],
  ] as const) {
    it(`a route that verifies too late is not served: ${what}`, async (context) => {
      const instance = app(context)
      instance.get('/', { preHandler: verify }, handler)
      const response = await instance.inject({ url: '/', headers: { authorization: 'mallory' } })
      assert.equal(response.statusCode, 500)
      assert.match(response.body, /verify in onRequest or preValidation/)
    })
  }
})
