import { type Clock, isPlainObject, Mistakes, type Revocation, type Verdict } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import { type CausingAnswer, causingAnswer } from './fact-answers.ts'
import { Problem } from './problems.ts'
import type { Store } from './store/store.ts'

const FIELDS: ReadonlySet<string> = new Set(['claims', 'header'])

/** What `POST /v1/check` answers. */
export interface CheckAnswer {
  readonly verdict: Verdict
  /** Every revocation that causes it, the newest first; empty unless it is revoked. */
  readonly causes: readonly CausingAnswer[]
}

/** What a check needs. */
export interface CheckParts {
  readonly replica: Replica
  readonly store: Pick<Store, 'causes'>
  readonly clock: Clock
}

/**
 * The verdict of the publisher's own replica on `{ claims, header? }`, and the facts of the Store that cause it: the verdict
 * is the replica's alone, which holds the same facts, or one that stands for several of them (R9). The caller asserts the claims: no signature is
 * seen here, so the answer says what *would* happen to a verified token that carries them (R8).
 */
export async function checkToken(body: unknown, { replica, store, clock }: CheckParts): Promise<CheckAnswer> {
  const mistakes = new Mistakes()
  const given = isPlainObject(body) ? body : {}
  if (!isPlainObject(body)) mistakes.add([], 'wrong_type', 'a question is a JSON object { "claims", "header"? }')
  else if (!isPlainObject(given.claims)) {
    mistakes.add(['claims'], given.claims === undefined ? 'required' : 'wrong_type', 'must be the payload of a token')
  }
  if (given.header !== undefined && !isPlainObject(given.header)) {
    mistakes.add(['header'], 'wrong_type', 'must be the header of a token, as an object')
  }
  for (const name of Object.keys(given)) {
    if (!FIELDS.has(name))
      mistakes.add([name], 'unknown_field', 'is not a field of a question; those are claims, header')
  }
  const parsed = mistakes.orValue(() => ({
    payload: given.claims as Record<string, unknown>,
    ...(isPlainObject(given.header) && { protectedHeader: given.header }),
  }))
  if (parsed.ok) {
    const verdict = replica.check(parsed.value)
    const causes = verdict.kind === 'revoked' ? await store.causes(parsed.value, clock.now()) : []
    return { verdict, causes: causes.map(({ fact }) => causingAnswer(fact as Revocation)) }
  }
  throw new Problem('invalid_check', `${parsed.mistakes.length} mistakes: see "errors"`, { errors: parsed.mistakes })
}
