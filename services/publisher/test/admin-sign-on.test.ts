import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublisherLog } from '@rescind/log'
import { type Revocation, systemClock } from '@rescind/protocol'
import { createLogger } from '../src/logger.ts'
import { type Harness, ISS, ISSUERS, intercept, type Reply, withPublisher } from './harness.ts'
import { AUDIENCE, identityProvider, signingKey } from './identity-provider.ts'
import { until } from './until.ts'

const BODY = { iss: ISS, match: { sub: 'ann' }, mode: 'block' }

async function lastFact(harness: Harness): Promise<Revocation> {
  return (await harness.frames()).at(-1)?.facts[0] as Revocation
}

function refused(reply: Reply, status: number, code: string): void {
  assert.deepEqual([reply.status, reply.body.code], [status, code], reply.text)
}

test('an admin signs on with a token of the own issuer, by each algorithm that is allowed', async () => {
  const [es, rs] = [signingKey('es'), signingKey('rs', 'RS256')]
  for (const key of [es, rs]) {
    await using idp = await identityProvider([key])
    await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
      const reply = await harness.revoke(BODY, {}, idp.mint())
      assert.equal(reply.status, 201, reply.text)
      assert.equal((await lastFact(harness)).actor, 'jwt:root')
      assert.equal((await harness.revoke(BODY)).status, 201, 'keys work beside tokens')
      assert.equal((await lastFact(harness)).actor, 'admin')
    })
  }
})

test('R22: an admin whose token was revoked is refused on the very next request, by sub, jti, kid or everything', async () => {
  for (const [match, more] of [
    [{ sub: 'root' }, {}],
    [{ jti: 'j1' }, {}],
    [{ kid: 'k1' }, {}],
    [{}, { confirm: ISS }],
  ] as const) {
    await using idp = await identityProvider()
    await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
      const token = idp.mint({ jti: 'j1' })
      // It revokes itself, which is as far as its right goes.
      const done = await harness.revoke({ iss: ISS, match, ...more }, {}, token)
      assert.equal(done.status, 201, done.text)
      const next = await harness.revoke(BODY, {}, token)
      refused(next, 401, 'invalid_credentials')
      assert.match(next.headers.get('www-authenticate') ?? '', /^Bearer realm="rescind", error="invalid_token"/)
      assert.doesNotMatch(next.text, /"other"|admin_revoked/, "why it was revoked is nobody's business")
      assert.equal((await harness.revoke(BODY)).status, 201, 'a static key goes on: it is what is left to mend it')
    })
  }
})

test('R5: while any kid is revoked, a token that names none is refused', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
    const token = idp.mint({}, { kid: undefined })
    assert.equal((await harness.revoke(BODY, {}, token)).status, 201, 'one key fits, so it is found without its name')
    assert.equal((await harness.revoke({ iss: ISS, match: { kid: 'another' } })).status, 201)
    refused(await harness.revoke(BODY, {}, token), 401, 'invalid_credentials')
    assert.equal((await harness.revoke(BODY, {}, idp.mint())).status, 201)
  })
})

test('scopes decide what a token may do', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
    const calls = [
      ['POST', '/v1/revocations', 'revocations:write'],
      ['POST', '/v1/lifts', 'revocations:write'],
      ['POST', '/v1/check', 'revocations:read'],
      ['GET', '/v1/replicas', 'revocations:read'],
      ['GET', '/v1/snapshot', 'snapshot:read'],
    ] as const
    for (const [method, path, scope] of calls) {
      const body = method === 'POST' ? { body: '{}' } : {}
      const statusWith = async (claims: object) => {
        const reply = await harness.call(method, path, { ...body, key: idp.mint({ scope: undefined, ...claims }) })
        return [reply.status, reply.headers.get('www-authenticate')]
      }
      const lacks = `Bearer realm="rescind", error="insufficient_scope", scope="${scope}"`
      for (const claims of [
        {},
        { scope: '' },
        { scope: 'admin *' },
        { scp: [7, null] },
        { scope: scope.toUpperCase() },
      ]) {
        assert.deepEqual(await statusWith(claims), [403, lacks], `${path} ${JSON.stringify(claims)}`)
      }
      for (const claims of [{ scope }, { scope: `openid  ${scope}` }, { scp: scope }, { scp: ['openid', scope] }]) {
        assert.notEqual((await statusWith(claims))[0], 403, `${path} ${JSON.stringify(claims)}`)
        assert.notEqual((await statusWith(claims))[0], 401, `${path} ${JSON.stringify(claims)}`)
      }
    }
  })
})

test('a key and a token of one name are two principals: in idempotency keys, and in the audit', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
    const once = { 'idempotency-key': 'k' }
    const token = idp.mint({ sub: 'admin' })
    const byKey = await harness.revoke(BODY, once)
    const byToken = await harness.revoke({ ...BODY, reason: 'logged_out' }, once, token)
    assert.deepEqual([byKey.status, byToken.status], [201, 201], byToken.text)
    assert.equal(byToken.headers.get('idempotency-replayed'), null)
    assert.equal((await lastFact(harness)).actor, 'jwt:admin')
    const other = idp.mint({ sub: 'admin' })
    const again = await harness.revoke({ ...BODY, reason: 'logged_out' }, once, other)
    assert.equal(again.headers.get('idempotency-replayed'), 'true', 'a new token of the same admin is the same admin')
  })
})

test('with tokens alone nobody is anonymous, on loopback either', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin, keys: [] } }, async (harness) => {
    const bare = await harness.revoke(BODY, {}, '')
    refused(bare, 401, 'credentials_required')
    assert.ok(bare.body.detail.includes(ISS), bare.body.detail)
    refused(await harness.revoke(BODY), 401, 'invalid_credentials')
    assert.equal((await harness.revoke(BODY, {}, idp.mint())).status, 201)
  })
})

