import { expiresAtMs } from './expiry.ts'
import { isPlainObject } from './fact-wire.ts'
import { defaultMode, type Exceptions, type Mode, REASONS, type Reason, type Revocation } from './facts.ts'
import { MAX_NOTE_LENGTH, MAX_PRINCIPAL_LENGTH } from './limits.ts'
import type { Match } from './match.ts'
import { Mistakes, type Parsed } from './mistakes.ts'
import type { IssuerPolicy, ParseContext } from './parse-context.ts'
import { checkFields, parseExceptions, parseIssuer, parseMode, parseText } from './parse-fields.ts'
import { parseMatch } from './parse-match.ts'
import { parseIssuedBefore, parseTokenExp, parseUntil } from './parse-times.ts'

/** A revocation as requested: everything but what its frame will give it. */
export interface RevocationDraft {
  readonly policy: IssuerPolicy
  readonly match: Match
  readonly mode: Mode
  readonly reason: Reason
  readonly issuedBeforeMs?: number
  readonly except?: Exceptions
  readonly tokenExpMs?: number
  readonly untilMs?: number
  readonly note?: string
  readonly onBehalfOf?: string
}

const FIELDS = new Set([
  'iss',
  'match',
  'mode',
  'reason',
  'issuedBefore',
  'except',
  'tokenExp',
  'until',
  'note',
  'onBehalfOf',
  'confirm',
])

/** Claims that each stand for a crowd: a match of these alone wants `confirm`. `iss` alone is `{}` in other words. */
const WIDE_CLAIMS = new Set(['client_id', 'tenant', 'aud', 'iss'])

/** The code of a missing or wrong `confirm`; a request with no other mistake is answered 428. */
export const CONFIRMATION_REQUIRED = 'confirmation_required'

/** Reads the body of one revocation, of which nothing is trusted, and reports everything that is wrong with it at once. */
export function parseRevocation(body: unknown, context: ParseContext): Parsed<RevocationDraft> {
  const mistakes = new Mistakes(context.base)
  if (!isPlainObject(body)) {
    mistakes.add([], 'wrong_type', 'a revocation is a JSON object')
    return { ok: false, mistakes: mistakes.all }
  }
  checkFields(body, FIELDS, 'a revocation', mistakes)
  const iss = parseIssuer(body.iss, context, mistakes)
  const policy = iss === undefined ? undefined : context.issuers.get(iss)
  const match = parseMatch(body.match, mistakes)
  const reason = parseReason(body.reason, mistakes)
  const named = parseMode(body.mode, match, mistakes)
  // A mode that could not be read is not replaced by the default: it would blame fields that are right.
  const mode = body.mode === undefined && match && reason ? defaultMode(match, reason) : named
  const bearings = { match, mode, policy, nowMs: context.nowMs }
  const times = {
    issuedBeforeMs: parseIssuedBefore(body.issuedBefore, bearings, mistakes),
    tokenExpMs: parseTokenExp(body.tokenExp, bearings, mistakes),
    untilMs: parseUntil(body.until, bearings, mistakes),
  }
  const except = parseExceptions(body.except, mistakes)
  const note = parseText('note', body.note, MAX_NOTE_LENGTH, mistakes)
  const onBehalfOf = parseText('onBehalfOf', body.onBehalfOf, MAX_PRINCIPAL_LENGTH, mistakes)
  checkConfirmation(body.confirm, match, iss, mistakes)

  return mistakes.orValue(() =>
    withoutUndefined<RevocationDraft>({ policy, match, mode, reason, ...times, except, note, onBehalfOf }),
  )
}

/** A draft has no field that was not stated. Called only if nothing was wrong, so that what must be there is. */
function withoutUndefined<T extends object>(fields: { [K in keyof Required<T>]: T[K] | undefined }): T {
  const stated: Partial<T> = {}
  for (const name of Object.keys(fields) as (keyof T)[]) {
    if (fields[name] !== undefined) stated[name] = fields[name]
  }
  return stated as T
}

/** The fact that a draft becomes in a frame. `atMs` is the frame's logical time (R10). */
export function revocationFrom(draft: RevocationDraft, given: { id: string; actor: string; atMs: number }): Revocation {
  const { policy, match, mode, reason, issuedBeforeMs, except, note, onBehalfOf } = draft
  return {
    kind: 'revocation',
    iss: policy.iss,
    match,
    mode,
    reason,
    ...(issuedBeforeMs !== undefined && { issuedBeforeMs }),
    ...(except !== undefined && { except }),
    ...(note !== undefined && { note }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    id: given.id,
    actor: given.actor,
    atMs: given.atMs,
    expiresAtMs: expiresAtMs(draft, given.atMs, policy),
  }
}

function parseReason(value: unknown, mistakes: Mistakes): Reason | undefined {
  if (value === undefined) return 'other'
  if (REASONS.includes(value as Reason)) return value as Reason
  mistakes.add(['reason'], 'unknown_reason', `must be one of ${REASONS.join(', ')}`)
  return undefined
}

/** The caller of a revocation that reaches a crowd repeats the issuer, to show that it is meant. */
function checkConfirmation(
  value: unknown,
  match: Match | undefined,
  iss: string | undefined,
  mistakes: Mistakes,
): void {
  if (value !== undefined && typeof value !== 'string') {
    mistakes.add(['confirm'], 'wrong_type', 'must be the issuer, as a string')
  } else if (match === undefined || iss === undefined || value === iss) {
    return
  } else if (Object.keys(match).every((name) => WIDE_CLAIMS.has(name))) {
    const advice = `add "confirm": ${JSON.stringify(iss)}`
    mistakes.add(['confirm'], CONFIRMATION_REQUIRED, `this match reaches many tokens at once: ${advice}`)
  } else if (value !== undefined) {
    mistakes.add(['confirm'], 'confirmation_mismatch', 'names another issuer than the revocation')
  }
}
