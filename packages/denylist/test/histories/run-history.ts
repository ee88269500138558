import assert from 'node:assert/strict'
import {
  type CheckContext,
  type Fact,
  isLifted,
  limits,
  type Revocation,
  referenceCheck,
  type Verdict,
} from '@rescind/protocol'
import { createDenylist, type Denylist } from '../../src/index.ts'
import { digestOf, imageOf, joinAll } from '../facts.ts'
import type { Step } from './history.ts'
import { Crowd, type Shares } from './shares.ts'
import { START_MS } from './world.ts'

type Check = Extract<Step, { do: 'check' }>

/** One history on its way: the index, and beside it the set of facts that it is a function of (R9). */
export class Run {
  readonly facts: Fact[] = []
  readonly #shares: Shares
  readonly #crowd = new Crowd()
  #denylist: Denylist = createDenylist()
  #timeMs = START_MS
  #aheadMs = 0

  constructor(shares: Shares) {
    this.#shares = shares
  }

  /** What the wall clock shows: never less than what has been swept by (R15). */
  get #nowMs(): number {
    return this.#timeMs + this.#aheadMs
  }

  /** Takes one step; throws if the index does not answer as the reference matcher does. */
  take(step: Step): void {
    switch (step.do) {
      case 'apply':
        this.#apply(step.fact)
        break
      case 'repeat':
        this.#applyAgain(step.which)
        break
      case 'clock':
        this.#timeMs += step.advanceMs
        this.#aheadMs = step.aheadMs
        break
      case 'sweep':
        this.#denylist.sweep({ deleteUpToMs: this.#timeMs - step.behindMs, budget: step.budget })
        break
      case 'move':
        this.#move(step.into, step.half)
        break
      case 'check':
        this.#check(step)
        break
    }
  }

  /** What must hold at the end of every history beside its checks. */
  finish({ digests }: { readonly digests: boolean }): void {
    this.#shares.end(this.#crowd.most, this.#nowMs)
    if (!this.#isExact()) return
    this.#compareKeys()
    if (digests) this.#compareDigests()
  }

  #apply(fact: Fact): void {
    this.#shares.apply(fact, this.facts, this.#nowMs)
    this.facts.push(fact)
    this.#crowd.add(fact)
    this.#applyTo(fact)
  }

  #applyAgain(which: number): void {
    const fact = this.facts[which % Math.max(1, this.facts.length)]
    if (fact) this.#applyTo(fact)
  }

  #applyTo(fact: Fact): void {
    const applied = this.#denylist.apply(fact)
    // A lift that was forgotten had outlived whatever it could lift: such a fact counts no more than a lifted one.
    if (fact.kind === 'revocation' && fact.expiresAtMs <= this.#timeMs) return
    const lifted = fact.kind === 'revocation' && isLifted(fact, this.facts)
    assert.equal(applied, lifted ? 'lifted' : 'in_force', 'what became of a fact (R10)')
  }

  #move(into: 'fresh' | 'half-filled' | 'other-half', half: number): void {
    const next = createDenylist()
    const inHalf = (_: Fact, index: number): boolean => (half & (1 << index)) !== 0
    if (into !== 'fresh') for (const fact of this.facts.filter(inHalf)) next.apply(fact)
    let source = this.#denylist
    if (into === 'other-half') {
      source = createDenylist()
      for (const fact of this.facts.filter((fact, index) => !inHalf(fact, index))) source.apply(fact)
    }
    assert.equal(joinAll(next, imageOf(source)), true, 'an image of a few facts is held whole')
    this.#denylist = next
  }

  #check({ token, issuer, unmanagedIssuers }: Check): void {
    const context: CheckContext = { nowMs: this.#nowMs, unmanagedIssuers, ...(issuer === undefined ? {} : { issuer }) }
    const verdict = this.#denylist.check(token, context)
    const expected = referenceCheck(this.facts, token, context)
    this.#shares.check(this.facts, token, context, expected)
    if (verdict.kind === 'revoked' && expected.kind === 'revoked') this.#compareNamed(verdict, token, context)
    else if (this.#isExact()) assert.deepEqual(verdict, expected)
    // Beyond four facts on a key more may be revoked or unknown than the facts say, never less (R9).
    else if (expected.kind === 'revoked') assert.equal(verdict.kind, 'revoked', 'a fact that folded revokes less')
    else if (expected.kind === 'unknown') assert.notEqual(verdict.kind, 'active', 'active, though we cannot know')
  }

  /** A verdict names one of the facts that revoke by themselves, whichever. */
  #compareNamed(verdict: Verdict, token: Check['token'], context: CheckContext): void {
    if (!this.#isExact()) return
    const named = this.#unlifted().map((fact) => referenceCheck([fact], token, context))
    assert.ok(
      named.some((one) => one.kind === 'revoked' && JSON.stringify(one) === JSON.stringify(verdict)),
      `${JSON.stringify(verdict)} names no fact that revokes`,
    )
  }

  /** What the publisher asks for: the latest expiry per key (R10), the shapes that live (R2), the entries held. */
  #compareKeys(): void {
    const live = this.#unlifted().filter((fact) => this.#nowMs < fact.expiresAtMs)
    for (const { iss, match, mode, expiresAtMs } of live) {
      assert.ok((this.#denylist.latestExpiry(iss, match, mode) ?? 0) >= expiresAtMs, 'the latest expiry on a key')
      const shape = Object.keys(match).sort().join()
      assert.ok(
        this.#denylist.shapes(iss).some((names) => names.join() === shape),
        `a live shape: ${shape}`,
      )
    }
    assert.ok(this.#denylist.size <= this.facts.length)
  }

  /** R9: the same facts in another order, unswept, come to the same sum. */
  #compareDigests(): void {
    const [reversed, joined] = [createDenylist(), createDenylist()]
    for (const fact of this.facts.toReversed()) reversed.apply(fact)
    joinAll(joined, imageOf(this.#denylist))
    const digest = digestOf(this.#denylist, this.#timeMs)
    assert.equal(digestOf(reversed, this.#timeMs), digest, 'the digest of the same facts in another order')
    assert.equal(digestOf(joined, this.#timeMs), digest, 'the digest after an image')
    sweepAll(reversed, this.#timeMs)
    assert.equal(digestOf(reversed, this.#timeMs), digest, 'the digest after a sweep')
  }

  #unlifted(): Revocation[] {
    return this.facts.filter((fact): fact is Revocation => fact.kind === 'revocation' && !isLifted(fact, this.facts))
  }

  #isExact(): boolean {
    return this.#crowd.most <= limits.MAX_FACTS_PER_KEY
  }
}

function sweepAll(denylist: Denylist, deleteUpToMs: number): void {
  // The first may only end a round that an earlier step began.
  for (let rounds = 0; rounds < 2; ) if (denylist.sweep({ deleteUpToMs, budget: 100 }).done) rounds++
}

/** A history as a person reads it, for the report of one that failed. */
export function tell(steps: readonly Step[]): string {
  return steps.map((step) => JSON.stringify(step)).join('\n')
}
