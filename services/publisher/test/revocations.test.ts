import assert from 'node:assert/strict'
import { test } from 'node:test'
import { msToNumericDate, parseRfc3339, type Revocation, systemClock } from '@rescind/protocol'
import { HOUR_MS, ISS, KEYS, OTHER_ISS, type Reply, withPublisher } from './harness.ts'

function ms(time: string): number {
  const value = parseRfc3339(time)
  assert.ok(value !== undefined, `${time} is no RFC 3339 time`)
  return value
}

function nowSec(): number {
  return msToNumericDate(systemClock.now())
}

test('one cutoff: the answer says what was decided, and it is in force before it is given', () =>
  withPublisher({}, async (harness) => {
    const reply = await harness.revoke({ iss: ISS, match: { sub: 'ann' }, reason: 'password_changed', note: 'asked' })
    assert.equal(reply.status, 201)
    const { state, cursor, revocations } = reply.body
    assert.equal(state, 'broadcast')
    assert.deepEqual(Object.keys(cursor), ['epoch', 'seq', 'frameId'])
    assert.equal(revocations.length, 1)
    const [one] = revocations
    assert.deepEqual(Object.keys(one), [
      'id',
      'iss',
      'match',
      'mode',
      'issuedBefore',
      'reissueNotBefore',
      'expiresAt',
      'reason',
      'at',
    ])
    assert.match(one.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUID of version 7, sortable by time')
    assert.equal(one.mode, 'cutoff')
    assert.deepEqual(one.match, { sub: 'ann' })
    assert.equal(one.reason, 'password_changed')
    assert.equal(one.reissueNotBefore, msToNumericDate(ms(one.issuedBefore)) + 1, 'R4')
    assert.equal(ms(one.expiresAt), ms(one.issuedBefore) + HOUR_MS + 60_000, 'R13')

    const frame = (await harness.frames()).at(-1)
    assert.equal(frame?.frameId, cursor.frameId)
    const fact = frame?.facts[0] as Revocation
    assert.equal(fact.id, one.id)
    assert.equal(fact.actor, 'admin')
    assert.equal(fact.note, 'asked')
    assert.equal(fact.atMs, ms(one.at))

    const token = { iss: ISS, sub: 'ann', exp: nowSec() + 600 }
    assert.equal(
      ((await harness.verdict({ ...token, iat: one.reissueNotBefore - 1 })) as { kind: string }).kind,
      'revoked',
    )
    assert.deepEqual(await harness.verdict({ ...token, iat: one.reissueNotBefore }), { kind: 'active' })
  }))

test('R3: the mode that was chosen is shown', () =>
  withPublisher({}, async (harness) => {
    const cases = [
      [{ jti: 'j' }, {}, 'block'],
      [{ sid: 's' }, {}, 'block'],
      [{ kid: 'k' }, {}, 'block'],
      [{ sub: 'a' }, {}, 'cutoff'],
      [{ sub: 'a' }, { reason: 'account_blocked' }, 'block'],
      [{ sub: 'a' }, { reason: 'account_blocked', mode: 'cutoff' }, 'cutoff'],
    ] as const
    const { status, body } = await harness.revoke(cases.map(([match, more]) => ({ iss: ISS, match, ...more })))
    assert.equal(status, 201)
    assert.deepEqual(
      body.revocations.map((one: { mode: string }) => one.mode),
      cases.map(([, , mode]) => mode),
    )
    for (const one of body.revocations) assert.equal('issuedBefore' in one, one.mode === 'cutoff')
  }))

test('an array is one frame, answered in its order', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const bodies = Array.from({ length: 500 }, (_, n) => ({ iss: ISS, match: { jti: `j${n}` } }))
    const { status, body } = await harness.revoke(bodies)
    assert.equal(status, 201)
    assert.deepEqual(
      body.revocations.map((one: { match: { jti: string } }) => one.match.jti),
      bodies.map(({ match }) => match.jti),
    )
    const frames = await harness.frames()
    assert.equal(frames.length, before + 1)
    assert.equal(frames.at(-1)?.facts.length, 500)
    assert.equal(new Set(body.revocations.map((one: { at: string }) => one.at)).size, 1, 'R10: one time for the frame')
  }))

