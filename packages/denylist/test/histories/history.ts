import type { Fact } from '@rescind/protocol'
import fc from 'fast-check'
import { Digits } from './digits.ts'
import { liftExpiry, MATCHES, pickFact, pickQuestion, type Question, type Setting } from './world.ts'

/** One step of a history. Facts are joined in the order of their steps, whatever their times. */
export type Step =
  | { readonly do: 'apply'; readonly fact: Fact }
  /** Applies again what an earlier step applied. */
  | { readonly do: 'repeat'; readonly which: number }
  /** Time goes on; the wall clock may be ahead of it, and come back. Only the time itself may be swept by (R15). */
  | { readonly do: 'clock'; readonly advanceMs: number; readonly aheadMs: number }
  | { readonly do: 'sweep'; readonly behindMs: number; readonly budget: number }
  /** Goes on in an index that an image was joined to; `half` says which facts it, or its source, had before. */
  | { readonly do: 'move'; readonly into: 'fresh' | 'half-filled' | 'other-half'; readonly half: number }
  | ({ readonly do: 'check' } & Question)

const detail = fc.nat(0x3fffffff)

/**
 * What fast-check draws and shrinks: where, then for each step what it does and two numbers that its details are read
 * from, then two tokens to ask about at the end, where most has expired.
 */
export const histories = fc.tuple(
  detail,
  fc.array(fc.tuple(fc.nat(15), detail, detail), { minLength: 4, maxLength: 14 }),
  fc.array(fc.tuple(detail, detail), { minLength: 2, maxLength: 2 }),
)

type Drawn = typeof histories extends fc.Arbitrary<infer T> ? T : never

// One in four histories is crowded: one key, and little else than facts on it.
const CALM = 'aaaaallilrcswvvv'
const CROWDED = 'aaaaaaaaalrcswvv'

/** The history that was drawn, and whether digests are compared at its end: they are dear. */
export function historyOf([where, drawn, asked]: Drawn): { steps: Step[]; digests: boolean } {
  const digits = new Digits(where)
  const crowded = digits.below(4) === 3
  const setting: Setting = {
    matches: crowded ? [digits.of(MATCHES)] : [digits.of(MATCHES), digits.of(MATCHES), digits.of(MATCHES)],
    modes: crowded ? [digits.of(['cutoff', 'block'] as const)] : ['cutoff', 'block'],
  }
  const steps = drawn.map(([kind, first, second], index) => {
    const letter = (crowded ? CROWDED : CALM).charAt(kind)
    return stepOf(letter, new Digits(first), new Digits(second), index, setting)
  })
  const closing = asked.map(([first, second]) => checkOf(new Digits(first), new Digits(second), setting))
  const digests = digits.below(8) === 0
  return { steps: liveLongEnough([...openingOf(digits), ...steps, ...closing]), digests }
}

/** Most histories know their issuer from the start: without one, every answer that is not `revoked` is the same. */
function openingOf(digits: Digits): Step[] {
  const known = digits.below(8) > 0
  return known
    ? [{ do: 'apply', fact: pickFact('issuer', new Digits(0), new Digits(0), { matches: [{}], modes: [] }) }]
    : []
}

function stepOf(letter: string, digits: Digits, more: Digits, index: number, setting: Setting): Step {
  switch (letter) {
    case 'a':
      return { do: 'apply', fact: pickFact('revocation', digits, more, setting) }
    case 'l':
      return { do: 'apply', fact: pickFact('lift', digits, more, setting) }
    case 'i':
      return { do: 'apply', fact: pickFact('issuer', digits, more, setting) }
    case 'r':
      return { do: 'repeat', which: digits.below(Math.max(1, index)) }
    case 'c':
      return { do: 'clock', advanceMs: digits.of([0, 1_000, 2_000, 5_400]), aheadMs: digits.of([0, 0, 3_000]) }
    case 's':
      return { do: 'sweep', behindMs: digits.of([0, 0, 1_000]), budget: 1 + digits.below(8) }
    case 'w':
      return { do: 'move', into: digits.of(['fresh', 'half-filled', 'other-half'] as const), half: more.below(2 ** 14) }
    default:
      return checkOf(digits, more, setting)
  }
}

function checkOf(digits: Digits, more: Digits, setting: Setting): Step {
  return { do: 'check', ...pickQuestion(digits, more, setting) }
}

/** R10: a lift outlives every revocation that it lifts, those that come later in the history among them. */
function liveLongEnough(steps: readonly Step[]): Step[] {
  const facts = steps.flatMap((step) => (step.do === 'apply' ? [step.fact] : []))
  return steps.map((step) =>
    step.do === 'apply' && step.fact.kind === 'lift'
      ? { do: 'apply', fact: { ...step.fact, expiresAtMs: liftExpiry(step.fact, facts) } }
      : step,
  )
}
