import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenylist } from '@rescind/denylist'
import { lifetimes } from '../src/lifetimes.ts'
import { ISS, ISSUERS } from './harness.ts'

test('R13, R17: each lifetime by itself is the larger of what is configured and what is on the log', () => {
  const [configured] = ISSUERS
  assert.ok(configured)
  const none = createDenylist()
  assert.deepEqual(lifetimes([configured], none).get(ISS), configured)
  for (const field of ['maxExpiryMs', 'maxSessionMs', 'clockSkewMs', 'leewayMs'] as const) {
    const longer = createDenylist()
    longer.apply({ kind: 'issuer', ...configured, [field]: configured[field] + 1, atMs: 1 })
    assert.deepEqual(lifetimes([configured], longer).get(ISS), { ...configured, [field]: configured[field] + 1 })
    const shorter = createDenylist()
    shorter.apply({ kind: 'issuer', ...configured, [field]: Math.max(0, configured[field] - 1), atMs: 1 })
    assert.deepEqual(lifetimes([configured], shorter).get(ISS), configured)
  }
})
