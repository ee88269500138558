import assert from 'node:assert/strict'
import type { Mistake } from '@rescind/protocol'
import { callOf, mistakesBy } from './document.ts'

/** Mistakes that no schema can know of: they depend on the configuration, on the time, or on what is not written. */
const BEYOND_SCHEMAS = new Set([
  'unknown_issuer',
  'invalid_parameter',
  'confirmation_required',
  'confirmation_mismatch',
  'too_many_shapes',
  'too_far_ahead',
  'beyond_max_expiry',
  'invalid_time',
  'only_with_cutoff',
  'only_with_block',
  'only_with_jti',
  'too_many_exceptions',
  'ill_formed_string',
])

interface Refusal {
  readonly code?: string
  readonly errors?: readonly Mistake[]
}

/** Holds the description of a request to what became of it: what is taken is valid, and what a schema can refuse is not. */
export function checkRequest(method: string, path: string, sent: string, status: number, answer: unknown): void {
  const call = callOf(method, path.split('?', 1)[0] ?? '')
  if (!call?.operation.requestBody) return
  const wrong = (): string[] => {
    return mistakesBy(`${call.at}/requestBody/content/application~1json/schema`, JSON.parse(sent))
  }
  if (status < 300) assert.deepEqual(wrong(), [], `${sent.slice(0, 300)} was taken, and is not as described`)
  const { code = '', errors = [] } = (answer ?? {}) as Refusal
  if (status === 422 && code.startsWith('invalid_') && isMalformed(errors)) {
    assert.ok(wrong().length > 0, `${sent.slice(0, 300)} was refused, and is as described: ${JSON.stringify(answer)}`)
  }
}

/** True if a schema can tell that a body with these mistakes is not valid. */
export function isMalformed(mistakes: readonly Mistake[]): boolean {
  return mistakes.some(
    ({ code, pointer }) => !BEYOND_SCHEMAS.has(code) && !(code === 'required' && pointer.endsWith('/iss')),
  )
}
