import { byCodeUnits, limits, type Reason, type Revocation, reasonRank } from '@rescind/protocol'
import { canonicalExceptions, type ExceptionList, exceptsNoMore, NO_EXCEPTIONS } from './exceptions.ts'

/** What the index keeps of one revocation on its key: all that R4 to R10 and a verdict need, and no id. */
export interface Kept {
  readonly atMs: number
  /** `issuedBeforeMs` of a cutoff; Infinity for a block, which reaches every token whenever issued. */
  readonly cutMs: number
  readonly expiresAtMs: number
  readonly except: ExceptionList
  readonly reason: Reason
}

/** The facts on one key after one more, and whether some had to fold on the way. */
export interface KeptFacts {
  readonly facts: readonly Kept[]
  readonly folded: boolean
}

/** Reduces a parsed revocation to what is kept of it. */
export function keptOf(revocation: Revocation): Kept {
  return {
    atMs: revocation.atMs,
    cutMs: revocation.issuedBeforeMs ?? Number.POSITIVE_INFINITY,
    expiresAtMs: revocation.expiresAtMs,
    except: canonicalExceptions(revocation.except),
    reason: revocation.reason,
  }
}

/**
 * Joins one fact to those kept on its key (R9). Those that another reaches at least as far as go; what stays is at most
 * `MAX_FACTS_PER_KEY`, the oldest folded beyond it. Returns the same array if the fact adds nothing.
 */
export function keep(held: readonly Kept[], fact: Kept): KeptFacts {
  if (held.some((other) => dominates(other, fact))) return { facts: held, folded: false }
  // Not spread, not pushed to: `concat` alone makes an array without room for sixteen more.
  const facts = held.filter((other) => !dominates(fact, other)).concat(fact)
  return facts.length <= limits.MAX_FACTS_PER_KEY ? { facts, folded: false } : { facts: fold(facts), folded: true }
}

/** R9: does `b` count wherever and as long as `a` does? Of two that are equal in all four, the reason first in R3's list stays. */
export function dominates(b: Kept, a: Kept): boolean {
  if (b.atMs < a.atMs || b.cutMs < a.cutMs || b.expiresAtMs < a.expiresAtMs) return false
  if (!exceptsNoMore(b.except, a.except)) return false
  const tie =
    b.atMs === a.atMs && b.cutMs === a.cutMs && b.expiresAtMs === a.expiresAtMs && b.except.length === a.except.length
  return !tie || reasonRank(b.reason) <= reasonRank(a.reason)
}

/** R9: the two oldest become one by maximum, without exceptions. It revokes at least what both did, never less. */
function fold(facts: readonly Kept[]): readonly Kept[] {
  const [oldest, second, ...rest] = [...facts].sort(byAge) as [Kept, Kept, ...Kept[]]
  const one: Kept = {
    atMs: second.atMs,
    cutMs: Math.max(oldest.cutMs, second.cutMs),
    expiresAtMs: Math.max(oldest.expiresAtMs, second.expiresAtMs),
    except: NO_EXCEPTIONS,
    reason: reasonRank(oldest.reason) < reasonRank(second.reason) ? oldest.reason : second.reason,
  }
  return [one, ...rest.filter((other) => !dominates(one, other))]
}

/** By `at`; what follows only makes the order total, so that it does not hang on the order of arrival. */
function byAge(a: Kept, b: Kept): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs
  if (a.cutMs !== b.cutMs) return a.cutMs - b.cutMs
  if (a.expiresAtMs !== b.expiresAtMs) return a.expiresAtMs - b.expiresAtMs
  return byCodeUnits(a.except.join(), b.except.join()) || reasonRank(a.reason) - reasonRank(b.reason)
}
