import type { Cursor, Fact } from '@rescind/protocol'
import type { AppliedFrame } from './applied-frames.ts'
import type { Group } from './group.ts'

/** A fact that is in the log, by its index in the group; `unheld`: the own replica had no room for it. */
export interface SettledFact {
  readonly index: number
  readonly fact: Fact
  readonly unheld: boolean
}

/** What became of a group by a frame that bears its id. */
export interface Settlement {
  readonly settled: readonly SettledFact[]
  /** Indexes of facts that have to go again, ascending: a newer lift outran them (R10), or the frame does not hold them. */
  readonly again: readonly number[]
  /** Those of them that no frame holds yet: a frame of the last process may hold less than what bears its id by now. */
  readonly unsent: ReadonlySet<number>
}

/** Holds a group against the frame that was applied: fact by fact, whatever times they have. */
export function settlementOf(group: Group, { frame, applied }: AppliedFrame): Settlement {
  const places = new Map(frame.facts.map((fact, place) => [identityOf(fact), place]))
  const settled: SettledFact[] = []
  const again: number[] = []
  const unsent = new Set<number>()
  for (const [index, planned] of group.facts.entries()) {
    const place = places.get(identityOf(planned))
    const fact = frame.facts[place ?? -1]
    const fate = applied[place ?? -1]
    if (fact === undefined) unsent.add(index)
    if (fact === undefined || (fate === 'lifted' && fact.kind === 'revocation')) again.push(index)
    else settled.push({ index, fact, unheld: fate === 'full' })
  }
  return { settled, again, unsent }
}

/** Tells whose fact it is, once it is the last of theirs. */
export function settleFact({ owners }: Group, { index, fact, unheld }: SettledFact, cursor: Cursor): void {
  const owner = owners[index]
  if (!owner) return
  const { submission } = owner
  submission.facts[owner.index] = fact
  submission.cursor = cursor
  submission.unheld ||= unheld
  submission.left -= 1
  if (submission.left > 0) return
  const { facts, unheld: isUnheld } = submission
  submission.resolve(isUnheld ? { state: 'recorded', facts } : { state: 'broadcast', facts, cursor })
}

/** What a fact is known by, whatever its times. */
function identityOf(fact: Fact): string {
  return fact.kind === 'issuer' ? fact.iss : fact.id
}
