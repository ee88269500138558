import type { Example } from './call.ts'

const iss = 'https://id.example'

/** Requests to revoke, one for each thing that people want. */
export const REVOKE_EXAMPLES = {
  password_changed: {
    summary: 'Log a user out everywhere; the next login works',
    value: { iss, match: { sub: 'ann' }, reason: 'password_changed' },
  },
  all_but_this_session: {
    summary: 'The same, but for the session in which the password was changed',
    value: { iss, match: { sub: 'ann' }, reason: 'password_changed', except: { sid: ['s-1'] } },
  },
  one_token: {
    summary: 'Log out one token',
    value: { iss, match: { jti: '8f0e3c1a' }, tokenExp: 1_769_863_600, reason: 'logged_out' },
  },
  account_blocked: {
    summary: 'Block an account, whatever a refresh token still mints',
    value: {
      iss,
      match: { sub: 'ann' },
      reason: 'account_blocked',
      until: '2026-03-31T00:00:00Z',
      note: 'abuse report 4711',
      onBehalfOf: 'support/eve',
    },
  },
  leaked_key: {
    summary: 'Everything signed with a leaked key',
    value: { iss, match: { kid: 'k1' }, reason: 'key_compromised' },
  },
  everything: {
    summary: 'Break the glass: every token of the issuer from before a time',
    value: { iss, match: {}, issuedBefore: '2026-01-31T12:00:00Z', confirm: iss },
  },
  several: {
    summary: 'Several at once, all or none',
    value: [
      { iss, match: { sid: 's-1' }, reason: 'session_ended' },
      { iss, match: { sub: 'ann', client_id: 'app' }, mode: 'cutoff' },
    ],
  },
  expired_already: {
    summary: 'A token that has expired already: nothing to do',
    value: { iss, match: { jti: '8f0e3c1a' }, tokenExp: 1_769_000_000 },
  },
} as const satisfies Record<string, Example>

/** What is recorded of the first of them. */
export const BROADCAST_REVOCATION = {
  id: '019c13fb-0a90-7c3e-8a51-5d0f6b7c8d9e',
  iss,
  match: { sub: 'ann' },
  mode: 'cutoff',
  issuedBefore: '2026-01-31T12:00:00.400Z',
  reissueNotBefore: 1_769_860_801,
  expiresAt: '2026-01-31T13:01:00.400Z',
  reason: 'password_changed',
  at: '2026-01-31T12:00:00.400Z',
}

const BROADCAST_ANSWER = {
  state: 'broadcast',
  cursor: { epoch: '6f1c0a4be2d84d7f9a3b5c7d9e1f2a3b', seq: 7, frameId: '0b9d2c4e6f8a1b3c5d7e9f0a2b4c6d8e' },
  revocations: [BROADCAST_REVOCATION],
}

/** The answer to the first of them. */
export const BROADCAST: Example = { summary: 'Recorded and broadcast', value: BROADCAST_ANSWER }

/** The answer to the first of them, if it waited. */
export const ENFORCED: Example = {
  summary: 'Every replica enforces it',
  value: {
    ...BROADCAST_ANSWER,
    state: 'enforced',
    receipt: { confirmed: [{ replica: 'orders', ms: 2.4 }], pending: [], fenced: [], unproved: [] },
  },
}

/** The answer to the first of them while the log is away. */
export const RECORDED: Example = {
  summary: 'Recorded, and not yet in the log',
  value: {
    state: 'recorded',
    revocations: [
      {
        id: '019c13fb-0a90-7c3e-8a51-5d0f6b7c8d9e',
        iss,
        match: { sub: 'ann' },
        mode: 'cutoff',
        issuedBefore: '2026-01-31T12:00:00.400Z',
        reissueNotBefore: 1_769_860_801,
        expiresAt: '2026-01-31T13:01:00.400Z',
        reason: 'password_changed',
      },
    ],
  },
}

/** The answer to the last of them. */
export const NOTHING_TO_DO: Example = {
  summary: 'Expired already',
  value: {
    state: 'nothing_to_do',
    revocations: [
      {
        id: '019c13fb-0a91-7d04-9b62-6e107c8d9eaf',
        iss,
        match: { jti: '8f0e3c1a' },
        mode: 'block',
        expiresAt: '2026-01-21T12:54:20.000Z',
        reason: 'other',
      },
    ],
  },
}
