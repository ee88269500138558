import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { memoryLog } from '@rescind/log'
import { checkAnswer } from './contract/check-answer.ts'
import { type Harness, ISS, KEYS, withPublisher } from './harness.ts'
import { until } from './until.ts'

type Line = { type: string; line?: number; code?: string; [name: string]: unknown }

/** Sends text or chunks as lines; answers with status and the lines of the answer. */
async function upload(harness: Harness, body: string | AsyncIterable<string>, headers: object = {}) {
  const stream = typeof body === 'string' ? body : Readable.toWeb(Readable.from(body).map((text) => Buffer.from(text)))
  const response = await fetch(`${harness.publisher.url}/v1/revocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.admin.key}`, 'content-type': 'application/x-ndjson', ...headers },
    body: stream as string,
    ...({ duplex: 'half' } as object),
  })
  const text = await response.text()
  checkAnswer({ method: 'POST', path: '/v1/revocations', status: response.status, headers: response.headers, text })
  const lines =
    response.status === 200
      ? text
          .trim()
          .split('\n')
          .map((line): Line => JSON.parse(line))
      : []
  return { response, text, lines, last: lines.at(-1) as Line }
}

const line = (sub: string) => JSON.stringify({ iss: ISS, match: { sub }, mode: 'block' })
const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => line(`u${from + n}`)).join('\n')

async function factsOf(harness: Harness) {
  const facts = (await harness.frames()).flatMap((frame) => frame.facts)
  return facts.filter((fact) => fact.kind === 'revocation')
}

test('lines become facts in few frames, in order; rejects are told by line and the rest is taken', () =>
  withPublisher({}, async (harness) => {
    const before = (await harness.frames()).length
    const body = `${many(2_500)}\n\n{"iss":"${ISS}"}\nno json\n{"iss":"${ISS}","match":{}}\n${line('last')}`
    const { response, lines, last } = await upload(harness, body)
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson')
    assert.deepEqual(
      lines.filter(({ type }) => type === 'rejected').map(({ line: at, code }) => [at, code]),
      [
        [2_502, 'invalid_revocation'],
        [2_503, 'invalid_json'],
        [2_504, 'confirmation_required'],
      ],
    )
    assert.deepEqual(
      [last.type, last.state, last.lines, last.recorded, last.rejected],
      ['summary', 'broadcast', 2_505, 2_501, 3],
    )
    const facts = await factsOf(harness)
    assert.deepEqual(facts.map(({ match }) => match.sub).slice(0, 3), ['u0', 'u1', 'u2'])
    assert.equal(facts.length, 2_501)
    assert.ok((await harness.frames()).length - before < 12)
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'last' })) as { kind: string }).kind, 'revoked')

    assert.equal((last.cursor as { seq: number }).seq, (await harness.frames()).length)
  }))

test('R14: what has expired already is counted, and nothing is recorded', () =>
  withPublisher({}, async (harness) => {
    const { last } = await upload(harness, JSON.stringify({ iss: ISS, match: { jti: 'j' }, tokenExp: 1_000_000 }))
    assert.deepEqual([last.state, last.nothingToDo, last.recorded], ['nothing_to_do', 1, 0])
  }))

test('sent again under its key after a cut, the same facts are there once, and the missing ones too', () =>
  withPublisher({}, async (harness) => {
    const headers = { 'idempotency-key': 'nightly' }
    async function* cut() {
      yield `${many(3_000)}\n`
      await until('some of it is in the log', async () => (await factsOf(harness)).length >= 1_000)
      throw new Error('cut, as ordered')
    }
    await assert.rejects(upload(harness, cut(), headers))
    const again = await until('the cut one has ended', async () => {
      const tried = await upload(harness, many(5_000), headers)
      return tried.response.status === 409 ? undefined : tried
    })
    assert.deepEqual([again.last.type, again.last.rejected], ['summary', 0], again.text)
    assert.equal((again.last.recorded as number) + (again.last.repeated as number), 5_000)
    assert.ok((again.last.repeated as number) >= 1_000)
    const ids = (await factsOf(harness)).map(({ id }) => id)
    assert.equal(ids.length, 5_000)
    assert.equal(new Set(ids).size, 5_000)
    const third = await upload(harness, many(5_000), headers)
    assert.deepEqual([third.last.repeated, third.last.recorded], [5_000, 0])
    const other = await upload(harness, line('somebody else'), headers)
    assert.deepEqual(
      [other.lines[0]?.code, other.last.rejected],
      ['idempotency_key_reused', 1],
      'never skipped in silence',
    )
    const array = await harness.revoke({ iss: ISS, match: { sub: 'x' } }, headers)
    assert.equal(array.body.code, 'idempotency_key_reused')
  }))

