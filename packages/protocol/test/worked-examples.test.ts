import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fact, referenceCheck, type Verdict, type VerifiedToken } from '@rescind/protocol'
import { at, HOUR, ISS, ISSUER, lift, MINUTE, revocation, SECOND, T, token } from './samples.ts'

/** The worked examples of SPEC.md, by their numbers. */
interface Example {
  readonly number: number
  readonly what: string
  readonly facts: readonly Fact[]
  readonly token: VerifiedToken
  readonly answer: Verdict['kind']
  readonly cause?: string
  readonly seen?: string
}

const CUTOFF = revocation({ sub: 'ann' }, 'cutoff', { issuedBeforeMs: T })
const BLOCK = revocation({ sub: 'ann' }, 'block')
const BLOCKED_AND_LIFTED = [
  CUTOFF,
  revocation({ sub: 'ann' }, 'block', { atMs: T + MINUTE }),
  lift({ sub: 'ann' }, 'block', T + 2 * MINUTE),
]
const EXCEPT_S1 = revocation({ sub: 'ann' }, 'cutoff', { except: { sid: ['s1'] } })
const AGAIN = { ...CUTOFF, atMs: T + HOUR / 2 }
const ELEVEN = revocation({ sub: 'ann' }, 'cutoff', { issuedBeforeMs: at('11:00') * SECOND })

const EXAMPLES: readonly Example[] = [
  {
    number: 1,
    what: 'the same second',
    facts: [CUTOFF],
    token: token({ sub: 'ann', iat: at('12:00:00') }),
    answer: 'revoked',
  },
  {
    number: 2,
    what: 'reissueNotBefore',
    facts: [CUTOFF],
    token: token({ sub: 'ann', iat: at('12:00:01') }),
    answer: 'active',
  },
  {
    number: 3,
    what: 'an iat with a fraction',
    facts: [CUTOFF],
    token: token({ sub: 'ann', iat: at('12:00:00.7') }),
    answer: 'active',
  },
  {
    number: 4,
    what: 'a block lasts maxSession',
    facts: [BLOCK],
    token: token({ sub: 'ann', iat: at('12:50') }),
    seen: '13:20',
    answer: 'revoked',
  },
  {
    number: 5,
    what: 'a lift has a mode',
    facts: BLOCKED_AND_LIFTED,
    token: token({ sub: 'ann', iat: at('11:59') }),
    answer: 'revoked',
  },
  {
    number: 6,
    what: 'the block is lifted',
    facts: BLOCKED_AND_LIFTED,
    token: token({ sub: 'ann', iat: at('12:03') }),
    answer: 'active',
  },
  {
    number: 7,
    what: 'an exception',
    facts: [EXCEPT_S1],
    token: token({ sub: 'ann', sid: 's1', iat: at('11:30') }),
    answer: 'active',
  },
  {
    number: 8,
    what: 'an exception is not for other facts',
    facts: [EXCEPT_S1, CUTOFF],
    token: token({ sub: 'ann', sid: 's1', iat: at('11:30') }),
    answer: 'revoked',
  },
  {
    number: 9,
    what: 'all claims must match',
    facts: [revocation({ sub: 'ann', client_id: 'app' }, 'cutoff')],
    token: token({ sub: 'ann', client_id: 'web' }),
    answer: 'active',
  },
  {
    number: 10,
    what: 'a header without kid',
    facts: [revocation({ kid: 'k1' }, 'block')],
    token: token({ sub: 'ann' }, { alg: 'ES256' }),
    answer: 'revoked',
  },
  {
    number: 11,
    what: 'no precedence',
    facts: [revocation({}, 'cutoff'), ELEVEN],
    token: token({ sub: 'ann', iat: at('11:30') }),
    answer: 'revoked',
  },
  {
    number: 13,
    what: 'seen twice and published again',
    facts: [CUTOFF, CUTOFF, AGAIN],
    token: token({ sub: 'ann', iat: at('12:00:02') }),
    seen: '12:40',
    answer: 'active',
  },
  {
    number: 14,
    what: 'a trailing slash',
    facts: [],
    token: token({ iss: `${ISS}/` }),
    answer: 'unknown',
    cause: 'unmanaged_issuer',
  },
]

describe('worked examples', () => {
  for (const { number, what, facts, token: seenToken, answer, cause, seen = '12:10' } of EXAMPLES) {
    it(`example ${number}: ${what}`, () => {
      for (const order of [[ISSUER, ...facts], [...facts, ISSUER].reverse()]) {
        const verdict = referenceCheck(order, seenToken, { nowMs: at(seen) * SECOND })
        assert.equal(verdict.kind, answer)
        assert.equal(verdict.kind === 'unknown' ? verdict.cause : undefined, cause)
      }
    })
  }

  it('example 12: by the facts alone the token is active; that a replica is stale is for the replica to say', () => {
    assert.deepEqual(referenceCheck([ISSUER], token({ sub: 'ann' }), { nowMs: at('12:10') * SECOND }), {
      kind: 'active',
    })
  })
})
