import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UNKNOWN_CAUSES, type Verdict } from '@rescind/protocol'
import { refusalResponse } from '../src/http.ts'
import { refusalOf } from '../src/refusal.ts'
import type { Refusal } from '../src/replica-types.ts'

const REVOKED: Verdict = { kind: 'revoked', reason: 'account_deleted', mode: 'block', claims: ['sub'] }

describe('refusal', () => {
  it('R18: an active token is served under any policy', () => {
    assert.equal(refusalOf({ kind: 'active' }, 'reject'), undefined)
    assert.equal(refusalOf({ kind: 'active' }, 'accept'), undefined)
  })

  it('R18: a revoked token is 401 invalid_token under any policy', () => {
    for (const policy of ['reject', 'accept'] as const) {
      const refusal = refusalOf(REVOKED, policy) as Refusal
      assert.equal(refusal.status, 401)
      assert.match(refusal.challenge, /^Bearer error="invalid_token"/)
    }
  })

  for (const cause of UNKNOWN_CAUSES) {
    it(`R18: unknown (${cause}) and rejected is 503 with Retry-After, never a 401`, () => {
      const refusal = refusalOf({ kind: 'unknown', cause }, 'reject') as Refusal
      assert.equal(refusal.status, 503)
      assert.equal(refusal.challenge, '')
      assert.ok((refusal.retryAfterSec as number) > 0)
    })

    it(`R18: unknown (${cause}) and accepted is ${cause === 'closed' ? 'refused all the same' : 'served'}`, () => {
      const refusal = refusalOf({ kind: 'unknown', cause }, 'accept')
      assert.equal(refusal?.status, cause === 'closed' ? 503 : undefined)
    })
  }
})

describe('a refusal over HTTP', () => {
  it('RFC 6750: a challenge with realm, a problem without the reason', () => {
    const { status, headers, body } = refusalResponse(refusalOf(REVOKED, 'reject') as Refusal, {
      realm: 'a "b" \\ c\r\nd',
    })
    assert.equal(status, 401)
    assert.equal(
      headers['www-authenticate'],
      'Bearer realm="a \\"b\\" \\\\ cd", error="invalid_token", error_description="The access token was revoked"',
    )
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['content-type'], 'application/problem+json')
    assert.deepEqual(JSON.parse(body), {
      type: 'urn:rescind:problem:token_revoked',
      title: 'The access token was revoked',
      status: 401,
      code: 'token_revoked',
    })
  })

  it('tells the reason only if asked to', () => {
    const { body } = refusalResponse(refusalOf(REVOKED, 'reject') as Refusal, { exposeReason: true })
    assert.equal(JSON.parse(body).reason, 'account_deleted')
  })

  it('a 503 has Retry-After and no challenge', () => {
    const { headers } = refusalResponse(refusalOf({ kind: 'unknown', cause: 'stale' }, 'reject') as Refusal, {
      realm: 'x',
    })
    assert.equal(headers['retry-after'], '5')
    assert.equal(headers['www-authenticate'], undefined)
  })
})
