import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultMode, type Match, type Mode, REASONS, type Reason, reasonRank } from '@rescind/protocol'

describe('facts: default mode', () => {
  const chosen: [Match, Reason, Mode][] = [
    [{ jti: 'j' }, 'other', 'block'],
    [{ sid: 's' }, 'session_ended', 'block'],
    [{ kid: 'k' }, 'key_compromised', 'block'],
    [{ sub: 'ann', jti: 'j' }, 'password_changed', 'block'],
    [{ sub: 'ann', sid: 's' }, 'logged_out', 'block'],
    [{ sub: 'ann' }, 'account_blocked', 'block'],
    [{ sub: 'ann' }, 'account_suspended', 'block'],
    [{ sub: 'ann' }, 'account_deleted', 'block'],
    [{}, 'account_blocked', 'block'],
    [{}, 'other', 'cutoff'],
    [{ tenant: 't' }, 'token_compromised', 'cutoff'],
  ]
  for (const [match, reason, mode] of chosen) {
    it(`R3: ${JSON.stringify(match)} for ${reason} is a ${mode}`, () => assert.equal(defaultMode(match, reason), mode))
  }

  it('R3: every other reason, for a match of a sub, is a cutoff', () => {
    const block = REASONS.filter((reason) => defaultMode({ sub: 'ann' }, reason) === 'block')
    assert.deepEqual(block, ['account_blocked', 'account_suspended', 'account_deleted'])
  })

  it('R3: the reasons stand in their order, which ranks them on a tie (R9)', () => {
    assert.deepEqual(
      [...REASONS].sort((a, b) => reasonRank(a) - reasonRank(b)),
      [
        'logged_out',
        'password_changed',
        'permissions_changed',
        'admin_revoked',
        'account_blocked',
        'account_suspended',
        'account_deleted',
        'token_compromised',
        'key_compromised',
        'session_ended',
        'other',
      ],
    )
  })
})
