import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fastify } from 'fastify'
import { type ServiceLoggerOptions, serviceLogger, shortHash } from '../src/index.ts'

const JWT = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('{"sub":"ann"}').toString('base64url')}.c2ln`

function logging(options: Partial<ServiceLoggerOptions> = {}) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  return { lines, logger: serviceLogger({ name: 'test', level: 'trace', destination: { write }, ...options }) }
}

test('a short hash is the same for the same value under one key, and tells nothing without it', () => {
  const [one, same, other] = [shortHash('a key'), shortHash('a key'), shortHash('another')]
  assert.match(one('ann'), /^#[0-9a-f]{12}$/)
  assert.equal(one('ann'), same('ann'))
  assert.notEqual(one('ann'), one('bob'))
  assert.notEqual(one('ann'), other('ann'))
  assert.equal(one({ sub: 'ann' }), one({ sub: 'ann' }))
  assert.notEqual(one('42'), one(undefined))
  assert.notEqual(shortHash()('ann'), shortHash()('ann'), 'without a key each process has its own')
})

test('fields that say who somebody is are hashed, and credentials are gone, down to the third level', () => {
  const { lines, logger } = logging({ hashKey: 'a key' })
  logger.info({ sub: 'ann', request: { jti: 'ann', match: { sub: 'ann' }, deeper: { sid: 'ann' } } }, 'hello')
  logger.info({ password: 'hunter2', a: { key: 'hunter2', b: { authorization: 'hunter2' } } }, 'hello')
  const hashed = shortHash('a key')('ann')
  const first = JSON.parse(lines[0] ?? '')
  assert.deepEqual([first.sub, first.request.jti, first.request.deeper.sid], [hashed, hashed, hashed])
  assert.match(first.request.match, /^#/)
  assert.ok(!lines.join('').includes('"ann"') && !lines.join('').includes('hunter2'), lines.join(''))
})

test('what looks like a token or a static key is replaced wherever it stands', () => {
  const { lines, logger } = logging()
  logger.info({ detail: `not this: ${JWT}!`, nested: { very: { deep: { down: JWT } } } }, `message ${JWT}`)
  logger.error({ err: new Error(`because of ${JWT}`, { cause: new Error('rsk_abc-DEF_123') }) }, 'failed')
  const all = lines.join('')
  for (const part of [...JWT.split('.'), 'rsk_abc']) assert.ok(!all.includes(part), all)
  for (const line of lines) JSON.parse(line)
  const hashes = new Set(all.match(/#[0-9a-f]{12}/g))
  assert.equal(hashes.size, 1, 'one token, one hash')
})

test('of a request its method and route are told, also by Fastify itself when a handler throws; not what was asked for', async () => {
  const { lines, logger } = logging()
  const app = fastify({ loggerInstance: logger })
  app.get('/orders/:id', () => {
    throw new TypeError('the printer is on fire')
  })
  await app.inject({
    url: '/orders/marked?access_token=marked',
    headers: { cookie: 'marked', authorization: 'marked' },
  })
  await app.close()
  const told = lines.map((line) => JSON.parse(line))
  const failed = told.find(({ err }) => err)
  assert.equal(failed.err.message, 'the printer is on fire')
  assert.deepEqual(failed.req, { method: 'GET', route: '/orders/:id' })
  assert.ok(!lines.join('').includes('marked'), lines.join(''))
})
