import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scopesOf } from '../src/token-scopes.ts'

const scopes = (claims: Record<string, unknown>) => [...scopesOf(claims)]

test('scope and scp, as text or as a list, alone or together', () => {
  assert.deepEqual(scopes({ scope: 'openid revocations:write profile' }), ['revocations:write'])
  assert.deepEqual(scopes({ scp: 'snapshot:read revocations:read' }), ['revocations:read', 'snapshot:read'])
  assert.deepEqual(scopes({ scp: ['revocations:read', 'other', 'revocations:read'] }), ['revocations:read'])
  assert.deepEqual(scopes({ scope: ['revocations:read'] }), ['revocations:read'])
  assert.deepEqual(scopes({ scope: 'revocations:read', scp: ['snapshot:read'] }), ['revocations:read', 'snapshot:read'])
  assert.deepEqual(scopes({ scope: 'revocations:read  revocations:read' }), ['revocations:read'])
})

test('RFC 6749 section 3.3: names are exact, and only spaces part them; whatever is no text says nothing', () => {
  for (const odd of [
    ...[undefined, null, 7, true, {}, [], '', ' ', [null, 7, ['revocations:write'], { 0: 'revocations:write' }]],
    ...[
      'Revocations:write',
      'revocations:write,revocations:read',
      'revocations:*',
      'revocations',
      'a\trevocations:write',
    ],
    { length: 1, 0: 'revocations:write' },
  ]) {
    assert.deepEqual(scopes({ scope: odd }), [], String(odd))
    assert.deepEqual(scopes({ scp: odd }), [], String(odd))
  }
  // A list holds names, not texts with spaces.
  assert.deepEqual(scopes({ scp: ['revocations:write revocations:read'] }), [])
})
