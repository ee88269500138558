import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { memoryLog } from '@rescind/log'
import { limits, systemClock } from '@rescind/protocol'
import { startPublisher } from '../src/publisher.ts'
import { Harness, HOUR_MS, ISS, ISSUERS, KEPT, KEYS, OTHER_ISS, type Reply, storeFolder } from './harness.ts'

let harness: Harness
let framesBefore: number
let store: Awaited<ReturnType<typeof storeFolder>>

before(async () => {
  const log = memoryLog()
  const keys = Object.values(KEYS).map(({ kept }) => kept)
  store = await storeFolder()
  const { storeDir } = store
  const config = { host: '127.0.0.1', port: 0, issuers: ISSUERS, keys, shutdownDelayMs: 0, storeDir, ...KEPT }
  harness = new Harness(log, await startPublisher({ config, log: { publisher: log, replica: log.replicaLog } }))
  await harness.untilReady()
  framesBefore = (await harness.frames()).length
})

after(async () => {
  try {
    assert.equal((await harness.frames()).length, framesBefore, 'nothing of all this was recorded')
  } finally {
    await harness.publisher.close()
    await store.remove()
  }
})

/** The whole shape of a refusal (RFC 9457), and `pointer code` of each mistake. */
function refused(reply: Reply, status: number, code: string): string[] {
  assert.equal(reply.status, status, reply.text)
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const { type, title, detail, errors = [] } = reply.body
  assert.equal(reply.body.code, code, reply.text)
  assert.equal(reply.body.status, status)
  assert.equal(type, `urn:rescind:problem:${code}`)
  for (const text of [title, detail]) assert.ok(typeof text === 'string' && text.length > 5)
  for (const error of errors) {
    assert.deepEqual(Object.keys(error), ['pointer', 'code', 'detail'])
    assert.ok(error.detail.length > 5)
  }
  return errors.map((error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`)
}

const inMs = (ms: number) => new Date(systemClock.now() + ms).toISOString()
const inSec = (ms: number) => Math.floor((systemClock.now() + ms) / 1000)
const sub = { sub: 'ann' }

describe('a revocation that breaks the rules is 422 with every mistake', () => {
  const cases: [string, unknown, string[]][] = [
    ['null', null, [' wrong_type']],
    ['a number', 7, [' wrong_type']],
    ['text', '"ann"', [' wrong_type']],
    ['an empty array', [], [' empty']],
    ['an array in an array', [[]], ['/0 wrong_type']],
    ['an unknown field', { match: sub, matches: sub }, ['/matches unknown_field']],
    [
      'a field named __proto__',
      '{"iss":"https://id.example","match":{"sub":"a"},"__proto__":{}}',
      ['/__proto__ unknown_field'],
    ],
    ['no match', {}, ['/match required']],
    ['a match of another type', { match: 'ann' }, ['/match wrong_type']],
    ['a match that is null', { match: null }, ['/match wrong_type']],
    ['9 claims', { match: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 } }, ['/match too_many_claims']],
    ['a value of half a megabyte', { match: { sub: 'x'.repeat(500_000) } }, ['/match/sub too_long']],
    ['an empty claim name', { match: { '': 1 } }, ['/match/ invalid_claim_name']],
    [
      'a claim named __proto__',
      '{"iss":"https://id.example","match":{"__proto__":"x"}}',
      ['/match/__proto__ invalid_claim_name'],
    ],
    ['a claim name with a control character', { match: { 'a\u0007': 1 } }, ['/match/a\u0007 invalid_claim_name']],
    ['a claim value of another type', { match: { sub: null } }, ['/match/sub wrong_type']],
    ['a fraction', { match: { sub: 1.5 } }, ['/match/sub wrong_type']],
    ['a lone surrogate', '{"iss":"https://id.example","match":{"sub":"\\ud800"}}', ['/match/sub ill_formed_string']],
    ['kid beside another claim', { match: { kid: 'k', sub: 'a' } }, ['/match/kid kid_not_alone']],
    ['kid with cutoff', { match: { kid: 'k' }, mode: 'cutoff' }, ['/mode kid_needs_block']],
    ['an unknown issuer', { iss: `${ISS}/`, match: sub }, ['/iss unknown_issuer']],
    ['an issuer of another type', { iss: 7, match: sub }, ['/iss wrong_type']],
    ['an unknown reason', { match: sub, reason: 'whim' }, ['/reason unknown_reason']],
    ['an unknown mode', { match: sub, mode: 'ban' }, ['/mode unknown_mode']],
    ['a time without a zone', { match: sub, issuedBefore: '2026-01-31T12:00:00' }, ['/issuedBefore invalid_time']],
    ['a time as a number', { match: sub, issuedBefore: 1_767_225_600 }, ['/issuedBefore wrong_type']],
    ['a time before 1970', { match: sub, issuedBefore: '1969-12-31T23:59:59Z' }, ['/issuedBefore invalid_time']],
    ['a day that does not exist', { match: sub, issuedBefore: '2026-02-30T00:00:00Z' }, ['/issuedBefore invalid_time']],
    [
      'issuedBefore with block',
      { match: sub, mode: 'block', issuedBefore: '2026-01-01T00:00:00Z' },
      ['/issuedBefore only_with_cutoff'],
    ],
    ['tokenExp as text', { match: { jti: 'j' }, tokenExp: 'soon' }, ['/tokenExp wrong_type']],
    ['tokenExp without a jti', { match: sub, mode: 'block', tokenExp: 1 }, ['/tokenExp only_with_jti']],
    ['until with a cutoff', { match: sub, until: '2026-01-01T00:00:00Z' }, ['/until only_with_block']],
    ['an exception of another claim', { match: sub, except: { sub: ['a'] } }, ['/except/sub unknown_field']],
    ['a note of another type', { match: sub, note: 7 }, ['/note wrong_type']],
  ]
  for (const [what, body, expected] of cases) {
    it(what, async () => {
      const named = typeof body === 'object' && body !== null && !Array.isArray(body) ? { iss: ISS, ...body } : body
      assert.deepEqual(refused(await harness.revoke(named), 422, 'invalid_revocation'), expected)
    })
  }

  it('R14: issuedBefore more than 60 s ahead, tokenExp beyond maxExpiry, until beyond 400 days', async () => {
    const later = [
      { iss: ISS, match: sub, issuedBefore: inMs(65_000) },
      { iss: ISS, match: { jti: 'j' }, tokenExp: inSec(HOUR_MS + 5_000) },
      { iss: ISS, match: sub, mode: 'block', until: inMs(400 * 24 * HOUR_MS + 5_000) },
    ]
    const errors = refused(await harness.revoke(later), 422, 'invalid_revocation')
    assert.deepEqual(errors, [
      '/0/issuedBefore too_far_ahead',
      '/1/tokenExp beyond_max_expiry',
      '/2/until too_far_ahead',
    ])
  })

  it('all mistakes of one body at once', async () => {
    const body = { iss: 'x', match: { '': null, a: [] }, mode: 'ban', reason: 'whim', until: 7, more: 1 }
    const errors = refused(await harness.revoke(body), 422, 'invalid_revocation')
    for (const pointer of ['/iss', '/match/', '/match/a', '/mode', '/reason', '/until', '/more']) {
      assert.ok(
        errors.some((error) => error.startsWith(`${pointer} `)),
        `${pointer} is not among ${errors}`,
      )
    }
  })

  it('a thousand mistakes are cut at a hundred', async () => {
    const errors = refused(await harness.revoke(Array(1_000).fill({ iss: ISS })), 422, 'invalid_revocation')
    assert.equal(errors.length, limits.MAX_MISTAKES)
  })
})

describe('what is no JSON request at all', () => {
  it('bodies that are not JSON are 400', async () => {
    for (const body of ['{', 'match=ann', '{"a":1}{', "{'a':1}", '\ufeff{}', 'NaN', '']) {
      const { port } = new URL(harness.publisher.url)
      refused(await raw(Number(port), Buffer.from(body)), 400, 'invalid_json')
    }
  })

  it('ill-formed UTF-8 is 400, not replaced', async () => {
    const bytes = Buffer.concat([Buffer.from('{"iss":"x","match":{"sub":"'), Buffer.from([0xff]), Buffer.from('"}}')])
    refused(await raw(Number(new URL(harness.publisher.url).port), bytes), 400, 'invalid_json')
  })

  it('a missing body is 400', async () => {
    refused(await harness.call('POST', '/v1/revocations'), 400, 'invalid_json')
  })

  it('another media type is 415, lines are taken for revocations alone', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      const reply = await harness.revoke('{}', { 'content-type': type })
      refused(reply, 415, 'unsupported_media_type')
    }
    refused(await harness.lift('{}', { 'content-type': 'application/x-ndjson' }), 415, 'unsupported_media_type')
  })

  it('JSON with a charset is JSON', async () => {
    const reply = await harness.revoke('{}', { 'content-type': 'application/json; charset=utf-8' })
    refused(reply, 422, 'invalid_revocation')
  })

  it('a body above a megabyte is 413, also when its length is not announced', async () => {
    const body = JSON.stringify({ iss: ISS, match: { sub: 'x'.repeat(limits.MAX_BODY_BYTES) } })
    refused(await harness.revoke(body), 413, 'body_too_large')
    const port = Number(new URL(harness.publisher.url).port)
    refused(await raw(port, Buffer.from(body), { 'transfer-encoding': 'chunked' }), 413, 'body_too_large')
  })

  it('bytes that are no HTTP are answered with a problem, too', async () => {
    const answer = await speak(Number(new URL(harness.publisher.url).port), 'HELLO\r\n\r\n')
    assert.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/)
    assert.match(answer, /"code":"bad_request"/)
    const long = `GET /livez HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`
    assert.match(
      await speak(Number(new URL(harness.publisher.url).port), long),
      /^HTTP\/1.1 431 .*"headers_too_large"/s,
    )
  })

  it('a path that does not decode is 400', async () => {
    const answer = await speak(Number(new URL(harness.publisher.url).port), 'GET /%zz HTTP/1.1\r\nhost: x\r\n\r\n')
    assert.match(answer, /^HTTP\/1.1 400 .*"code":"bad_request"/s)
  })
})

describe('where and how to ask', () => {
  it('unknown parameters are refused by name', async () => {
    const body = { iss: ISS, match: sub }
    const both = await harness.call('POST', '/v1/revocations?dry_run=1&force=1', { body })
    assert.deepEqual(refused(both, 422, 'unknown_parameter'), [' unknown_parameter', ' unknown_parameter'])
    refused(await harness.call('POST', '/v1/lifts?force=1', { body }), 422, 'unknown_parameter')
    refused(await harness.call('GET', '/v1/snapshot?full=1'), 422, 'unknown_parameter')
  })

  it('unknown paths are 404, known ones with another method 405', async () => {
    refused(await harness.call('GET', '/v1/nothing'), 404, 'not_found')
    refused(await harness.call('POST', '/', { body: '{' }), 404, 'not_found')
    refused(await harness.call('GET', '/v1/revocations/'), 404, 'not_found')
    for (const [method, path, allow] of [
      ['PUT', '/v1/revocations', 'GET, HEAD, POST'],
      ['DELETE', '/v1/lifts', 'POST'],
      ['PUT', '/v1/check', 'POST'],
      ['POST', '/v1/snapshot?x=1', 'GET, HEAD'],
      ['POST', '/readyz', 'GET, HEAD'],
    ] as const) {
      const reply = await harness.call(method, path)
      refused(reply, 405, 'method_not_allowed')
      assert.equal(reply.headers.get('allow'), allow)
    }
  })

  it('missing, foreign and wrongly scoped credentials', async () => {
    const calls = [
      ['POST', '/v1/revocations', KEYS.reader],
      ['POST', '/v1/lifts', KEYS.reader],
      ['POST', '/v1/check', KEYS.second],
      ['GET', '/v1/replicas', KEYS.replica],
      ['GET', '/v1/snapshot', KEYS.reader],
      ['HEAD', '/v1/snapshot', KEYS.reader],
    ] as const
    for (const [method, path, foreign] of calls) {
      // Before the body is looked at: who may not ask learns nothing about the parser.
      const body = method === 'POST' ? { body: '{' } : {}
      const bare = await harness.call(method, path, { ...body, key: '' })
      const unknown = await harness.call(method, path, { ...body, key: 'rsk_unknown' })
      const scoped = await harness.call(method, path, { ...body, key: foreign.key })
      assert.deepEqual([bare.status, unknown.status, scoped.status], [401, 401, 403], path)
      assert.equal(bare.headers.get('www-authenticate'), 'Bearer realm="rescind"')
      assert.match(unknown.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
      assert.match(scoped.headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="/)
      if (method === 'HEAD') continue
      refused(bare, 401, 'credentials_required')
      refused(unknown, 401, 'invalid_credentials')
      refused(scoped, 403, 'insufficient_scope')
    }
    assert.equal((await harness.call('GET', '/livez', { key: '' })).status, 200, 'health is open to all')
  })
})

describe('lifts and checks that break the rules', () => {
  it('a lift names match and mode, or an id', async () => {
    const cases: [unknown, string, string[]][] = [
      [{ iss: ISS }, 'invalid_lift', ['/match required', '/mode required']],
      [{ iss: ISS, match: sub, mode: 'all' }, 'invalid_lift', ['/mode unknown_mode']],
      [{ iss: OTHER_ISS, match: sub, mode: 'block', reason: 'other' }, 'invalid_lift', ['/reason unknown_field']],
      [[], 'invalid_lift', [' wrong_type']],
      [{ id: 'x', match: sub }, 'invalid_lift', ['/match not_beside_id']],
    ]
    for (const [body, code, expected] of cases) assert.deepEqual(refused(await harness.lift(body), 422, code), expected)
  })

  it('a check has claims, and maybe a header', async () => {
    const check = (body: unknown) => harness.call('POST', '/v1/check', { body })
    assert.deepEqual(refused(await check([]), 422, 'invalid_check'), [' wrong_type'])
    assert.deepEqual(refused(await check({ token: 'e30.e30.' }), 422, 'invalid_check'), [
      '/claims required',
      '/token unknown_field',
    ])
    assert.deepEqual(refused(await check({ claims: [], header: 'kid' }), 422, 'invalid_check'), [
      '/claims wrong_type',
      '/header wrong_type',
    ])
  })
})

/** A request whose bytes and headers `fetch` would not send. */
function raw(port: number, body: Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/revocations',
      headers: { authorization: `Bearer ${KEYS.admin.key}`, 'content-type': 'application/json', ...headers },
      agent: false,
    }
    const request = httpRequest(options, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('utf8')
      const given = new Headers({ 'content-type': response.headers['content-type'] ?? '' })
      resolve({ status: response.statusCode ?? 0, headers: given, text, body: JSON.parse(text) })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Whatever comes back for bytes on a bare socket, until the server closes it or a problem has been read. */
function speak(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
      if (text.endsWith('}')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
  })
}
