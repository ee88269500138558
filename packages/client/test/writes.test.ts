import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manualClock } from '@rescind/protocol'
import { createClient, isRescindHttpError, type RescindHttpError } from '../src/index.ts'
import {
  type Answerer,
  addressOfNobody,
  BROADCAST,
  CURSOR,
  clientOf,
  cut,
  json,
  LIFT,
  problem,
  REVOCATION,
  scripted,
  silence,
} from './scripted-publisher.ts'

const ANN = { match: { sub: 'ann' } } as const

async function failure(promise: Promise<unknown>): Promise<RescindHttpError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(isRescindHttpError(error), String(error))
  return error
}

describe('a write', () => {
  it('carries the key, a random idempotency key and its body as it is', async (context) => {
    const publisher = await scripted(context, [json(201, BROADCAST)])
    const result = await clientOf(publisher).revoke(ANN)
    assert.equal(result.state, 'broadcast')
    assert.deepEqual(result.cursor, CURSOR)
    assert.equal(result.revocations[0]?.mode, 'cutoff')
    assert.equal(result.replayed, false)
    const [heard] = publisher.heard
    assert.equal(heard?.path, '/v1/revocations')
    assert.equal(heard?.headers.authorization, 'Bearer rsk_test')
    assert.match(publisher.keys[0] ?? '', /^[0-9a-f-]{36}$/)
    assert.equal(result.idempotencyKey, publisher.keys[0])
    assert.deepEqual(JSON.parse(heard?.body ?? ''), ANN)
  })

  it('is tried again under the same key and with the same bytes: cut, 429, 502, 503, 504, 409 in use', async (context) => {
    const publisher = await scripted(context, [
      cut,
      problem(429, 'rate_limited'),
      (response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
      problem(503, 'log_unavailable'),
      problem(504, 'log_unavailable'),
      problem(409, 'idempotency_key_in_use'),
      json(201, BROADCAST, { 'idempotency-replayed': 'true' }),
    ])
    const result = await clientOf(publisher, { retries: 6 }).revoke(ANN)
    assert.equal(result.replayed, true)
    assert.equal(publisher.heard.length, 7)
    assert.equal(new Set(publisher.keys).size, 1)
    assert.equal(new Set(publisher.heard.map(({ body }) => body)).size, 1)
  })

  it('is not tried again after a refusal, and tells all mistakes', async (context) => {
    const errors = [
      { pointer: '/match', code: 'required', detail: 'is required' },
      { pointer: '/mode', code: 'unknown_mode', detail: 'must be cutoff or block' },
    ]
    const publisher = await scripted(context, [problem(422, 'invalid_revocation', { errors })])
    const error = await failure(clientOf(publisher).revoke(ANN))
    assert.equal(publisher.heard.length, 1)
    assert.equal(error.code, 'invalid_revocation')
    assert.equal(error.status, 422)
    assert.deepEqual(error.errors, errors)
    assert.equal(error.mayHaveBeenTaken, false)
    assert.match(error.message, /\/match is required; \/mode must be cutoff or block/)
  })

  it('says that it may have been taken when the answer was lost, and under which key to repeat it', async (context) => {
    const publisher = await scripted(context, [cut])
    const error = await failure(clientOf(publisher, { retries: 2 }).revoke(ANN, { idempotencyKey: 'mine' }))
    assert.equal(publisher.heard.length, 3)
    assert.equal(error.code, 'network_error')
    assert.equal(error.mayHaveBeenTaken, true)
    assert.equal(error.idempotencyKey, 'mine')
    assert.match(error.message, /may have been taken: repeat it under the idempotency key mine/)
  })

  it('says so, too, when a later attempt is refused for good', async (context) => {
    const publisher = await scripted(context, [cut, problem(401, 'invalid_credentials')])
    const error = await failure(clientOf(publisher).revoke(ANN))
    assert.equal(error.code, 'invalid_credentials')
    assert.equal(error.mayHaveBeenTaken, true)
  })

  it('says that nothing was taken when nobody listens', async () => {
    const error = await failure(clientOf({ url: await addressOfNobody() }, { retries: 1 }).revoke(ANN))
    assert.equal(error.code, 'network_error')
    assert.equal(error.mayHaveBeenTaken, false)
    assert.match(error.message, /ECONNREFUSED.*Nothing was taken/)
  })

  it('gives up an attempt that takes too long, and may have been taken', async (context) => {
    const publisher = await scripted(context, [silence])
    const error = await failure(clientOf(publisher, { timeoutMs: 500, retries: 1 }).revoke(ANN))
    assert.equal(error.code, 'timed_out')
    assert.equal(publisher.heard.length, 2)
    assert.equal(error.mayHaveBeenTaken, true)
  })

  it('does not wait longer than half a minute, whatever Retry-After asks', async (context) => {
    const publisher = await scripted(context, [problem(429, 'rate_limited', {}, { 'retry-after': '3600' })])
    const error = await failure(clientOf(publisher).revoke(ANN))
    assert.equal(error.code, 'rate_limited')
    assert.equal(error.retryAfterMs, 3_600_000)
    assert.equal(publisher.heard.length, 1)
  })

  it('waits at least as long as Retry-After asks', async (context) => {
    const publisher = await scripted(context, [
      problem(429, 'rate_limited', {}, { 'retry-after': '1' }),
      json(201, BROADCAST),
    ])
    const startedMs = performance.now()
    await clientOf(publisher).revoke(ANN)
    assert.ok(performance.now() - startedMs >= 990)
  })

  it('ends with the reason of its signal, also between two attempts', async (context) => {
    const abort = new AbortController()
    const later: Answerer = (response, ...heard) => {
      response.on('close', () => setImmediate(() => abort.abort(new Error('no longer needed'))))
      return problem(503, 'log_unavailable', {}, { 'retry-after': '20', connection: 'close' })(response, ...heard)
    }
    const publisher = await scripted(context, [later, json(201, BROADCAST)])
    await assert.rejects(clientOf(publisher).revoke(ANN, { signal: abort.signal }), /no longer needed/)
    const whole = new AbortController()
    const other = clientOf(publisher, { signal: whole.signal }).revoke(ANN)
    whole.abort(new Error('all is over'))
    await assert.rejects(other, /all is over/)
  })

  it('takes 202 for a success whose state says so', async (context) => {
    const { at: _, ...revocation } = REVOCATION
    const publisher = await scripted(context, [json(202, { state: 'recorded', revocations: [revocation] })])
    const result = await clientOf(publisher).revoke([ANN])
    assert.equal(result.state, 'recorded')
    assert.equal(result.revocations[0]?.at, undefined)
  })

  it('waits for receipts as it is told', async (context) => {
    const receipt = { confirmed: [{ replica: 'a', ms: 4.2 }], pending: ['b'], fenced: [], unproved: [] }
    const publisher = await scripted(context, [json(201, { ...BROADCAST, receipt })])
    const options = { wait: 'enforced', timeoutMs: 500, minReplicas: 2 } as const
    const result = await clientOf(publisher).revoke(ANN, options)
    assert.deepEqual(result.receipt, receipt)
    assert.equal(publisher.heard[0]?.path, '/v1/revocations?wait=enforced&timeoutMs=500&minReplicas=2')
    await assert.rejects(clientOf(publisher).revoke(ANN, { timeoutMs: 500 }), { code: 'ERR_INVALID_OPTION' })
    await assert.rejects(clientOf(publisher).revoke(ANN, { wait: 'enforced', timeoutMs: 40_000 }), /30000/)
  })

  it('lifts, by match or by id', async (context) => {
    const lifted = [{ id: REVOCATION.id, reason: 'account_blocked', at: REVOCATION.at }]
    const publisher = await scripted(context, [
      json(201, { state: 'broadcast', cursor: CURSOR, lift: LIFT, lifted, liftedCount: 1 }),
    ])
    const result = await clientOf(publisher).lift({ id: REVOCATION.id, all: true })
    assert.deepEqual(result.lifted, lifted)
    assert.deepEqual(JSON.parse(publisher.heard[0]?.body ?? ''), { id: REVOCATION.id, all: true })
    assert.ok(publisher.keys[0])
  })

  it('tells what a lift would do, without a key', async (context) => {
    const { iss, match, mode, expiresAt } = LIFT
    const answer = { dryRun: true, lift: { iss, match, mode, expiresAt }, lifted: [], liftedCount: 0, replicas: 2 }
    const publisher = await scripted(context, [json(200, answer)])
    assert.deepEqual(await clientOf(publisher).dryLift({ match, mode: 'block' }), answer)
    assert.equal(publisher.heard[0]?.path, '/v1/lifts?dryRun=true')
    assert.deepEqual(publisher.keys, [undefined])
  })

  it('dismisses a replica, and takes "not found" for done once an answer was lost', async (context) => {
    const publisher = await scripted(context, [cut, problem(404, 'not_found')])
    await clientOf(publisher).dismiss('a/b')
    assert.equal(publisher.heard[1]?.method, 'DELETE')
    assert.equal(publisher.heard[1]?.path, '/v1/replicas/a%2Fb')
    assert.equal(new Set(publisher.keys).size, 1)
    assert.equal((await failure(clientOf(publisher).dismiss('gone'))).code, 'not_found')
    await assert.rejects(clientOf(publisher).dismiss('..'), { code: 'ERR_INVALID_OPTION' })
  })
})

describe('an answer that is none', () => {
  it('is named: a page of HTML, a redirect, JSON of somebody else, a body that is cut off', async (context) => {
    const publisher = await scripted(context, [
      (response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Sign in</title>\u001b[2J'),
      (response) => void response.writeHead(302, { location: 'https://elsewhere.example/' }).end(),
      json(201, { ok: true }),
      json(201, { ...BROADCAST, state: 'done' }),
      (response) => void response.writeHead(201, { 'content-type': 'application/json' }).end('{"state":'),
    ])
    const client = clientOf(publisher, { retries: 0 })
    const html = await failure(client.revoke(ANN))
    assert.equal(html.code, 'unexpected_answer')
    assert.match(html.message, /200 with text\/html, which no publisher does.*It says: Sign in/)
    assert.ok(!html.message.includes('\u001b'))
    assert.equal(html.mayHaveBeenTaken, true)
    const redirect = await failure(client.revoke(ANN))
    assert.match(redirect.message, /redirects, which is not followed/)
    assert.equal(redirect.mayHaveBeenTaken, false)
    assert.match((await failure(client.revoke(ANN))).message, /\/state is missing/)
    assert.match((await failure(client.revoke(ANN))).message, /\/state is none of recorded/)
    assert.equal((await failure(client.revoke(ANN))).code, 'unexpected_answer')
  })
})

describe('reissuable (R4)', () => {
  const clock = manualClock(Date.parse('2026-01-31T12:00:00.900Z'))

  it('resolves when the clock has reached reissueNotBefore, not earlier', async (context) => {
    const publisher = await scripted(context, [json(201, BROADCAST)])
    let looks = 0
    const now = () => {
      looks += 1
      return clock.now()
    }
    const result = await clientOf(publisher, { clock: { now, monotonic: () => clock.monotonic() } }).revoke(ANN)
    looks = 0
    let isSo = false
    const waited = result.reissuable().then(() => {
      isSo = true
    })
    // Timers fire after 100 ms, and this clock stands still: it is looked at again and again.
    while (looks < 3 && !isSo) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(isSo, false)
    clock.advance(100)
    await waited
    assert.ok(clock.now() >= (REVOCATION.reissueNotBefore ?? 0) * 1_000)
    await result.reissuable()
  })

  it('ends with its signal, and refuses a clock that is far behind', async (context) => {
    const publisher = await scripted(context, [json(201, BROADCAST)])
    const early = manualClock(Date.parse('2026-01-31T11:59:00.000Z'))
    const result = await clientOf(publisher, { clock: early }).revoke(ANN)
    const abort = new AbortController()
    const waiting = result.reissuable({ signal: abort.signal })
    abort.abort(new Error('gone'))
    await assert.rejects(waiting, /gone/)
    early.setWall(Date.parse('2026-01-31T11:00:00.000Z'))
    await assert.rejects(result.reissuable(), { code: 'ERR_CLOCK_SKEW' })
  })

  it('does not wait for a block', async (context) => {
    const { issuedBefore: _, reissueNotBefore: __, ...block } = { ...REVOCATION, mode: 'block' }
    const publisher = await scripted(context, [json(201, { ...BROADCAST, revocations: [block] })])
    const { reissuable, revocations } = await clientOf(publisher).revoke(ANN)
    await reissuable()
    assert.equal(revocations[0]?.reissueNotBefore, undefined)
  })
})

describe('options', () => {
  it('are looked at, all mistakes at once, and credentials are never shown', () => {
    const wrong = { url: 'ftp://x', key: 'a secret', token: 'b', timeoutMs: 1, retries: 0.5, colour: true }
    assert.throws(
      () => createClient(wrong as never),
      (error: Error & { mistakes: { pointer: string }[] }) => {
        const pointers = error.mistakes.map(({ pointer }) => pointer)
        assert.deepEqual(pointers, ['/colour', '/url', '/key', '/token', '/timeoutMs', '/retries'])
        assert.ok(!error.message.includes('secret'))
        return true
      },
    )
    assert.throws(() => createClient({ url: 'https://user:pw@host' }), /must not hold a user/)
  })

  it('take a function that gives a token, asked before each attempt, and its failure is told', async (context) => {
    const publisher = await scripted(context, [problem(503, 'shutting_down'), json(201, BROADCAST)])
    let asked = 0
    const token = () => Promise.resolve(`token-${++asked}`)
    await clientOf(publisher, { key: undefined, token }).revoke(ANN)
    assert.deepEqual(
      publisher.heard.map(({ headers }) => headers.authorization),
      ['Bearer token-1', 'Bearer token-2'],
    )
    const broken = () => Promise.reject(new Error('the vault is sealed'))
    const error = await failure(clientOf(publisher, { key: undefined, token: broken }).revoke(ANN))
    assert.equal(error.code, 'no_token')
    assert.equal(error.mayHaveBeenTaken, false)
    assert.match(error.message, /the vault is sealed/)
    assert.equal(publisher.heard.length, 2)
  })

  it('keep a path before /v1', async (context) => {
    const publisher = await scripted(context, [json(201, BROADCAST)])
    await createClient({ url: `${publisher.url}/rescind/` }).revoke(ANN)
    assert.equal(publisher.heard[0]?.path, '/rescind/v1/revocations')
    assert.equal(publisher.heard[0]?.headers.authorization, undefined)
  })
})
