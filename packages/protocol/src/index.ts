export { type Clock, type ManualClock, manualClock, systemClock } from './clock.ts'
export { type Cursor, formatCursor, isCursor, parseCursor, sameCursor } from './cursor.ts'
export { type ErrorCode, isRescindError, type Mistake, RescindError, toRescindError } from './errors.ts'
export { type ExpiryTerms, expiresAtMs, type Lifetimes, liftExpiresAtMs } from './expiry.ts'
export { factFromWire, isPlainObject } from './fact-wire.ts'
export {
  defaultMode,
  type Exceptions,
  type Fact,
  type Issuer,
  type Lift,
  type Mode,
  REASONS,
  type Reason,
  type Revocation,
  reasonRank,
} from './facts.ts'
export {
  decodeFrame,
  encodeFrame,
  FRAME_REQUEST_BYTES,
  FRAME_VERSIONS,
  type Frame,
  type FrameRequest,
  peekFrameId,
} from './frame.ts'
export * as limits from './limits.ts'
export {
  byCodeUnits,
  type ClaimValue,
  encodeMatch,
  encodeShape,
  encodeValue,
  isClaimName,
  isClaimValue,
  isWellFormed,
  type Match,
  type Shape,
  shapeOf,
} from './match.ts'
export { Mistakes, orThrow, type Parsed } from './mistakes.ts'
export type { IssuerPolicy, ParseContext } from './parse-context.ts'
export { type LiftById, type LiftDraft, liftFrom, parseLift } from './parse-lift.ts'
export {
  CONFIRMATION_REQUIRED,
  parseRevocation,
  type RevocationDraft,
  revocationFrom,
} from './parse-revocation.ts'
export {
  isLifted,
  joinIssuers,
  matchesOfShape,
  newestIssuer,
  referenceCheck,
  revokesToken,
} from './reference-matcher.ts'
export { decodeSnapshot, encodeSnapshot, readSnapshot, type Snapshot, type SnapshotManifest } from './snapshot.ts'
export { formatRfc3339, isTimeMs, msToNumericDate, numericDateToMs, parseRfc3339 } from './time.ts'
export {
  type Candidates,
  candidatesOf,
  issuedByCutoff,
  issuerOf,
  keyIdOf,
  numericClaim,
  outlivesFacts,
} from './token.ts'
export {
  type CheckContext,
  UNKNOWN_CAUSES,
  type UnknownCause,
  type Verdict,
  type VerifiedToken,
} from './verdict.ts'
