import assert from 'node:assert/strict'
import { ISS, KEYS, withPublisher } from '../harness.ts'
import { checkAnswer } from './check-answer.ts'

/** Revocations as lines: the harness sends JSON, so these go by themselves. */
export function provokeUploads(): Promise<void> {
  return withPublisher({}, async ({ publisher }) => {
    const response = await fetch(`${publisher.url}/v1/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.admin.key}`, 'content-type': 'application/x-ndjson' },
      body: JSON.stringify({ iss: ISS, match: { sub: 'ann' } }),
    })
    const text = await response.text()
    checkAnswer({
      method: 'POST',
      path: '/v1/revocations',
      status: response.status,
      headers: response.headers,
      text: text.trim(),
    })
    assert.equal(JSON.parse(text).state, 'broadcast')
  })
}
