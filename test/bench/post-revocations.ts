import { randomUUID } from 'node:crypto'
import { type Agent, request } from 'node:http'
import type { RunningParts } from './running-parts.ts'

/** Revokes so many new subjects in one request: one as an object, more as an array. Resolves with the status, or what failed. */
export function postRevocations(agent: Agent, { deployment, keys }: RunningParts, count: number): Promise<string> {
  const one = () => ({ match: { sub: randomUUID() }, reason: 'admin_revoked' })
  const body = JSON.stringify(count === 1 ? one() : Array.from({ length: count }, one))
  const headers = {
    authorization: `Bearer ${keys.admin}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  return new Promise((resolve) => {
    const sent = request(`${deployment.publisher.url}/v1/revocations`, { agent, method: 'POST', headers }, (answer) => {
      answer.resume().once('end', () => resolve(String(answer.statusCode)))
    })
    sent.once('error', (error) => resolve(error.message)).end(body)
  })
}
