import assert from 'node:assert/strict'
import { test } from 'node:test'
import { msToNumericDate, systemClock } from '@rescind/protocol'
import { ISS, withPublisher } from './harness.ts'

const nowSec = () => msToNumericDate(systemClock.now())

test('R18: the three verdicts, without the facts behind them', () =>
  withPublisher({}, async (harness) => {
    const token = { iss: ISS, sub: 'ann', iat: nowSec() - 10, exp: nowSec() + 10 }
    assert.deepEqual(await harness.verdict(token), { kind: 'active' })
    assert.deepEqual(await harness.verdict({ ...token, iss: 'https://elsewhere' }), {
      kind: 'unknown',
      cause: 'unmanaged_issuer',
    })
    assert.deepEqual(await harness.verdict({ ...token, exp: nowSec() + 99_999 }), {
      kind: 'unknown',
      cause: 'outlives_facts',
    })
    await harness.revoke({ iss: ISS, match: { sub: 'ann' }, reason: 'admin_revoked' })
    assert.deepEqual(await harness.verdict(token), {
      kind: 'revoked',
      reason: 'admin_revoked',
      mode: 'cutoff',
      claims: ['sub'],
    })
  }))

test('R5: the header decides about keys', () =>
  withPublisher({}, async (harness) => {
    const token = { iss: ISS, sub: 'ann', iat: nowSec() - 10, exp: nowSec() + 10 }
    await harness.revoke({ iss: ISS, match: { kid: 'k1' }, reason: 'key_compromised' })
    assert.deepEqual(await harness.verdict(token), { kind: 'unknown', cause: 'no_header' })
    assert.deepEqual(await harness.verdict(token, { kid: 'k2' }), { kind: 'active' })
    for (const header of [{ kid: 'k1' }, { alg: 'ES256' }]) {
      assert.equal(((await harness.verdict(token, header)) as { kind: string }).kind, 'revoked')
    }
  }))

test('R21: hostile claims are answered, not thrown at', () =>
  withPublisher({}, async (harness) => {
    await harness.revoke({ iss: ISS, match: { sub: '__proto__' }, mode: 'block' })
    const claims = `{"iss":${JSON.stringify(ISS)},"sub":"__proto__","__proto__":{"sub":1},"iat":${nowSec()},"exp":${nowSec() + 9}}`
    const { status, body } = await harness.call('POST', '/v1/check', { body: `{"claims":${claims}}` })
    assert.equal(status, 200)
    assert.equal(body.verdict.kind, 'revoked')
    for (const odd of [{}, { iss: null }, { iss: ISS, sub: [[]], aud: Array(99).fill('x') }]) {
      const reply = await harness.call('POST', '/v1/check', { body: { claims: odd } })
      assert.equal(reply.status, 200)
      assert.equal(reply.body.verdict.kind, 'unknown')
    }
  }))
