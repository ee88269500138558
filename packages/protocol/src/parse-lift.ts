import { liftExpiresAtMs } from './expiry.ts'
import { isPlainObject } from './fact-wire.ts'
import type { Lift, Mode } from './facts.ts'
import { MAX_NOTE_LENGTH } from './limits.ts'
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

const FIELDS = new Set(['iss', 'match', 'mode', 'note'])

/** Reads the body of one lift, of which nothing is trusted, and reports everything that is wrong with it at once. */
export function parseLift(body: unknown, context: ParseContext): Parsed<LiftDraft> {
  const mistakes = new Mistakes(context.base)
  if (!isPlainObject(body)) {
    mistakes.add([], 'wrong_type', 'a lift is a JSON object')
    return { ok: false, mistakes: mistakes.all }
  }
  const { id, all, ...rest } = body
  for (const [name, value] of Object.entries({ id, all })) {
    if (value === undefined) continue
    mistakes.add([name], 'not_supported', 'lifting by id is not supported by this release: name iss, match and mode')
  }
  checkFields(rest, FIELDS, 'a lift', mistakes)
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
