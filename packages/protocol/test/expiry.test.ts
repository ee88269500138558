import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { expiresAtMs, liftExpiresAtMs, revocationFrom } from '@rescind/protocol'
import { DAY, HOUR, MINUTE, POLICY, T } from './samples.ts'

const LATER = T + 5 * MINUTE

describe('expiry of a revocation', () => {
  it('R13: a cutoff lasts until the last token issued before it has ended, whenever it was recorded', () => {
    const terms = { match: { sub: 'ann' }, mode: 'cutoff', issuedBeforeMs: T } as const
    assert.equal(expiresAtMs(terms, LATER, POLICY), T + HOUR + MINUTE)
  })

  it('R13: a cutoff of a jti lasts as a cutoff', () => {
    const terms = { match: { jti: 'j' }, mode: 'cutoff', issuedBeforeMs: T } as const
    assert.equal(expiresAtMs(terms, LATER, POLICY), T + HOUR + MINUTE)
  })

  it('R13: the block of a jti lasts until its token ends, if that is known', () => {
    const terms = { match: { jti: 'j', sub: 'ann' }, mode: 'block', tokenExpMs: T + 7 * MINUTE } as const
    assert.equal(expiresAtMs(terms, LATER, POLICY), T + 8 * MINUTE)
  })

  it('R13: the block of a jti lasts as long as any token issued by then, if the end of its own is not known', () => {
    assert.equal(expiresAtMs({ match: { jti: 'j' }, mode: 'block' }, LATER, POLICY), LATER + HOUR + MINUTE)
  })

  it('R13: any other block outlasts the sessions that go on minting', () => {
    for (const match of [{ sub: 'ann' }, { sid: 's' }, { kid: 'k' }, {}]) {
      assert.equal(expiresAtMs({ match, mode: 'block' }, LATER, POLICY), LATER + 30 * DAY + HOUR + MINUTE)
    }
  })

  it('R13: until replaces the session, not the life of the last token minted in it', () => {
    const terms = { match: { sub: 'ann' }, mode: 'block', untilMs: T + 2 * DAY } as const
    assert.equal(expiresAtMs(terms, LATER, POLICY), T + 2 * DAY + HOUR + MINUTE)
  })

  it('R13: the leeway is in all of them', () => {
    const without = { ...POLICY, leewayMs: 0 }
    const all = [
      { match: { sub: 'ann' }, mode: 'cutoff', issuedBeforeMs: T },
      { match: { jti: 'j' }, mode: 'block', tokenExpMs: T },
      { match: { jti: 'j' }, mode: 'block' },
      { match: { sub: 'ann' }, mode: 'block' },
      { match: { sub: 'ann' }, mode: 'block', untilMs: T },
    ] as const
    for (const terms of all) assert.equal(expiresAtMs(terms, T, POLICY) - expiresAtMs(terms, T, without), MINUTE)
  })

  it('R13: a block outlives tokens of an issuer whose clock is ahead; a cutoff has that in issuedBefore', () => {
    const skewed = { ...POLICY, clockSkewMs: 45_000 }
    const terms = [
      [{ match: { jti: 'j' }, mode: 'block' }, 45_000],
      [{ match: { sub: 'ann' }, mode: 'block' }, 45_000],
      [{ match: { sub: 'ann' }, mode: 'block', untilMs: T }, 45_000],
      [{ match: { jti: 'j' }, mode: 'block', tokenExpMs: T }, 0],
      [{ match: { sub: 'ann' }, mode: 'cutoff', issuedBeforeMs: T }, 0],
    ] as const
    for (const [term, more] of terms) assert.equal(expiresAtMs(term, T, skewed) - expiresAtMs(term, T, POLICY), more)
  })

  it('R13: every fact carries its own expiry, reckoned from the time of its frame', () => {
    const draft = { policy: POLICY, match: { sub: 'ann' }, mode: 'block', reason: 'other', untilMs: T + DAY } as const
    assert.deepEqual(revocationFrom(draft, { id: 'r1', actor: 'key:admin', atMs: LATER }), {
      kind: 'revocation',
      id: 'r1',
      iss: POLICY.iss,
      match: { sub: 'ann' },
      mode: 'block',
      reason: 'other',
      actor: 'key:admin',
      atMs: LATER,
      expiresAtMs: T + DAY + HOUR + MINUTE,
    })
  })
})

describe('expiry of a lift', () => {
  it('R10: the lift of a block outlives the longest ban that could have been recorded before it', () => {
    assert.equal(liftExpiresAtMs('block', T, POLICY, undefined), T + 400 * DAY + HOUR + MINUTE)
  })

  it('R10: the lift of a cutoff outlives one that was recorded 60 s ahead', () => {
    assert.equal(liftExpiresAtMs('cutoff', T, POLICY, undefined), T + MINUTE + HOUR + MINUTE)
  })

  it('R10: the lift outlives what is known on its key, if that lasts longer', () => {
    assert.equal(liftExpiresAtMs('cutoff', T, POLICY, T + 900 * DAY), T + 900 * DAY)
    assert.equal(liftExpiresAtMs('cutoff', T, POLICY, T), T + MINUTE + HOUR + MINUTE)
  })

  it('R10: no lift is forgotten before a revocation that was legal when it was recorded', () => {
    const skewed = { ...POLICY, clockSkewMs: MINUTE }
    const longest = [
      { match: { sub: 'ann' }, mode: 'block', untilMs: T + 400 * DAY },
      { match: { sub: 'ann' }, mode: 'block' },
      { match: { jti: 'j' }, mode: 'block', tokenExpMs: T + POLICY.maxExpiryMs + MINUTE },
      { match: { sub: 'ann' }, mode: 'cutoff', issuedBeforeMs: T + MINUTE },
    ] as const
    for (const terms of longest) {
      for (const policy of [POLICY, skewed]) {
        assert.ok(liftExpiresAtMs(terms.mode, T + 1, policy, undefined) >= expiresAtMs(terms, T, policy))
      }
    }
  })
})