test('tokens are credentials enough for an address that others reach', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { host: '0.0.0.0', admin: idp.admin, keys: [] } }, async (harness) => {
    assert.equal((await harness.revoke(BODY, {}, idp.mint())).status, 201)
  })
})

test('an admin issuer that is not managed here is refused, and nothing stays open', async () => {
  await using idp = await identityProvider()
  const admin = { ...idp.admin, issuer: 'https://elsewhere.example' }
  let open = 0
  const counted = (log: PublisherLog): PublisherLog => ({
    connect(options) {
      open += 1
      const closing = intercept(log, (connection) => ({
        async close() {
          await connection.close()
          open -= 1
        },
      }))
      return closing.connect(options)
    },
  })
  await assert.rejects(
    withPublisher({ wrap: counted, config: { admin } }, async () => {}),
    {
      code: 'ERR_INVALID_OPTION',
      message: /admin.issuer must be one of the configured issuers \("https:\/\/id.example", /,
    },
  )
  assert.equal(open, 0)
})

test('R18: what cannot be known is 503 with Retry-After, never 401', async () => {
  await using idp = await identityProvider()
  await withPublisher({ config: { admin: idp.admin, staleAfterMs: 1_000, proveEveryMs: 100 } }, async (harness) => {
    const token = idp.mint()
    const look = () => harness.call('GET', '/v1/replicas', { key: token })
    assert.equal((await look()).status, 200)
    harness.log.faults.freeze()
    const stale = await until('the own replica is stale', async () => {
      const reply = await look()
      return reply.status === 200 ? undefined : reply
    })
    refused(stale, 503, 'revocation_state_unavailable')
    assert.match(stale.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.equal(stale.headers.get('www-authenticate'), null)
    assert.equal((await harness.call('GET', '/v1/replicas')).status, 200, 'keys do not depend on it')
    harness.log.faults.thaw()
    await until('it is live again', async () => (await look()).status === 200)
  })
})

test('keys of the issuer that cannot be fetched are 503; once fetched, they serve through its outage', async () => {
  for (const before of [true, false]) {
    await using idp = await identityProvider()
    await withPublisher({ config: { admin: idp.admin } }, async (harness) => {
      if (!before) assert.equal((await harness.revoke(BODY, {}, idp.mint())).status, 201)
      idp.breakDown()
      const reply = await harness.revoke(BODY, {}, idp.mint())
      if (!before) assert.equal(reply.status, 201)
      else {
        refused(reply, 503, 'keys_unavailable')
        assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
      }
    })
  }
})

test('the clock tolerance is never above the leeway of the issuer: facts about the token are gone by then (R13)', async () => {
  await using idp = await identityProvider()
  const [issuer, other] = ISSUERS
  assert.ok(issuer && other)
  const over = Math.floor(systemClock.now() / 1_000) - 10
  const token = idp.mint({ iat: over - 600, exp: over })
  for (const [leewayMs, status] of [
    [60_000, 201],
    [1_000, 401],
  ] as const) {
    const config = { admin: idp.admin, issuers: [{ ...issuer, leewayMs }, other] }
    await withPublisher({ config }, async (harness) => {
      assert.equal((await harness.revoke(BODY, {}, token)).status, status)
    })
  }
})

test('keys that come without TLS from elsewhere are warned of at start', async () => {
  for (const [jwksUrl, warned] of [
    ['http://id.example/jwks', true],
    ['https://id.example/jwks', false],
    ['http://127.0.0.1:9/jwks', false],
    ['http://[::1]:9/jwks', false],
  ] as const) {
    const lines: string[] = []
    const logger = createLogger('warn', { write: (line) => void lines.push(line) })
    const admin = { issuer: ISS, audience: AUDIENCE, jwksUrl, algorithms: ['ES256'] as const }
    await withPublisher({ logger, config: { admin, keys: [] } }, async () => {
      const about = lines.filter((line) => line.includes('without TLS'))
      assert.equal(about.length, warned ? 1 : 0, jwksUrl)
      assert.ok(!lines.some((line) => line.includes('NO KEYS')))
    })
  }
})

test('the log says who signed on and how, and why others were refused; it never holds a token', async () => {
  await using idp = await identityProvider()
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  const tokens = [idp.mint(), idp.mint({ aud: 'else' }), idp.mint({ scope: 'openid' }), 'e30.e30.AAAA']
  await withPublisher({ logger, config: { admin: idp.admin } }, async (harness) => {
    for (const token of tokens) await harness.revoke(BODY, {}, token)
    await harness.revoke(BODY, {}, 'rsk_wrong')
    await harness.revoke(BODY)
  })
  const all = lines.join('')
  for (const expected of [
    /"principal":"jwt:root","state":"broadcast".*"signOn":"token"/,
    /"principal":"admin","state":"broadcast".*"signOn":"key"/,
    /"code":"invalid_credentials".*"reason":"audience_mismatch"/,
    /"code":"insufficient_scope".*"principal":"jwt:root","scope":"revocations:write"/,
    /"code":"invalid_credentials".*"reason":"issuer_unknown"/,
    /"code":"invalid_credentials".*"reason":"key_unknown","address":"127.0.0.1"/,
  ]) {
    assert.match(all, expected)
  }
  for (const token of tokens) {
    for (const part of token.split('.')) assert.ok(part === 'e30' || !all.includes(part), 'part of a token in the log')
  }
  assert.ok(!all.includes('rsk_'), all)
})
