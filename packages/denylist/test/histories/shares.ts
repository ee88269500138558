import { type CheckContext, type Fact, referenceCheck, type Verdict, type VerifiedToken } from '@rescind/protocol'
import { keyOf } from './world.ts'

/** What makes a history hard. Each must occur in a fair share, or the histories prove little. */
export const TRAITS = [
  'a tie',
  'a lift before its fact',
  'five or more facts on a match',
  'a same-second iat',
  'an expiry mid-history',
] as const
type Trait = (typeof TRAITS)[number]

/** Counts the different revocations on each key: beyond four the oldest fold (R9). */
export class Crowd {
  readonly #onKey = new Map<string, Set<string>>()
  most = 0

  add(fact: Fact): void {
    if (fact.kind !== 'revocation') return
    const key = keyOf(fact)
    const facts = this.#onKey.get(key) ?? new Set()
    this.#onKey.set(key, facts.add(JSON.stringify(fact)))
    this.most = Math.max(this.most, facts.size)
  }
}

/** Counts the histories that have a trait, and what the reference matcher answered. */
export class Shares {
  readonly #counts = new Map<string, number>()
  readonly #verdicts = new Map<string, number>()
  #present = new Set<Trait>()
  #mayExpire: number[] = []
  #histories = 0

  /** A fact comes, after those before it. */
  apply(fact: Fact, before: readonly Fact[], nowMs: number): void {
    if (fact.kind === 'issuer') return
    if (fact.expiresAtMs > nowMs) this.#mayExpire.push(fact.expiresAtMs)
    for (const other of before) {
      if (other.kind === 'issuer' || keyOf(other) !== keyOf(fact)) continue
      if (other.kind === 'lift' && fact.kind === 'lift') continue
      if (other.atMs === fact.atMs) this.#present.add('a tie')
      if (fact.kind === 'revocation' && other.kind === 'lift' && other.atMs > fact.atMs) {
        this.#present.add('a lift before its fact')
      }
    }
  }

  /** A token is checked. */
  check(facts: readonly Fact[], token: VerifiedToken, context: CheckContext, expected: Verdict): void {
    const verdict = expected.kind === 'unknown' ? expected.cause : expected.kind
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1)
    for (const fact of facts) {
      if (fact.kind !== 'revocation' || fact.mode !== 'cutoff') continue
      if (token.payload.iat !== Math.floor((fact.issuedBeforeMs as number) / 1_000)) continue
      if (referenceCheck([fact], token, context).kind === 'revoked') this.#present.add('a same-second iat')
    }
  }

  /** The history is over. */
  end(mostOnAKey: number, nowMs: number): void {
    if (mostOnAKey >= 5) this.#present.add('five or more facts on a match')
    if (this.#mayExpire.some((expiresAtMs) => expiresAtMs <= nowMs)) this.#present.add('an expiry mid-history')
    for (const trait of this.#present) this.#counts.set(trait, (this.#counts.get(trait) ?? 0) + 1)
    this.#present = new Set()
    this.#mayExpire = []
    this.#histories++
  }

  /** The share of histories with a trait, 0 to 1. */
  of(trait: Trait): number {
    return (this.#counts.get(trait) ?? 0) / Math.max(1, this.#histories)
  }

  /** One line for the report. */
  toString(): string {
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
    const traits = TRAITS.map((trait) => `${trait} ${percent(this.of(trait))}`).join(', ')
    const checks = [...this.#verdicts.values()].reduce((sum, count) => sum + count, 0)
    const verdicts = [...this.#verdicts].map(([kind, count]) => `${kind} ${percent(count / checks)}`).join(', ')
    return `${this.#histories} histories: ${traits}; ${checks} checks: ${verdicts}`
  }
}
