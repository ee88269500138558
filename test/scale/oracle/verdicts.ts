import { ActsByMatch, keyOf, reaches } from './claims.ts'
import type { Act, History } from './history.ts'
import type { Knowledge, Known } from './knowledge.ts'

/** When a request was made of a run that knows so much. */
export interface Asked {
  readonly token: number
  readonly knowledge: Knowledge
  readonly sentMs: number
  readonly receivedMs: number
  /** What was acknowledged before this is known to the run for another reason: it answered as if it had a fresh proof. */
  readonly freshSinceMs: number
}

/** An act that the run must have known of, and why. */
export interface Certain {
  readonly act: Act
  readonly why: Known | 'older than staleAfterMs'
}

/**
 * What the acts mean for a token at a time, where some of them are under way, in doubt, or not known to the replica yet:
 * what it certainly had to refuse, and whether it possibly might refuse. Between the two, either answer is right.
 */
export class Verdicts {
  readonly #revocations: readonly (readonly Act[])[]
  readonly #lifts = new Map<string, Act[]>()

  constructor({ tokens, acts }: Pick<History, 'tokens' | 'acts'>) {
    const counting = acts.filter(({ outcome }) => outcome !== 'refused')
    const byMatch = new ActsByMatch(counting.filter(({ kind }) => kind === 'revocation'))
    this.#revocations = tokens.map((token) => byMatch.on(token).filter((act) => reaches(act, token)))
    for (const lift of counting.filter(({ kind }) => kind === 'lift')) {
      this.#lifts.set(keyOf(lift), [...(this.#lifts.get(keyOf(lift)) ?? []), lift])
    }
  }

  /** A revocation that it must have known and that no lift can have taken back by then. */
  mustRefuse(asked: Asked): Certain | undefined {
    for (const act of this.#revocations[asked.token] ?? []) {
      const why = this.#knows(act, asked)
      if (why !== undefined && !this.#liftsOn(act).some((lift) => mayLift(lift, act, asked.receivedMs))) {
        return { act, why }
      }
    }
    return undefined
  }

  /** Is there a revocation that it may have known and that no lift has certainly taken back there? */
  mayRefuse(asked: Asked): boolean {
    return (this.#revocations[asked.token] ?? []).some(
      (act) => act.sentMs < asked.receivedMs && !this.#liftsOn(act).some((lift) => this.#hasLifted(lift, act, asked)),
    )
  }

  #liftsOn(act: Act): readonly Act[] {
    return this.#lifts.get(keyOf(act)) ?? []
  }

  #knows(act: Act, { knowledge, sentMs, freshSinceMs }: Asked): Certain['why'] | undefined {
    if (act.outcome !== 'acknowledged') return undefined
    return knowledge.of(act, sentMs) ?? (act.answeredMs < freshSinceMs ? 'older than staleAfterMs' : undefined)
  }

  /** R10: certainly newer, and known there. */
  #hasLifted(lift: Act, act: Act, asked: Asked): boolean {
    if (lift.atMs === undefined || act.atMs === undefined || lift.atMs <= act.atMs) return false
    return this.#knows(lift, asked) !== undefined
  }
}

/** Could this lift have taken the revocation back by then? One in doubt gets its time before it is answered. */
function mayLift(lift: Act, act: Act, byMs: number): boolean {
  if (lift.sentMs >= byMs) return false
  if (lift.atMs !== undefined && act.atMs !== undefined) return lift.atMs > act.atMs
  return act.sentMs < lift.answeredMs
}
