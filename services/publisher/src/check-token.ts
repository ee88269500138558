import { isPlainObject, Mistakes, type Verdict } from '@rescind/protocol'
import type { Replica } from '@rescind/subscriber'
import { Problem } from './problems.ts'

const FIELDS: ReadonlySet<string> = new Set(['claims', 'header'])

/**
 * The verdict of the publisher's own replica on `{ claims, header? }`. The caller asserts the claims: no signature is
 * seen here, so the answer says what *would* happen to a verified token that carries them (R8).
 */
export function checkToken(body: unknown, replica: Replica): { readonly verdict: Verdict } {
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
  if (parsed.ok) return { verdict: replica.check(parsed.value) }
  throw new Problem('invalid_check', `${parsed.mistakes.length} mistakes: see "errors"`, { errors: parsed.mistakes })
}
