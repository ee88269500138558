import type { Fact } from '@rescind/protocol'
import type { Outcome, PlannedFact, Submission } from '../src/group.ts'

/** What is the same of every frame here. */
export const FRAME = { frameId: 'f'.repeat(32), epoch: 'e'.repeat(32), publisher: 'p'.repeat(16) }

/** A block that expires a second after its `at`, or at 6,000 ms if that is fixed. */
export function revocation(
  id: string,
  { fixed = false, sub = id }: { fixed?: boolean; sub?: string } = {},
): PlannedFact {
  const build = (atMs: number): Fact => {
    const common = { kind: 'revocation' as const, id, iss: 'i', match: { sub }, reason: 'other' as const, actor: 'a' }
    return { ...common, mode: 'block', atMs, expiresAtMs: fixed ? 6_000 : atMs + 1_000 }
  }
  return { build, fixed }
}

/** A lift. */
export function lift(id: string): PlannedFact {
  const common = { kind: 'lift' as const, id, iss: 'i', match: { sub: 'ann' }, mode: 'block' as const, actor: 'a' }
  return { build: (atMs) => ({ ...common, atMs, expiresAtMs: atMs + 1 }), fixed: false }
}

/** A submission that nobody waits for, unless that is said. */
export function submission(
  planned: readonly PlannedFact[],
  more: { kind?: Fact['kind']; request?: boolean; patient?: boolean; resolve?: (outcome: Outcome) => void } = {},
): Submission {
  const { kind = 'revocation', request = false, patient = false, resolve = () => {} } = more
  const hashes = { key: '1'.repeat(32), body: '2'.repeat(32) }
  const waiting = { by: undefined, left: planned.length, unheld: false, resolve, reject() {} }
  return { kind, planned, request: request ? hashes : undefined, patient, bytes: 0, facts: [], ...waiting }
}