test('an array is all or nothing: every mistake has its place, and nothing was recorded', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const reply = await harness.revoke([
      { iss: ISS, match: { sub: 'ann' } },
      { iss: ISS, match: { sub: 1.5 }, reason: 'whim' },
      { iss: 'nobody', match: { sub: 'ann' } },
    ])
    assert.equal(reply.status, 422)
    assert.equal(reply.body.code, 'invalid_revocation')
    assert.deepEqual(
      reply.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`),
      ['/1/match/sub wrong_type', '/1/reason unknown_reason', '/2/iss unknown_issuer'],
    )
    assert.equal((await harness.frames()).length, before)
  }))

test('an array too large for one frame is 413, and nothing of it was recorded', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const wide = Array.from({ length: 300 }, (_, n) => ({ iss: ISS, match: { sub: 'x'.repeat(1_000) + n } }))
    const many = Array.from({ length: 4_097 }, (_, n) => ({ match: { a: n } }))
    for (const body of [wide, many]) {
      const reply = await harness.revoke(body)
      assert.equal(reply.status, 413)
      assert.equal(reply.body.code, 'frame_too_large')
    }
    assert.equal((await harness.frames()).length, before)
    const fits = await harness.revoke(wide.slice(0, 190))
    assert.equal(fits.status, 201)
  }))

test('R14: what has expired already is success and is not recorded', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const gone = { iss: ISS, match: { jti: 'j' }, tokenExp: nowSec() - 61 }
    const long = { iss: ISS, match: { sub: 'ann' }, issuedBefore: '2020-01-01T00:00:00Z' }
    const reply = await harness.revoke([gone, long])
    assert.equal(reply.status, 200)
    assert.equal(reply.body.state, 'nothing_to_do')
    assert.equal('cursor' in reply.body, false)
    for (const one of reply.body.revocations) assert.equal('at' in one, false)
    assert.equal((await harness.frames()).length, before)

    const mixed = await harness.revoke([gone, { iss: ISS, match: { jti: 'k' }, tokenExp: nowSec() - 50 }])
    assert.equal(mixed.status, 201, 'the leeway of 60 s keeps the second alive')
    assert.deepEqual(
      mixed.body.revocations.map((one: object) => 'at' in one),
      [false, true],
    )
    assert.equal((await harness.frames()).at(-1)?.facts.length, 1)
  }))

test('several issuers, each with its own lifetimes; iss may be left out only if there is one', () =>
  withPublisher({}, async (harness) => {
    const { body } = await harness.revoke({ iss: OTHER_ISS, match: { sub: 'ann' } })
    const [one] = body.revocations
    assert.equal(ms(one.expiresAt), ms(one.issuedBefore) + 2 * HOUR_MS + 30_000)
    assert.ok(ms(one.issuedBefore) - ms(one.at) > 4_000, "the issuer's clockSkew of 5 s lies in the default cutoff")
    const missing = await harness.revoke({ match: { sub: 'ann' } })
    assert.deepEqual(
      missing.body.errors.map((error: { pointer: string }) => error.pointer),
      ['/iss'],
    )
  }))

test('with one issuer, iss may be left out', () =>
  withPublisher(
    { config: { issuers: [{ iss: ISS, maxExpiryMs: 1_000, maxSessionMs: 0, clockSkewMs: 0, leewayMs: 0 }] } },
    async (harness) => {
      const { status, body } = await harness.revoke({ match: { sub: 'ann' } })
      assert.equal(status, 201)
      assert.equal(body.revocations[0].iss, ISS)
    },
  ))

test('a wide match wants confirm, and says so with 428 only if nothing else is wrong', () =>
  withPublisher({}, async (harness) => {
    for (const match of [{}, { client_id: 'app' }, { tenant: 't', aud: 'x' }]) {
      const reply = await harness.revoke({ iss: ISS, match })
      assert.equal(reply.status, 428)
      assert.equal(reply.body.code, 'confirmation_required')
      assert.equal(reply.body.errors[0].pointer, '/confirm')
      assert.equal((await harness.revoke({ iss: ISS, match, reason: 'whim' })).status, 422)
      assert.equal((await harness.revoke({ iss: ISS, match, confirm: OTHER_ISS })).status, 428)
      assert.equal((await harness.revoke({ iss: ISS, match, confirm: ISS })).status, 201)
    }
    const verdict = await harness.verdict({ iss: ISS, sub: 'anyone', iat: nowSec() - 5, exp: nowSec() + 5 })
    assert.equal((verdict as { kind: string }).kind, 'revoked')
  }))

test('R2: a 65th shape is refused at publishing, one already in use is not', () =>
  withPublisher({}, async (harness) => {
    const shape = (n: number) => ({ iss: ISS, match: { [`claim${n}`]: 'x' } })
    assert.equal((await harness.revoke(Array.from({ length: 63 }, (_, n) => shape(n)))).status, 201)
    const over = await harness.revoke([shape(63), shape(64), shape(65)])
    assert.equal(over.status, 422)
    assert.deepEqual(
      over.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`),
      ['/1/match too_many_shapes', '/2/match too_many_shapes'],
    )
    assert.equal((await harness.revoke(shape(63))).status, 201)
    const single = await harness.revoke(shape(64))
    assert.equal(single.body.errors[0].pointer, '/match')
    assert.equal((await harness.revoke({ ...shape(7), match: { claim7: 'other' } })).status, 201)
    assert.equal((await harness.revoke({ ...shape(99), iss: OTHER_ISS })).status, 201, 'each issuer has its own 64')
  }))

test('R2: shapes that still wait for their frame count', () =>
  withPublisher({}, async (harness) => {
    const replies = await Promise.all(
      Array.from({ length: 80 }, (_, n) => harness.revoke({ iss: ISS, match: { [`claim${n}`]: 'x' } })),
    )
    const statuses = replies.map(({ status }: Reply) => status).sort()
    assert.deepEqual(statuses, [...Array(64).fill(201), ...Array(16).fill(422)])
  }))

test('onBehalfOf travels beside the authenticated principal', () =>
  withPublisher({}, async (harness) => {
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, onBehalfOf: 'bob' }, {}, KEYS.second.key)
    const fact = (await harness.frames()).at(-1)?.facts[0] as Revocation
    assert.deepEqual([fact.actor, fact.onBehalfOf], ['second', 'bob'])
  }))
