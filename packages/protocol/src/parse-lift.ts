import { liftExpiresAtMs } from './expiry.ts'
import { isPlainObject } from './fact-wire.ts'
import type { Lift, Mode } from './facts.ts'
import { MAX_ID_LENGTH, MAX_NOTE_LENGTH } from './limits.ts'
import type { Match } from './match.ts'
import { Mistakes, type Parsed } from './mistakes.ts'
import type { IssuerPolicy, ParseContext } from './parse-context.ts'
import { checkFields, parseIssuer, parseMode, parseText } from './parse-fields.ts'
import { parseMatch } from './parse-match.ts'

/** A lift as requested: everything but what its frame will give it. */
export interface LiftDraft {
  readonly policy: IssuerPolicy
  readonly match: Match
  readonly mode: Mode
  readonly note?: string
}

/** A lift of what one revocation stands for: its issuer, match and mode are to be looked up. */
export interface LiftById {
  readonly id: string
  /** Whether other live revocations on its key may be lifted with it. */
  readonly all: boolean
  readonly note?: string
}

const FIELDS = new Set(['iss', 'match', 'mode', 'note', 'id', 'all'])
const NOT_BESIDE_ID = ['iss', 'match', 'mode']

/**
 * Reads the body of one lift, of which nothing is trusted, and reports everything that is wrong with it at once. It names
 * either issuer, match and mode, or the id of a revocation that has them.
 */
export function parseLift(body: unknown, context: ParseContext): Parsed<LiftDraft | LiftById> {
  const mistakes = new Mistakes(context.base)
  if (!isPlainObject(body)) {
    mistakes.add([], 'wrong_type', 'a lift is a JSON object')
    return { ok: false, mistakes: mistakes.all }
  }
  checkFields(body, FIELDS, 'a lift', mistakes)
  return body.id === undefined ? parseByKey(body, context, mistakes) : parseById(body, mistakes)
}

function parseById(body: Record<string, unknown>, mistakes: Mistakes): Parsed<LiftById> {
  const { id, all } = body
  if (typeof id !== 'string') mistakes.add(['id'], 'wrong_type', 'must be the id of a revocation, a string')
  else if (id === '' || id.length > MAX_ID_LENGTH) {
    mistakes.add(['id'], 'invalid_id', `must be the id of a revocation: 1 to ${MAX_ID_LENGTH} characters`)
  }
  for (const name of NOT_BESIDE_ID) {
    if (body[name] === undefined) continue
    mistakes.add([name], 'not_beside_id', `the revocation with this id says it: leave ${name} out, or leave out id`)
  }
  if (all !== undefined && typeof all !== 'boolean') mistakes.add(['all'], 'wrong_type', 'must be true or false')
  const note = parseText('note', body.note, MAX_NOTE_LENGTH, mistakes)
  return mistakes.orValue(() => ({ id: id as string, all: all === true, ...(note === undefined ? {} : { note }) }))
}

function parseByKey(body: Record<string, unknown>, context: ParseContext, mistakes: Mistakes): Parsed<LiftDraft> {
  if (body.all !== undefined) {
    mistakes.add(['all'], 'only_with_id', 'a lift of a match and mode lifts all of them anyway: leave it out')
  }
  const iss = parseIssuer(body.iss, context, mistakes)
  const match = parseMatch(body.match, mistakes)
  if (body.mode === undefined) {
    const reason = 'unblocking must not revive what a cutoff ended'
    mistakes.add(['mode'], 'required', `say which is lifted, "cutoff" or "block": ${reason}`)
  }
  const mode = parseMode(body.mode, match, mistakes)
  const note = parseText('note', body.note, MAX_NOTE_LENGTH, mistakes)
  return mistakes.orValue(() => ({
    policy: context.issuers.get(iss as string) as IssuerPolicy,
    match: match as Match,
    mode: mode as Mode,
    ...(note === undefined ? {} : { note }),
  }))
}

/**
 * The fact that a draft becomes in a frame.
 *
 * @param given `atMs`: the frame's logical time (R10). `knownExpiresAtMs`: the latest `expiresAtMs` among the
 *   revocations known on its key, if there are any.
 */
export function liftFrom(
  draft: LiftDraft,
  given: { id: string; actor: string; atMs: number; knownExpiresAtMs: number | undefined },
): Lift {
  const { policy, ...stated } = draft
  const { knownExpiresAtMs, ...rest } = given
  return {
    kind: 'lift',
    iss: policy.iss,
    ...stated,
    ...rest,
    expiresAtMs: liftExpiresAtMs(draft.mode, given.atMs, policy, knownExpiresAtMs),
  }
}
