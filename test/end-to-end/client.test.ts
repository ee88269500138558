import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createClient } from '@rescind/client'
import { rescind } from '../../packages/client/test/run-cli.ts'
import { HOUR_MS, ISS, KEYS, withPublisher } from '../../services/publisher/test/harness.ts'

const SUB = { iss: ISS, match: { sub: 'ann' } } as const

function claims(more: object = {}): Record<string, unknown> {
  const nowSec = Math.floor(Date.now() / 1_000)
  return { iss: ISS, sub: 'ann', iat: nowSec - 60, exp: nowSec + 600, ...more }
}

describe('the client with a real publisher', () => {
  it('revokes, checks, repeats harmlessly, lifts', () =>
    withPublisher({}, async ({ publisher }) => {
      const client = createClient({ url: publisher.url, key: KEYS.admin.key })
      const first = await client.revoke({ ...SUB, reason: 'password_changed' }, { idempotencyKey: 'once' })
      assert.equal(first.state, 'broadcast')
      assert.equal(first.revocations[0]?.mode, 'cutoff')
      const again = await client.revoke({ ...SUB, reason: 'password_changed' }, { idempotencyKey: 'once' })
      assert.equal(again.replayed, true)
      assert.deepEqual(again.revocations, first.revocations)
      assert.equal((await client.check({ claims: claims() })).verdict.kind, 'revoked')
      await assert.rejects(client.revoke(SUB, { idempotencyKey: 'once' }), {
        code: 'idempotency_key_reused',
        status: 422,
      })
      await client.lift({ ...SUB, mode: 'cutoff' })
      assert.equal((await client.check({ claims: claims() })).verdict.kind, 'active')
    }))

  it('mints again, when it may, a token that passes (R4)', () =>
    withPublisher({}, async ({ publisher }) => {
      const client = createClient({ url: publisher.url, key: KEYS.admin.key })
      const { reissuable } = await client.revoke(SUB)
      await reissuable()
      const iat = Math.floor(Date.now() / 1_000)
      const { verdict } = await client.check({ claims: claims({ iat, exp: iat + HOUR_MS / 2_000 }) })
      assert.equal(verdict.kind, 'active')
    }))

  it('reads replicas and status, and gets refusals with their code', () =>
    withPublisher({}, async ({ publisher }) => {
      const client = createClient({ url: publisher.url, key: KEYS.admin.key })
      assert.equal((await client.status()).status, 'ready')
      const deadline = performance.now() + 10_000
      let replicas = await client.replicas()
      while (replicas.length === 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        replicas = await client.replicas()
      }
      assert.match(replicas[0]?.name ?? '', /^publisher-replica-/)
      const reader = createClient({ url: publisher.url, key: KEYS.reader.key })
      await assert.rejects(reader.revoke(SUB), { code: 'insufficient_scope', mayHaveBeenTaken: false })
      await assert.rejects(client.revoke({ match: {} }), { code: 'invalid_revocation' })
      await assert.rejects(client.revoke({ iss: ISS, match: {} }), { code: 'confirmation_required', status: 428 })
    }))
})

describe('rescind with a real publisher', () => {
  it('does what its help shows first', () =>
    withPublisher({}, async ({ publisher }) => {
      const options = { url: publisher.url, env: { RESCIND_KEY: KEYS.admin.key } }
      const revoked = await rescind(['revoke', 'sub', 'ann', '--reason', 'password_changed', '--iss', ISS], options)
      assert.equal(revoked.exitCode, 0, revoked.err)
      assert.match(revoked.out, /broadcast +cutoff +sub=ann/)
      assert.equal((await rescind(['check', '-'], { ...options, stdin: JSON.stringify(claims()) })).exitCode, 10)
      const wide = await rescind(['revoke', 'all', '--iss', ISS], options)
      assert.equal(wide.exitCode, 5)
      assert.equal((await rescind(['revoke', 'all', '--iss', ISS, '--yes'], options)).exitCode, 0)
      assert.match((await rescind(['status'], options)).out, /^ready\n/)
      const stranger = await rescind(['replicas'], { ...options, env: { RESCIND_KEY: 'rsk_unknown' } })
      assert.equal(stranger.exitCode, 4)
    }))
})
