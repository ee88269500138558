import type { Operation } from './document.ts'

/** The first example of a call's body: a request to which nothing is wrong. Undefined for a call without a body. */
export function goodBody(operation: Operation): unknown {
  const examples = operation.requestBody?.content['application/json']?.examples
  return examples && Object.values(examples)[0]?.value
}
