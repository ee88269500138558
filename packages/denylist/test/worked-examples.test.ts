import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fact, referenceCheck, type Verdict, type VerifiedToken } from '@rescind/protocol'
import { createDenylist } from '../src/index.ts'
import { DAY, HOUR, issuer, lift, MINUTE, revocation, SECOND, T, T_SECONDS, token } from './facts.ts'

/**
 * The worked examples of SPEC.md: maxExpiry an hour, maxSession thirty days, T = 12:00:00.400. Number 12 is about a
 * replica that lost the broker, which no index knows of; number 14 is the issuer with a slash.
 */
interface Example {
  readonly name: string
  readonly facts: readonly Fact[]
  readonly token: VerifiedToken
  readonly nowMs?: number
  readonly answer: Verdict['kind'] | 'unmanaged_issuer'
}

const cutoff = revocation()
const block = revocation({ mode: 'block', atMs: T + MINUTE, expiresAtMs: T + MINUTE + 30 * DAY + HOUR + MINUTE })
const liftOfBlock = lift({ mode: 'block', atMs: T + 2 * MINUTE, expiresAtMs: T + 500 * DAY })
const otherDevices = revocation({ except: { sid: ['s1'] } })
const at = (hour: number, minute = 0, second = 0): number => T_SECONDS + ((hour - 12) * 60 + minute) * 60 + second

const EXAMPLES: readonly Example[] = [
  { name: '1, R4: the same second', facts: [cutoff], token: token({ iat: at(12) }), answer: 'revoked' },
  { name: '2, R4: from reissueNotBefore on', facts: [cutoff], token: token({ iat: at(12, 0, 1) }), answer: 'active' },
  { name: '3, R4: a fraction after the cut', facts: [cutoff], token: token({ iat: at(12) + 0.7 }), answer: 'active' },
  {
    name: '4, R13: a block lasts maxSession',
    facts: [{ ...block, atMs: T }],
    token: token({ iat: at(12, 50) }),
    nowMs: T + 80 * MINUTE,
    answer: 'revoked',
  },
  {
    name: '5, R10: lifting the block leaves the cutoff',
    facts: [cutoff, block, liftOfBlock],
    token: token({ iat: at(11, 59) }),
    answer: 'revoked',
  },
  { name: '6, R10', facts: [cutoff, block, liftOfBlock], token: token({ iat: at(12, 3) }), answer: 'active' },
  { name: '7, R7', facts: [otherDevices], token: token({ sid: 's1', iat: at(11, 30) }), answer: 'active' },
  {
    name: '8, R7 and R6: an exception belongs to its own fact',
    facts: [otherDevices, cutoff],
    token: token({ sid: 's1', iat: at(11, 30) }),
    answer: 'revoked',
  },
  {
    name: '9: all claims must match',
    facts: [revocation({ match: { sub: 'ann', client_id: 'app' } })],
    token: token({ client_id: 'web' }),
    answer: 'active',
  },
  {
    name: '10, R5: a header without kid',
    facts: [revocation({ match: { kid: 'k1' }, mode: 'block' })],
    token: token({}, {}),
    answer: 'revoked',
  },
  {
    name: '11, R6: no precedence',
    facts: [revocation({ match: {} }), revocation({ issuedBeforeMs: T - HOUR })],
    token: token({ iat: at(11, 30) }),
    answer: 'revoked',
  },
  {
    name: '13, R9: seen twice, and once more half an hour later',
    facts: [cutoff, cutoff, { ...cutoff, atMs: T + 30 * MINUTE }],
    token: token({ iat: at(12, 0, 2) }),
    answer: 'active',
  },
  {
    name: '14, R1 and R18: an issuer with a slash is another',
    facts: [cutoff],
    token: token({ iss: 'https://id.example/' }),
    answer: 'unmanaged_issuer',
  },
]

for (const { name, facts, token, nowMs = T + 5 * SECOND, answer } of EXAMPLES) {
  test(`worked example ${name}: ${answer}`, () => {
    const denylist = createDenylist()
    const all = [issuer(), ...facts]
    for (const fact of all) denylist.apply(fact)
    for (const verdict of [referenceCheck(all, token, { nowMs }), denylist.check(token, { nowMs })]) {
      assert.equal(verdict.kind === 'unknown' ? verdict.cause : verdict.kind, answer)
    }
  })
}
