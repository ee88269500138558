import { isDeepStrictEqual } from 'node:util'
import { encodeMatch, type Fact, limits, type Revocation } from '@rescind/protocol'

/** A line of an upload, and what it does not leave to be filled in. */
export interface WantedLine {
  /** The fact that it would make now. */
  readonly provisional: Revocation
  /** True if its `expiresAtMs` does not depend on its `at` (R13). */
  readonly fixed: boolean
  /** True if it names its `issuedBefore` itself. */
  readonly isCutGiven: boolean
}

/**
 * Whether a fact is what this very line made in an earlier upload under the same key. What the line leaves to be filled in was
 * filled in then: a cutoff reached to when that upload ran, and a block lasted as long as it would now. A line that says
 * anything else is another one: taken for a repeat, what it adds would not be in force.
 *
 * @param startedAtMs when that upload began.
 */
export function isRepeat(known: Fact, { provisional: wanted, fixed, isCutGiven }: WantedLine, startedAtMs: number) {
  if (known.kind !== 'revocation' || !saysTheSame(known, wanted)) return false
  if (known.issuedBeforeMs !== undefined) {
    // It ran on publishers whose clocks may differ a little.
    if (!isCutGiven) return known.issuedBeforeMs >= startedAtMs - limits.MAX_BROKER_CLOCK_DISTANCE_MS
    return known.issuedBeforeMs === wanted.issuedBeforeMs
  }
  if (fixed) return known.expiresAtMs === wanted.expiresAtMs
  return known.expiresAtMs - known.atMs >= wanted.expiresAtMs - wanted.atMs
}

function saysTheSame(known: Revocation, wanted: Revocation): boolean {
  return (
    known.mode === wanted.mode &&
    encodeMatch(known.iss, known.match) === encodeMatch(wanted.iss, wanted.match) &&
    known.reason === wanted.reason &&
    known.note === wanted.note &&
    known.onBehalfOf === wanted.onBehalfOf &&
    isDeepStrictEqual(known.except, wanted.except)
  )
}