test('while the log is away lines are recorded, and go out by themselves', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  await withPublisher({ log }, async (harness) => {
    log.faults.disconnect()
    const { last } = await upload(harness, many(3_000))
    assert.deepEqual([last.type, last.state, last.recorded], ['summary', 'recorded', 3_000])
    log.faults.reconnect()
    await until('all went out', async () => (await factsOf(harness)).length === 3_000)
    assert.equal(((await harness.verdict({ iss: ISS, sub: 'u2999' })) as { kind: string }).kind, 'revoked')
  })
})

test('a full log ends it, and says what was recorded', () =>
  withPublisher({}, async (harness) => {
    harness.log.faults.full(true)
    const { last } = await upload(harness, many(10))
    assert.deepEqual([last.type, last.code, last.recorded], ['failed', 'log_full', 0])
  }))

test('R2: one set of claim names too many is told, and the others are taken', () =>
  withPublisher({}, async (harness) => {
    const shapes = Array.from({ length: 70 }, (_, n) =>
      JSON.stringify({ iss: ISS, match: { [`c${n}`]: 'x' }, mode: 'block' }),
    )
    const { lines, last } = await upload(harness, shapes.join('\n'))
    assert.deepEqual([last.recorded, last.rejected], [64, 6])
    const codes = lines
      .flatMap(({ errors }) => (errors as { code: string }[] | undefined) ?? [])
      .map(({ code }) => code)
    assert.deepEqual(new Set(codes), new Set(['too_many_shapes']))
  }))

test('who may not write uploads nothing; lines are for revocations alone', () =>
  withPublisher({}, async (harness) => {
    const reader = await upload(harness, line('ann'), { authorization: `Bearer ${KEYS.reader.key}` })
    assert.equal(reader.response.status, 403)
    const lift = await harness.lift('{}', { 'content-type': 'application/x-ndjson' })
    assert.deepEqual([lift.status, lift.body.code], [415, 'unsupported_media_type'])
  }))

test('a line that says more than the one before it under this key is told, and never taken for a repeat', () =>
  withPublisher({}, async (harness) => {
    const headers = { 'idempotency-key': 'mended' }
    const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
    const cut = { iss: ISS, match: { sub: 'ann' }, mode: 'cutoff' }
    const ban = { iss: ISS, match: { sub: 'bob' }, mode: 'block' }
    const token = { iss: ISS, match: { jti: 'j' }, mode: 'block' }
    const pairs = [
      [{ ...cut, except: { sid: ['s1'] } }, cut],
      [{ ...cut, issuedBefore: ago(30) }, cut],
      [
        { ...cut, issuedBefore: ago(30) },
        { ...cut, issuedBefore: ago(20) },
      ],
      [{ ...ban, until: new Date(Date.now() + 60_000).toISOString() }, ban],
      [
        { ...ban, reason: 'account_suspended' },
        { ...ban, reason: 'account_deleted' },
      ],
      [{ ...token, tokenExp: Math.floor(Date.now() / 1000) + 60 }, token],
    ]
    const text = (at: 0 | 1) => pairs.map((pair) => JSON.stringify(pair[at])).join('\n')
    assert.equal((await upload(harness, text(0), headers)).last.recorded, pairs.length)
    const same = await upload(harness, text(0), headers)
    assert.deepEqual([same.last.repeated, same.last.rejected], [pairs.length, 0])
    const { lines, last } = await upload(harness, text(1), headers)
    assert.deepEqual([last.repeated, last.rejected, last.recorded], [0, pairs.length, 0])
    const codes = lines.filter(({ type }) => type === 'rejected').map(({ code }) => code)
    assert.deepEqual(new Set(codes), new Set(['idempotency_key_reused']))
  }))

test('sent again under its key while the log is away, what waits is not recorded twice', async () => {
  const log = memoryLog({ requestTimeoutMs: 300 })
  await withPublisher({ log }, async (harness) => {
    log.faults.disconnect()
    const headers = { 'idempotency-key': 'nightly' }
    const first = await upload(harness, many(1_500), headers)
    assert.deepEqual([first.last.state, first.last.recorded], ['recorded', 1_500])
    const again = await upload(harness, many(1_600), headers)
    assert.deepEqual([again.last.recorded, again.last.repeated], [100, 1_500])
    log.faults.reconnect()
    await until('all went out', async () => (await factsOf(harness)).length >= 1_600)
    assert.equal((await factsOf(harness)).length, 1_600)
  })
})
